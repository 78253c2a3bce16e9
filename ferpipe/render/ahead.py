"""Figures drawn on every core while the text is written: what a process draws it keeps, see drawing/gallery.py."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

MANY = 12  # figures from which on it pays to part; after an edit there are one or two
MOST = 4  # processes: a site has not so many figures that more would be sooner done


@contextmanager
def drawing(draw: Callable[[int], object], count: int) -> Iterator[None]:
    """Have other processes call `draw` with every number below `count` while the block runs; then help them and wait.

    Where that is not sooner done, nothing is called. `draw` must keep what it draws and raise nothing: what is not kept
    is drawn again, and told, where a page asks.
    """
    if sys.platform != "linux" or count < MANY or (cores := len(os.sched_getaffinity(0))) < 2:
        yield
        return
    from ferpipe.drawing import plot  # noqa: F401 (matplotlib, which each process would load for itself)

    waiting, into = os.pipe()  # of numbers to draw: whoever is free reads the next
    os.write(into, b"".join(number.to_bytes(2) for number in range(count)))
    os.close(into)
    children: list[int] = []
    try:
        for _ in range(1, min(cores, MOST)):
            if (child := _forked(partial(_each, draw, waiting))) is None:
                break
            children.append(child)
        yield
        _each(draw, waiting)
        _wait(children)
    except BaseException:
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)  # what it is about to keep takes its place whole or not at all
        _wait(children)
        raise
    finally:
        os.close(waiting)


def _forked(work: Callable[[], None]) -> int | None:
    """Return the number of a new process that does the work and ends; None where none may be started.

    No pool, whose processes would wait forever for a parent that was killed.
    """
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        if (child := os.fork()) == 0:
            try:
                signal.pthread_sigmask(signal.SIG_SETMASK, held)  # no sooner: the parent's locks are the parent's
                work()
            finally:
                os._exit(0)  # nothing of what the parent has begun, as text that waits to be printed, is ended here
        return child
    except OSError:
        return None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _wait(children: list[int]) -> None:
    for child in children:
        with suppress(ChildProcessError):  # waited for already, or where the system is told to forget them
            os.waitpid(child, 0)


def _each(draw: Callable[[int], object], waiting: int) -> None:
    while number := os.read(waiting, 2):
        draw(int.from_bytes(number))
