"""Results for tests of pages: the committed ones, read by their types, with as many faces as a test wants."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from ferpipe.analyses import ANALYSES
from ferpipe.results import stored
from ferpipe.storage import atomic, encoding, fingerprints, freshness

COMMITTED = Path(__file__).parents[2] / "report" / "results"
_KNOWN: dict[str, Any] = {}  # parsed code


def write(
    folder: Path, name: str = "rendered", *, restricted: bool = False, artefacts: Path | None = None, found: int = 4
) -> Path:
    """Write one data set's results below `folder`, and a restricted one's faces, which are drawn, below `artefacts`."""
    faces = {}
    for analysis in ANALYSES:
        drawn = fewer(stored.read(COMMITTED / "rendered" / analysis), found)
        own = COMMITTED / "fer2013" / analysis
        # what nobody has run on FER2013 yet is as on rendered faces, without a face
        result = fewer(stored.read(own), found) if restricted and own.exists() else drawn
        if analysis == "data":
            result = replace(result, name="synthetic")
        if not (restricted and analysis == "suspects"):  # which names no face of such a data set
            faces |= {f"{analysis}/{key}": array for key, array in stored.arrays(drawn, "private").items()}
        code = fingerprints.code(f"ferpipe.analyses.{analysis}", known=_KNOWN)
        made_by = freshness.inputs(name, {}, _KNOWN)
        recipe = {"code": code, "parameters": {"seed": 0}, "data": "0123456789abcdef", "members": {}}
        record = {"recipe": recipe, "inputs": made_by, "made_with": {}}
        stored.write(folder / name / analysis, result, record, private=restricted)
    if restricted and artefacts:
        atomic.write(artefacts / name / "faces.npz", encoding.npz_bytes(faces))
    return folder


def fewer(result: Any, found: int) -> Any:
    """Return a result with at most so many faces explained."""
    first = slice(0, found)
    of, private = type(result).__name__, getattr(result, "private", None)
    if of == "Lime":
        shorter = private and replace(private, **{name: array[first] for name, array in vars(private).items()})
        return replace(result, right=result.right[first], wrong=result.wrong[first], private=shorter)
    if of == "Scores":
        shorter = private and replace(private, images=private.images[first], maps=private.maps[:, first])
        return replace(result, shown=result.shown[first], private=shorter)
    return result


if __name__ == "__main__":
    base = Path(sys.argv[1])
    write(base / "results")
    write(base / "results", "fer2013", restricted=True, artefacts=base / "artefacts")
