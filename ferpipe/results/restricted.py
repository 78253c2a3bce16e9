"""What results of a restricted data set may carry: nothing from which a single picture could be recognised.

A result's type gives each array of `arrays` its kind. What has none is refused when a result is written and when a site
is rendered: a new array is either given a kind, by somebody who has thought about it, or returned in `private`, which
stays on the machine.
"""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ferpipe.errors import Slip
from ferpipe.results import stored
from ferpipe.results.common import KINDS, PUBLIC
from ferpipe.storage import encoding

if TYPE_CHECKING:
    import numpy as np

GRID = 8  # a map of one face may have so many cells a side at most
ALIKE = 0.95  # correlation from which a picture counts as a face: FER2013's mean faces reach 0.90 with one
PHOTOGRAPH = "photograph"  # the analysis of the one picture of a person that may be published
_CURE = "give it a kind in the result's type, or return it in `private`"


def kind(analysis: str, array: str, shape: Sequence[int], classes: int = 0) -> str | None:
    """Return what kind of publishable array this is, None where it is no such.

    One that is named by the run is none where it is finer than GRID, unless it has a number for each of the classes: it
    may be a map of a face.
    """
    try:
        kinds = stored.kinds(analysis)
    except (ModuleNotFoundError, AttributeError):  # a result of no analysis of ours
        return None
    if isinstance(kinds, str):
        return kinds if kinds in KINDS and not _fine(shape[-2:], classes) else None
    if kinds.get(array) == PUBLIC and analysis != PHOTOGRAPH:  # another picture is not this one
        return None
    return kinds[array] if kinds.get(array) in KINDS else None


def _fine(sides: Sequence[int], classes: int) -> bool:
    """Return whether a grid has more than GRID cells on both sides, none of which is one for each class."""
    return min(sides, default=0) > GRID and classes not in sides


def refused(analysis: str, shapes: Mapping[str, Sequence[int]], numbers: object, classes: int = 0) -> list[str]:
    """Return a line for each array, and each list of numbers, that must not be published of a restricted data set."""
    lines = [
        f"array '{name}' {tuple(shape)} is of no kind that may be published of a restricted data set; {_CURE}"
        for name, shape in sorted(shapes.items())
        if kind(analysis, name, shape, classes) is None
    ]
    return lines + [
        f"number '{path}' is a list of {size[0]}x{size[1]} numbers, finer than {GRID}x{GRID} and so maybe a map of a "
        "face; put it into an array"
        for path, size in _grids(numbers, "", classes)
    ]


def check(analysis: str, arrays: Mapping[str, np.ndarray], numbers: object, classes: int = 0) -> None:
    """Raise Slip unless all of a restricted data set's result may be published."""
    if wrong := refused(analysis, {name: array.shape for name, array in arrays.items()}, numbers, classes):
        raise Slip(f"{analysis}: {'; '.join(wrong)}")


def problems(folder: Path) -> list[str]:
    """Return a line for each thing in a restricted data set's results that must not be published; needs no numpy."""
    data = folder / "data" / "numbers.json"
    classes = len(encoding.read_json(data).get("classes") or ()) if data.is_file() else 0
    return [
        f"{'/'.join(path.parts[-4:])}:1: {line}"
        for path in sorted(folder.glob("*/arrays.npz"))
        for line in refused(
            path.parent.name, _shapes(path), encoding.read_json(path.with_name("numbers.json")), classes
        )
    ]


def alike(pictures: np.ndarray, faces: np.ndarray) -> list[tuple[int, int]]:
    """Return which pictures (n, 48, 48) look like which one of the faces (m, 48, 48), by correlation, up to sign."""
    import numpy as np

    ours, pairs = _standard(pictures), []
    for start in range(0, len(faces), 4096):
        likeness = np.abs(ours @ _standard(faces[start : start + 4096]).T)  # (n, at most 4096)
        pairs += [(int(i), start + int(j)) for i, j in zip(*np.nonzero(likeness > ALIKE), strict=True)]
    return pairs


def blank(arrays: Mapping[str, np.ndarray], faces: Iterable[np.ndarray]) -> dict[str, int]:
    """Blank every picture of the arrays that looks like one of the data set's, splits of faces (m, 48, 48).

    Returns how many, by array: the mean of pictures that are all alike is one of them.
    """
    import numpy as np

    gone: dict[str, set[int]] = {}
    for split in faces:
        for name, array in arrays.items():
            if array.shape[-2:] == split.shape[1:]:
                pictures = array.reshape(array.size // split[0].size, *split.shape[1:])
                gone.setdefault(name, set()).update(index for index, _ in alike(pictures, split))
    for name, indices in gone.items():
        for index in indices:
            arrays[name][np.unravel_index(index, arrays[name].shape[:-2])] = 0
    return {name: len(indices) for name, indices in gone.items() if indices}


def _standard(pictures: np.ndarray) -> np.ndarray:
    """Return pictures as rows of mean zero and length one; a flat one is all zero."""
    import numpy as np

    rows = pictures.reshape(len(pictures), pictures.shape[1] * pictures.shape[2]).astype(np.float32)
    rows -= rows.mean(1, keepdims=True)
    length = np.sqrt((rows**2).sum(1, keepdims=True))
    return rows / np.where(length > 0, length, 1)


def _grids(value: object, path: str, classes: int) -> list[tuple[str, tuple[int, int]]]:
    """Return the path and size of each list of lists of numbers with more than GRID cells on both sides."""
    if isinstance(value, Mapping):
        return [hit for key, part in value.items() for hit in _grids(part, f"{path}.{key}".lstrip("."), classes)]
    if not isinstance(value, list):
        return []
    sides = [len(row) if isinstance(row, list) and all(isinstance(x, int | float) for x in row) else 0 for row in value]
    if value and _fine((len(value), min(sides)), classes):
        return [(path, (len(value), min(sides)))]
    return [hit for index, part in enumerate(value) for hit in _grids(part, f"{path}[{index}]", classes)]


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of an npz file's arrays from their headers."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _shape(archive.open(name)) for name in archive.namelist()}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise Slip(f"{path} cannot be read as arrays ({error}); remove its folder and run python build.py") from None


def _shape(file: IO[bytes]) -> tuple[int, ...]:
    start = file.read(8)
    if start[:6] != b"\x93NUMPY":
        raise ValueError("not an array of numpy's")
    length = int.from_bytes(file.read(2 if start[6] == 1 else 4), "little")
    shape: tuple[int, ...] = ast.literal_eval(file.read(length).decode())["shape"]
    return shape
