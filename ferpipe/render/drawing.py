"""The figures of an edition, out of the cache or drawn; of a first render, by two processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferpipe.drawing import gallery, plot
from ferpipe.drawing.figure import Figure
from ferpipe.render.edition import Edition

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Page = tuple[Edition, str]  # in a language
Task = tuple[Edition, str, tuple[str, ...]]  # a figure of an edition, in all its languages: a plot is drawn once
MOST = 4096  # tasks that two processes share


def figure(edition: Edition, name: str, language: str, artefacts: Path, known: dict[str, Any]) -> Figure:
    """Return a figure of an edition in one language."""
    sources = edition.sources(gallery.analyses(name))
    return gallery.figure(name, language, sources, edition.load, _cache(edition, artefacts), known)


def _cache(edition: Edition, artefacts: Path) -> Path:
    return artefacts / "figures" / (f"{edition.name}-local" if edition.local else edition.name)


class Ahead:
    """Two processes that fill the cache with figures: a helper from the last one on, this one from the first.

    Drawing is most of a first render. What goes wrong here goes wrong again when the page itself asks for the figure,
    and is told then.
    """

    def __init__(self, artefacts: Path) -> None:
        """Start the helper: it loads what it will need until `begin` tells it the tasks, and ends with this process."""
        from multiprocessing import get_context

        context = get_context("spawn")
        self._artefacts = artefacts
        self._tasks: list[Task] = []
        given, self._given = context.Pipe(duplex=False)
        self._taken: Any = context.RawArray("b", MOST)
        self._helper = context.Process(target=_help, args=(given, self._taken, artefacts), daemon=True)
        with _deaf():
            self._helper.start()
        given.close()

    def begin(self, pages: Sequence[Page], known: dict[str, Any]) -> None:
        """Tell the helper what there is to draw; the card that stands for an edition is the same in all languages.

        `known` is the memory of parsed code.
        """
        shown = {edition.name: edition for edition, _ in pages}
        for edition in shown.values():
            languages = tuple(language for one, language in pages if one is edition)
            named = [(name, languages) for name in gallery.names()]
            named += [] if edition.local else [(gallery.CARD, languages[:1])]
            drawable = edition.drawable
            self._tasks += [(edition, *one) for one in named if drawable.issuperset(gallery.analyses(one[0]))]
        del self._tasks[MOST:]
        with suppress(OSError):  # a helper that is gone leaves all of it to this process
            self._given.send((self._tasks, known))

    def share(self, known: dict[str, Any]) -> None:
        """Draw this process's share, and wait for the helper's."""
        _draw(self._tasks, range(len(self._tasks)), self._taken, self._artefacts, known)
        self._helper.join()


def ahead(pages: Sequence[Page], artefacts: Path) -> Ahead | None:
    """Return two processes, None where most of these pages' figures are cached or one processor is to be used."""
    names = gallery.names()
    alone = os.cpu_count() == 1 or os.environ.get("OMP_NUM_THREADS") == "1"
    return None if alone or all(_cached(*page, names, artefacts) for page in pages) else Ahead(artefacts)


def _cached(edition: Edition, language: str, names: Sequence[str], artefacts: Path) -> bool:
    found = (_cache(edition, artefacts) / language).glob("*.json")
    return 2 * len({path.stem for path in found} & set(names)) > len(names)


@contextmanager
def _deaf() -> Iterator[None]:
    """Start a process that Ctrl-C does not reach: its parent hears it, and tells it in one line."""
    if threading.current_thread() is not threading.main_thread():  # where no handler can be set
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _help(given: Connection, taken: Any, artefacts: Path) -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    plot.load()
    with suppress(EOFError, OSError):  # the other process found something wrong, and asks for no figure
        tasks, known = given.recv()
        order = range(len(tasks) - 1, -1, -1)
        _draw(tasks, (place for place in order if parent and parent.is_alive()), taken, artefacts, known)


def _draw(tasks: Sequence[Task], order: Iterable[int], taken: Any, artefacts: Path, known: dict[str, Any]) -> None:
    for place in order:
        if taken[place]:
            continue
        taken[place] = 1  # without a lock: at worst both draw the one figure where they meet, to the same bytes
        edition, name, languages = tasks[place]
        for language in languages:
            with suppress(Exception):
                figure(edition, name, language, artefacts, known)
