"""What a network runs on: device, precision, threads, versions."""

import ctypes
import os
import platform
from importlib.metadata import version

import torch

from ferpipe.errors import Slip
from ferpipe.storage.encoding import JSON

RECORDED = ("torch", "torchvision", "lime", "scikit-image", "scikit-learn", "numpy")


def device(name: str) -> torch.device:
    """Return the device that `auto`, `cpu`, `cuda` or `mps` stands for; raises Slip where it is not to be had."""
    usable = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if usable[kind])
    if not usable[name]:
        here = ", ".join(kind for kind, yes in usable.items() if yes)
        raise Slip(
            f"--device {name}: torch {torch.__version__} finds none on this machine; it has {here}: use --device auto"
        )
    if name == "cuda":
        return torch.device(name, local_rank() % torch.cuda.device_count())
    return torch.device(name)


def local_rank() -> int:
    """Return this process's number from 0 on its own machine."""
    return int(os.environ.get("LOCAL_RANK", 0))


def cores() -> int:
    """Return how many processor cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def prepare(threads: int) -> None:
    """Make equal seeds give equal bytes, on `threads` threads: their number changes the order of sums.

    So it is not OMP_NUM_THREADS that decides, which torchrun sets to 1.
    """
    torch.set_num_threads(threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only so
    torch.set_deterministic_debug_mode("warn")  # use_deterministic_algorithms also loads the compiler, for 2 seconds
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a fifth of a step, for memory that nobody reads
    torch.backends.cudnn.benchmark = False
    _keep_memory()


def _keep_memory() -> None:
    """Let glibc reuse large blocks instead of mapping them anew: half of a step on two cores went into page faults."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc
        return
    mallopt(-4, 0)  # M_MMAP_MAX: no block is mapped on its own
    mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: freed memory stays with the process


def half(device: torch.device) -> bool:
    """Return whether the processor multiplies bfloat16 faster than float32: by feature, never by a clock."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    # with AVX-512 alone it is only imitated, which is slower
    x86 = platform.machine() in ("x86_64", "AMD64")
    return not x86 or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def description(device: torch.device) -> JSON:
    """Return versions, device, precision and threads: recorded and printed, and no part of a recipe."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "versions": {"python": platform.python_version(), **{package: version(package) for package in RECORDED}},
        "device": device.type if device.type == "mps" else f"{device.type} ({name})",
        "precision": "bfloat16" if half(device) else "float32",
        "threads": torch.get_num_threads(),
    }
