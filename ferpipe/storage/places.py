"""Places that a build writes to, and what in them is its own.

A folder holds a list, LIST, of what builds wrote there: files, or folders in which all is theirs. What stands in no
list is somebody's: it stays, and where a build would write over it, that is a Slip which names it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ferpipe.errors import Slip
from ferpipe.storage import atomic

LIST = ".ferpipe.json"
STREAM = Path("-")  # standard output
SOURCES = ("ferpipe", "report", "templates", "tests", ".git", ".github", ".ci")  # of the project: no place for a build
SUBMISSION = b"id,emotion"  # how a file begins that predict may write over

Evidence = Callable[[], bool]


def check_folder(flag: str, folder: Path, root: Path, here: Iterable[Path], but: Iterable[Path] = ()) -> None:
    """Raise Slip unless a build may write into `folder`, or make it: before the work, not after it.

    It must not hold any folder of `here`, nor lie among the sources of the project in `root`, but for what is in `but`.
    """
    shown = f"{flag} {folder}"
    try:
        place = Path(os.path.realpath(folder))
        if os.path.lexists(place) and not place.is_dir():
            raise Slip(f"{shown}: is no folder; wanted one, or a name for a new one")
    except OSError as error:
        raise Slip(f"{shown}: {error.strerror}; name another folder") from None
    for inside in here:
        if inside.resolve().is_relative_to(place):
            raise Slip(f"{shown}: holds {inside}, and all that is yours there; name a folder below it")
    if not any(place.is_relative_to(one.resolve()) for one in but):
        for name in SOURCES:
            if place.is_relative_to((root / name).resolve()):
                raise Slip(f"{shown}: is among the project's sources; name another folder")
    check_writable(shown, place)


def check_writable(shown: str, folder: Path) -> None:
    """Raise Slip unless files can be made in `folder`, or where it would be."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Slip(f"{shown}: cannot write there ({error.strerror}); name another place") from None


def check_file(flag: str, path: Path, kept: Iterable[Path] = ()) -> None:
    """Raise Slip unless a submission may be written to `path`: a new file, one that holds a submission, or a stream.

    `kept` are files that it must not be.
    """
    if path == STREAM:
        return
    shown = f"{flag} {path}"
    try:
        if path.is_dir():
            raise Slip(f"{shown} is a folder; wanted a file, such as submission.csv")
        if any(path.exists() and other.exists() and path.samefile(other) for other in kept):
            raise Slip(f"{shown}: is what is read; name another file")
        if atomic.stream(path):
            if not os.access(path, os.W_OK):
                raise Slip(f"{shown}: cannot write there; name another file")
            return
        if path.exists():
            with open(path, "rb") as file:
                if (start := file.read(len(SUBMISSION))) and start != SUBMISSION:
                    raise Slip(f"{shown} holds something else than a submission; name another file, or remove this one")
            if os.access(path, os.W_OK):
                return  # in place, where its folder cannot be changed
        elif path.is_symlink() and os.readlink(path) == str(path):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    except OSError as error:
        raise Slip(f"{shown}: cannot write there ({error.strerror}); name another file") from None
    check_writable(shown, Path(os.path.realpath(path)).parent)


def check_apart(folders: Mapping[str, Path]) -> None:
    """Raise Slip where two flags name the same folder: each has a list of its own."""
    seen: dict[Path, str] = {}
    for flag, folder in folders.items():
        other = seen.setdefault(Path(os.path.realpath(folder)), flag)
        if other != flag:
            raise Slip(f"{flag} {folder}: is {other}'s folder; name one for each")


def listed(folder: Path) -> set[str] | None:
    """Return what builds wrote into `folder`, as its list says; None where there is none that can be read."""
    try:
        record = json.loads((folder / LIST).read_bytes())
        return set(record["files"]) if record["hash"] == _hash(record["files"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def enlist(folder: Path, names: Iterable[str]) -> None:
    """Write the list of a folder, if it is another than the one that is there."""
    files = sorted(names)
    record = {"about": "what ferpipe wrote here, and may replace", "files": files, "hash": _hash(files)}
    content = (json.dumps(record, ensure_ascii=False, indent=0) + "\n").encode()
    path = folder / LIST
    if not path.is_file() or path.read_bytes() != content:
        atomic.write(path, content)


def _hash(names: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:16]


def check(folder: Path, names: Iterable[str], earlier: Evidence = lambda: False) -> None:
    """Raise Slip naming the first of `names` in `folder` that is there and that no build wrote.

    `earlier` tells whether a build wrote into the folder that kept no list yet; then what is there is its own.
    """
    own = listed(folder)
    everything = own is None and earlier()
    for name in sorted(names):
        if found := _clash(folder, name, own or set(), everything):
            raise Slip(f"{found} is there and no build wrote it; move it away, or name another folder than {folder}")


def _clash(folder: Path, name: str, own: set[str], everything: bool) -> Path | None:
    """Return what is in the way of a file or folder `name`; None where there is nothing, or what is our own."""
    path = folder
    *above, last = name.split("/")
    for k, part in enumerate(above):
        path /= part
        if "/".join(above[: k + 1]) in own:
            return None
        if os.path.lexists(path) and not path.is_dir() and path.exists():
            return path
    path /= last
    if not os.path.lexists(path) or name in own or everything:
        return None
    return path


def claim(folder: Path, names: Iterable[str], earlier: Evidence = lambda: False) -> None:
    """List files or folders as a build's own, before it writes them; raises Slip as `check` does."""
    names = set(names)
    check(folder, names, earlier)
    enlist(folder, names | (listed(folder) or set()))


def write(folder: Path, files: Mapping[str, bytes], earlier: Evidence = lambda: False) -> list[str]:
    """Make `folder` hold these files, by their paths there, beside what is somebody's; return those that changed.

    Raises Slip, before anything is written, where something is in the way. Files that only the last build wrote are
    removed. A kill leaves each file old or new, and the list names both.
    """
    before = listed(folder)
    own = before or set()
    new = [name for name, content in files.items() if not _holds(folder / name, content)]
    check(folder, new, earlier)
    for name in new:
        if (folder / name).is_dir() or atomic.stream(folder / name):
            raise Slip(f"{folder / name} is no file, and no build made it so; move it away")
    _clear(folder, own)
    if new or own != set(files):
        enlist(folder, own | set(files))
    for name in new:
        atomic.write(folder / name, files[name])
    gone = [name for name in own - set(files) if (folder / name).is_file() and not (folder / name).is_symlink()]
    for name in gone:
        (folder / name).unlink()
    for name in gone:
        _prune(folder / name, folder)
    enlist(folder, files)
    return [*new, *gone]


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _clear(folder: Path, own: Iterable[str]) -> None:
    """Remove what a kill left half-written beside our own files."""
    for place in {folder, *((folder / name).parent for name in own)}:
        for left in place.glob(f"{atomic.NEW}*"):
            atomic.remove(left)


def _prune(path: Path, folder: Path) -> None:
    """Remove the folders above a file that is gone, as far as they are empty."""
    for above in path.parents:
        if above == folder or above.is_symlink():
            return
        try:
            above.rmdir()
        except OSError:  # not empty, or gone already
            return
