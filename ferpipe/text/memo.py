"""What is worked out from a text alone, remembered from one process to the next: an edit costs its own sentence."""

import hashlib
import marshal
import sys
from collections.abc import Callable
from functools import partial, wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

from ferpipe.storage import atomic

T = TypeVar("T")
LIBRARIES = ("jinja2", "markdown")  # of which what is remembered is made as well
MOST = 8000  # pieces; a report of two editions has some two thousand
_KNOWN: dict[tuple[str, str], Any] = {}


def once(kind: str, text: str, make: Callable[[], T]) -> T:
    """Return what `make` gives, which must depend on `kind` and `text` alone and be of types that marshal writes."""
    key = kind, hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    if key not in _KNOWN:
        _KNOWN[key] = make()
    return cast(T, _KNOWN[key])


def by_text(make: Callable[[str], T]) -> Callable[[str], T]:
    """Return a function of a text alone that works it out once."""

    @wraps(make)
    def known(text: str) -> T:
        return once(make.__qualname__, text, partial(make, text))

    return known


def recall(file: Path, made_by: str) -> int:
    """Know again what an earlier process of the same code worked out, and return how many pieces are known so."""
    try:
        writer, known = marshal.loads(atomic.unseal(file) or b"")
    except (EOFError, ValueError, TypeError):  # none yet, or a broken one: all is worked out again
        return 0
    if writer != _writer(made_by):
        return 0
    _KNOWN.update(known)
    return len(known)


def keep(file: Path, made_by: str, known: int) -> None:
    """Write what is remembered for a later process, if it is more than the `known` pieces."""
    if len(_KNOWN) > MOST:  # mostly of texts that are no more
        _KNOWN.clear()
    if len(_KNOWN) != known:
        atomic.seal(file, marshal.dumps((_writer(made_by), _KNOWN)))


def _writer(made_by: str) -> str:
    return " ".join([made_by, str(sys.implementation.cache_tag), *(f"{name} {version(name)}" for name in LIBRARIES)])
