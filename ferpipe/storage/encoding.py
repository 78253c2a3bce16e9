"""Values as bytes: JSON and arrays, the same bytes for the same value; files of them, read with suspicion."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ferpipe.errors import Slip

if TYPE_CHECKING:
    import numpy as np

Arrays = Mapping[str, "np.ndarray"]
JSON = dict[str, Any]  # an object of it

JSON_LIMIT = 64 << 20  # bytes; the largest result has a hundredth of it
PIECE = 1 << 20  # bytes read at once
NPZ_LIMIT = 4 << 30  # unpacked bytes; a data set of 300,000 faces has 0.7 GB


def whole(*files: Path) -> bool:
    """Return whether the files are there and have the form of JSON or of arrays, without reading the arrays' values.

    Of arrays the archive's checksums are compared. Whoever edits a number is taken at his word.
    """
    try:
        for path in files:
            if path.suffix == ".json":
                read_json(path)
            elif zipfile.ZipFile(path).testzip() is not None:
                return False
    except Exception:  # what zipfile raises depends on how the file is broken
        return False
    return True


def json_bytes(value: object) -> bytes:
    """Return JSON with sorted keys, the same bytes for the same value; NaN is refused."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def npz_bytes(arrays: Arrays, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an npz whose bytes depend on the arrays alone: np.savez would write the time of day."""
    import numpy as np  # here, since an edited sentence is rendered without it

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name in sorted(arrays):
            info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            archive.writestr(info, npy_bytes(np.ascontiguousarray(arrays[name])), compression)
    return buffer.getvalue()


def npy_bytes(array: np.ndarray) -> bytes:
    """Return an array as np.save writes it, which on a full disk would not say so."""
    import numpy as np

    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_json(path: Path) -> Any:
    """Return a JSON file's value; raises Slip when it is missing or broken, too large, too deep or not finite."""
    try:
        if (size := path.stat().st_size) > JSON_LIMIT:
            raise ValueError(f"{size:,} bytes, at most {JSON_LIMIT:,} are read")
        return json.loads(path.read_bytes(), parse_float=_finite, parse_constant=_finite)
    except FileNotFoundError:
        raise Slip(f"{path} is missing; python build.py makes it") from None
    except (ValueError, OSError, RecursionError) as error:
        raise Slip(
            f"{path} cannot be read as JSON ({error}); mend it, or remove its folder and run python build.py"
        ) from None


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is no finite number")
    return value


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Return an npz file's arrays; nothing is unpickled; raises Slip when it is missing, broken or far too large."""
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            if (size := sum(info.file_size for info in archive.infolist())) > NPZ_LIMIT:
                raise ValueError(f"it would unpack to {size:,} bytes, at most {NPZ_LIMIT:,} are read")
            arrays = {}
            for info in archive.infolist():
                with archive.open(info) as member:
                    arrays[info.filename.removesuffix(".npy")] = _array(member, info.file_size)
            return arrays
    except FileNotFoundError:
        raise Slip(f"{path} is missing; python build.py makes it") from None
    except Exception as error:  # what zipfile and numpy raise depends on how the file is broken
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Slip(f"{path} cannot be read as arrays ({reason}); remove its folder and run python build.py") from None


def read_npy(path: Path) -> np.ndarray:
    """Return the array of an npy file; raises ValueError or OSError when it is broken."""
    with open(path, "rb") as file:
        return _array(file, path.stat().st_size)


def _array(member: IO[bytes], size: int) -> np.ndarray:
    """Return an array from its file of `size` bytes, whose header may claim anything."""
    import numpy as np

    major, _ = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, by_columns, kind = read(member)
    if kind.hasobject or kind.itemsize * math.prod(shape) > size:
        raise ValueError(f"an array of {shape} {kind} in {size:,} bytes")
    content = bytearray(kind.itemsize * math.prod(shape))
    for start in range(0, len(content), PIECE):
        piece = member.read(min(PIECE, len(content) - start))
        content[start : start + len(piece)] = piece
    if member.read(1):  # at the end its checksum is compared
        raise ValueError("an array of another size than its header says")
    return np.frombuffer(content, kind).reshape(shape, order="F" if by_columns else "C")
