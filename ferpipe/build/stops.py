"""How a build ends before its end: a key, a signal, a closed terminal; and what its last line says."""

import errno
import os
import shutil
import signal
import sys
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import NoReturn

KEPT = "whole epochs and finished stages are kept; the same command goes on"
AGAIN = "nothing is half-written; the same command begins again"  # of commands that have no stages
STARVED = (
    "out of memory; whole epochs and finished stages are kept; a smaller --preset, fewer --threads or a higher limit "
    "(ulimit -v) help"
)
TRAINED_WITH = {"torch", "torchvision", "lime", "safetensors", "skimage", "sklearn", "scipy", "tqdm"}  # by [train]
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # a system has some of them
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DISK = FULL | {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG,
               errno.ENOENT, errno.EIO, errno.EPIPE, errno.ENXIO, errno.EBUSY, errno.ELOOP, errno.ENOTEMPTY,
               errno.ESTALE}  # fmt: skip

_stopped = False


def early() -> None:
    """Let a signal end the process at once, with a line: while it only starts up, nothing is being written.

    What was closed before, such as standard error, leads nowhere from now on: progress is written there.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (for as long as the process)
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot write is no failure

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        os.write(2, f"interrupted: nothing was begun; {KEPT}\n".encode())
        os._exit(130)

    _handle(leave)


def catch() -> None:
    """Let each of SIGNALS raise KeyboardInterrupt from now on, so that what is half-written is cleared away."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        global _stopped
        _stopped = True
        raise KeyboardInterrupt

    _handle(stop)


def _handle(handler: object) -> None:
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, handler)  # type: ignore[arg-type]


def stopped(error: BaseException) -> bool:
    """Return whether an exception comes of a signal: an import that is interrupted in C raises an ImportError."""
    return _stopped or isinstance(error, KeyboardInterrupt)


def starved(error: BaseException) -> bool:
    """Return whether an exception says that there is too little memory: torch and a loader say it in words alone."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    said = str(error).lower()
    words = ("allocate memory", "out of memory", "not enough memory", "failed to map segment", "can't start new thread")
    return isinstance(error, RuntimeError | ImportError | OSError) and any(word in said for word in words)


def told(error: OSError) -> str | None:
    """Return what an OSError says of a disk, a folder or a closed terminal in one line; None where it is our bug."""
    name = error.filename2 or error.filename  # of a renaming, the place
    if name is None and (error.errno in FULL or error.errno in (errno.EPIPE, errno.EIO)):
        return f"standard output was closed or is full ({error.strerror}); {KEPT}"
    if name is None or error.errno not in DISK:
        return None
    place = Path(os.fsdecode(name))
    if error.errno not in FULL:
        return f"{place}: {error.strerror}; nothing was lost: mend it and run again"
    if place.exists() and not place.is_file() and not place.is_dir():
        return f"{name}: {error.strerror}"  # a device
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return f"{name}: {error.strerror}, {free:,} bytes are free on that disk; {KEPT} when there is room"


def missing(error: ImportError) -> str | None:
    """Return in one line which package a command wants that is not installed or not whole; None where it is our bug."""
    package = (error.name or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and package in TRAINED_WITH:
        return (
            f"{package} is not installed: pip install -c constraints.txt -e '.[train]' brings it; without, "
            "render, serve and check work"
        )
    if sys.flags.optimize > 1 and package in TRAINED_WITH:
        return f"{package} does not work under python -OO, which takes away what it reads; python -O does"
    return None


def leave(status: int) -> NoReturn:
    """End the process; an interrupted one at once, without the second that taking torch apart may last."""
    if status == 130:
        os._exit(status)
    sys.exit(status)


def shown(text: str) -> str:
    """Return text as one line fit for a terminal: what is not printable, as in a hostile file's name, is escaped."""
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def say(*lines: str) -> None:
    """Print lines on standard error, where it is still open."""
    try:
        print(*map(shown, lines), sep="\n", file=sys.stderr, flush=True)
    except OSError:
        hush(2)


def hush(number: int) -> None:
    """Send what is still to be written to standard output (1) or error (2) nowhere: Python would complain of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
