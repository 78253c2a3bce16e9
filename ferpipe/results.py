"""What an analysis found: numbers, arrays, and faces where they may be shown. The only meeting place of both sides.

<results>/<dataset>/<analysis>/numbers.json   what the text prints: full-precision floats, shares in [0, 1]
                               arrays.npz     what the figures draw
                               recipe.json    what it was made of, and with
<artefacts>/<dataset>/faces.npz               a restricted data set's pictures, as <analysis>/<array>; never published
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferpipe import atomic
from ferpipe.errors import Slip

if TYPE_CHECKING:
    import numpy as np

Arrays = Mapping[str, "np.ndarray"]


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


def json_bytes(value: Any) -> bytes:
    """Return JSON with sorted keys, the same bytes for the same value; NaN is refused."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def npz_bytes(arrays: Arrays, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an npz whose bytes depend on the arrays alone: np.savez would write the time of day."""
    import numpy as np  # here, since an edited sentence is rendered without it

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            archive.writestr(info, member.getvalue(), compression)
    return buffer.getvalue()


def read_json(path: Path) -> Any:
    """Return a JSON file's value; raises Slip when it is missing or broken."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise Slip(f"{path} is missing; python build.py makes it") from None
    except (ValueError, OSError) as error:
        raise Slip(
            f"{path} cannot be read as JSON ({error}); mend it, or remove its folder and run python build.py"
        ) from None


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Return an npz file's arrays; nothing is unpickled; raises Slip when it is missing or broken."""
    import numpy as np

    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise Slip(f"{path} is missing; python build.py makes it") from None
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise Slip(f"{path} cannot be read as arrays ({error}); remove its folder and run python build.py") from None


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
