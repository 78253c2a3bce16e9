"""What an analysis found: numbers, arrays, and faces where they may be shown. The only meeting place of both sides.

<results>/<dataset>/<analysis>/numbers.json   what the text prints: full-precision floats, shares in [0, 1]
                               arrays.npz     what the figures draw
                               recipe.json    what it was made of, and with
<artefacts>/<dataset>/faces.npz               a restricted data set's pictures, as <analysis>/<array>; never published
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferpipe.errors import Slip
from ferpipe.storage import atomic
from ferpipe.storage.encoding import Arrays, json_bytes, npz_bytes, read_json, read_npz

FILES = ("numbers.json", "arrays.npz", "recipe.json")  # of one result


@dataclass(frozen=True)
class Result:
    """One analysis of one data set."""

    numbers: Mapping[str, Any]
    arrays: Arrays = field(default_factory=dict)  # may be published whatever the data set
    faces: Arrays = field(default_factory=dict)  # a single picture could be recognised from these


def write(folder: Path, result: Result, recipe: Mapping[str, Any]) -> None:
    """Put a result's files into `folder`, which appears whole."""
    with atomic.folder(folder) as new:
        (new / "numbers.json").write_bytes(json_bytes(result.numbers))
        (new / "arrays.npz").write_bytes(npz_bytes(result.arrays))
        (new / "recipe.json").write_bytes(json_bytes(recipe))


def read(folder: Path) -> Result:
    """Return a folder's numbers and arrays; raises Slip naming the file that is missing or broken."""
    return Result(read_json(folder / "numbers.json"), read_npz(folder / "arrays.npz"))


def write_faces(folder: Path, analysis: str, faces: Arrays, recipe: str) -> None:
    """Put one analysis's pictures into <folder>/faces.npz; faces.json beside it says of which recipe they are.

    The pictures are written first: after a kill between the two the old recipe stands, and the analysis runs again.
    """
    try:
        kept = {k: v for k, v in read_npz(folder / "faces.npz").items() if not k.startswith(f"{analysis}/")}
        recipes = read_json(folder / "faces.json")
    except Slip:  # a cache: what cannot be read is made again
        kept, recipes = {}, {}
    arrays = {**kept, **{f"{analysis}/{name}": value for name, value in faces.items()}}
    atomic.write(folder / "faces.npz", npz_bytes(arrays))
    atomic.write(folder / "faces.json", json_bytes({**recipes, analysis: recipe}))
