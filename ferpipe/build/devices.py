"""The device that a command works on, tried out and set up for the whole process."""

import sys
import warnings

import torch

from ferpipe.errors import Slip
from ferpipe.networks import machine

OLDEST = 7  # the least compute capability: on an older GPU cuBLAS has no product of bfloat16, which Muon takes


def prepared(name: str, threads: int) -> torch.device:
    """Return the device that `auto`, `cpu`, `cuda` or `mps` stands for, such that equal seeds give equal bytes.

    Raises Slip where there is none, or a GPU that this torch cannot use; `auto` then takes the processor, and says so,
    unless the GPU has no memory left, which may soon be otherwise.
    """
    machine.prepare(threads)
    return usable(name)


def usable(name: str) -> torch.device:
    """Return the device that a name stands for, with what CUDA keeps for each process set; raises Slip as above."""
    device = machine.device(name)
    if device.type != "cuda":
        return device
    if refusal := _refusal(device):
        told = f"{torch.cuda.get_device_name(device)} {refusal}"
        if name != "auto" or "out of memory" in told:
            raise Slip(f"--device {name}: {told}; take --device cpu, or another GPU")
        print(f"{told}: the processor is taken instead", file=sys.stderr)
        return torch.device("cpu")
    with warnings.catch_warnings():  # of torch 2.9, which has a newer name for it
        warnings.simplefilter("ignore")
        torch.backends.cudnn.allow_tf32 = False  # convolutions of float32 as exact as the CPU's; training has bfloat16
    return device


def _refusal(device: torch.device) -> str:
    """Make a GPU the current one; return why this torch cannot use it, though CUDA lists it, or nothing."""
    major, minor = torch.cuda.get_device_capability(device)
    if major < OLDEST:
        return f"has compute capability {major}.{minor}, wanted {OLDEST}.0"
    try:
        torch.cuda.set_device(device)  # streams and graphs are its: of several ranks, each has its own
        torch.ones(1, device=device).add_(1).item()
    except RuntimeError as error:  # no kernels of its kind, or others have taken its memory
        reason = (str(error).splitlines() or ["it does not answer"])[0]
        return f"cannot be used by torch {torch.__version__} ({reason})"
    return ""
