"""Figures drawn on every core before the pages ask for them: what a process draws it keeps, see drawing/gallery.py."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

MANY = 12  # figures from which on it pays to part; after an edit there are one or two
MOST = 4  # processes: a site has not so many figures that more would be sooner done


def drawn(draw: Callable[[int], object], count: int) -> None:
    """Call `draw` with every number below `count`, in several processes where that is sooner done; else do nothing.

    `draw` must keep what it draws and raise nothing: what is not kept is drawn again, and told, where a page asks.
    """
    if sys.platform != "linux" or count < MANY or (cores := len(os.sched_getaffinity(0))) < 2:
        return
    from ferpipe.drawing import plot  # noqa: F401 (matplotlib, which each process would load for itself)

    parts = min(cores, MOST)
    children = []
    for part in range(1, parts):
        # no pool, whose processes would wait forever for a parent that was killed
        try:
            child = os.fork()
        except OSError:  # no more processes may be started
            break
        if child == 0:
            try:
                _each(draw, range(part, count, parts))
            finally:
                os._exit(0)  # nothing of what the parent has begun, as text that waits to be printed, is ended here
        children.append(child)
    try:
        _each(draw, range(0, count, parts))
    except BaseException:
        for child in children:
            os.kill(child, signal.SIGTERM)
        raise
    finally:
        for child in children:
            with suppress(ChildProcessError):  # where the system is told to forget them
                os.waitpid(child, 0)


def _each(draw: Callable[[int], object], numbers: range) -> None:
    for number in numbers:
        draw(number)
