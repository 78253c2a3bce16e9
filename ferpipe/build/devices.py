"""The device that a command works on, tried out and set up for the whole process."""

import torch

from ferpipe.errors import Slip
from ferpipe.networks import machine

OLDEST = 7  # the least compute capability: on an older GPU cuBLAS has no product of bfloat16, which Muon takes


def prepared(name: str, threads: int) -> torch.device:
    """Return the device that `auto`, `cpu`, `cuda` or `mps` stands for, such that equal seeds give equal bytes.

    Raises Slip where there is none, or a GPU that this torch has no kernels for.
    """
    machine.prepare(threads)
    return usable(name)


def usable(name: str) -> torch.device:
    """Return the device that a name stands for, with what CUDA keeps for each process set; raises Slip as above."""
    device = machine.device(name)
    if device.type == "cuda":
        torch.cuda.set_device(device)  # streams and graphs are the current device's: of several ranks, each its own
        torch.backends.cudnn.allow_tf32 = False  # convolutions of float32 as exact as the CPU's; training has bfloat16
        _try_out(device)
    return device


def _try_out(device: torch.device) -> None:
    """Raise Slip for a GPU that CUDA lists and this torch cannot use."""
    gpu, cure = torch.cuda.get_device_name(device), "take --device cpu, or another GPU"
    major, minor = torch.cuda.get_device_capability(device)
    if major < OLDEST:
        raise Slip(f"--device cuda: {gpu} has compute capability {major}.{minor}, wanted {OLDEST}.0; {cure}")
    try:
        torch.ones(1, device=device).add_(1).item()
    except RuntimeError as error:  # no kernels of its kind, or others have taken its memory
        reason = (str(error).splitlines() or ["it does not answer"])[0]
        raise Slip(f"--device cuda: {gpu} cannot be used by torch {torch.__version__} ({reason}); {cure}") from None
