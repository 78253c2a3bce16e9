"""What is wrong with the report, all of it at once."""

from collections.abc import Iterable, Sequence

from ferpipe.errors import Slip

CURE = "nothing was written; mend the above and run python build.py render"


class Problems(Slip):
    """Faults in text, figures or pages: `problems` holds one line each, the message says how many there are."""

    def __init__(self, problems: Sequence[str], cure: str = CURE) -> None:
        self.problems = list(dict.fromkeys(problems))
        count = f"{len(self.problems)} problem{'s' * (len(self.problems) != 1)}"
        super().__init__(f"{count} in the report, {cure}")


def guess(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the nearest known word, or nothing."""
    near = nearest(word, known)
    return f" (did you mean '{near}'?)" if near else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the most similar known word, None where none is similar."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)
