"""Places that a build writes to, and what in them is its own.

A folder holds a list, LIST, of what builds wrote there: files, or folders in which all is theirs. What stands in no
list is somebody's: it stays, and where a build would write over it, that is a Slip which names it.
"""

import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from ferpipe.errors import Slip
from ferpipe.storage import atomic

LIST = ".ferpipe.json"
STREAM = Path("-")  # standard output
SOURCES = ("ferpipe", "report", "site", "templates", "tests", ".git", ".github", ".ci")  # no place for a build
SUBMISSION = re.compile(rb"id,emotion\n(?:[^\n]*,[0-6]\n)*")  # a file that predict may write over

Evidence = Callable[[str], bool]  # whether a name in a folder is a build's though no list has it


def check_folder(flag: str, folder: Path, root: Path, here: Iterable[Path], but: Iterable[Path] = ()) -> None:
    """Raise Slip unless a build may write into `folder`, or make it: before the work, not after it.

    It must not hold any folder of `here`, nor lie among the sources of the project in `root`, but for what is in `but`.
    """
    if folder == STREAM:
        raise Slip(f"{flag} -: standard output is no folder; wanted one")
    argument = f"{flag} {folder}"
    try:
        place = Path(os.path.realpath(folder))
        if os.path.lexists(place) and not place.is_dir():
            raise Slip(f"{argument}: is no folder; wanted one, or a name for a new one")
    except OSError as error:
        raise Slip(f"{argument}: {error.strerror}; name another folder") from None
    for inside in here:
        if inside.resolve().is_relative_to(place):
            raise Slip(f"{argument}: holds {inside}, and all that is yours there; name a folder below it")
    if _below(place, (root / name for name in SOURCES)) and not _below(place, but):
        raise Slip(f"{argument}: is among the project's sources; name another folder")
    check_writable(argument, place)


def _below(place: Path, folders: Iterable[Path]) -> bool:
    return any(place.is_relative_to(folder.resolve()) for folder in folders)


def check_writable(argument: str, folder: Path) -> None:
    """Raise Slip unless files can be made in `folder`, or where it would be."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Slip(f"{argument}: cannot write there ({error.strerror}); name another place") from None


def check_below(flag: str, folders: Iterable[Path]) -> None:
    """Raise Slip for the first of these folders that is there and is none, or cannot be written to."""
    for folder in folders:
        place = Path(os.path.realpath(folder))
        if os.path.lexists(place) and not place.is_dir():
            raise Slip(f"{flag}: {folder} is there and is no folder; move it away")
        if place.is_dir():
            check_writable(f"{flag}: {folder}", place)


def check_file(
    flag: str, path: Path, read: Path, ours: re.Pattern[bytes] = SUBMISSION, kind: str = "a submission",
    example: str = "submission.csv",
) -> None:  # fmt: skip
    """Raise Slip unless a file of a kind may be written to `path`: a new one, one such as we write, or a stream.

    `read` is where the pictures are: it must be another file.
    """
    if path == STREAM:
        if ours is SUBMISSION:
            return
        raise Slip(f"{flag} -: standard output takes no page; wanted a file, such as {example}")
    argument = f"{flag} {path}"
    try:
        with suppress(FileNotFoundError):
            os.lstat(path.parent / f"{atomic.NEW}{path.name}")  # what it is written as may be too long where it is not
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return check_writable(argument, Path(os.path.realpath(path)).parent)
    except OSError as error:
        raise Slip(f"{argument}: cannot write there ({error.strerror}); name another file") from None
    if stat.S_ISDIR(mode):
        raise Slip(f"{argument} is a folder; wanted a file, such as {example}")
    if stat.S_ISSOCK(mode) or not os.access(path, os.W_OK):
        raise Slip(f"{argument}: cannot write there; name another file")
    if read.exists() and path.samefile(read):
        raise Slip(f"{argument}: is what is read; name another file")
    if not atomic.stream(path) and path.stat().st_size and not ours.fullmatch(path.read_bytes()):
        raise Slip(f"{argument} holds something else than {kind}; name another file, or remove this one")


def check_apart(folders: Mapping[str, Path]) -> None:
    """Raise Slip where two flags name the same folder: each has a list of its own."""
    seen: dict[Path, str] = {}
    for flag, folder in folders.items():
        if (other := seen.setdefault(Path(os.path.realpath(folder)), flag)) != flag:
            raise Slip(f"{flag} {folder}: is {other}'s folder; name one for each")


def listed(folder: Path, kind: str) -> set[str] | None:
    """Return what builds wrote into `folder`, as its list says; None where there is none that can be read.

    Raises Slip where the list is that of another kind of folder.
    """
    path = folder / LIST
    try:
        record = json.loads(path.read_bytes()) if path.is_file() else {}
        names, of = record["files"], record["kind"]
        inside = all(name and not name.startswith("/") and ".." not in name.split("/") for name in names)
        if record["hash"] != _hash(names) or not inside:
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if of != kind:
        raise Slip(f"{folder} holds a build's {of}; name another folder for the {kind}")
    return set(names)


def enlist(folder: Path, names: Iterable[str], kind: str) -> bool:
    """Write the list of a folder, and return whether it is another than the one that was there."""
    files = sorted(names)
    record = {"about": "what ferpipe wrote here, and may replace", "kind": kind, "files": files, "hash": _hash(files)}
    content = (json.dumps(record, ensure_ascii=False, indent=0) + "\n").encode()
    path = folder / LIST
    if path.is_file() and path.read_bytes() == content:
        return False
    atomic.write(path, content)
    return True


def _hash(names: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:16]


def nobodys(name: str) -> bool:
    """Return that nothing is a build's but what a list names."""
    return False


def everybodys(name: str) -> bool:
    """Return that all that is there is a build's."""
    return True


def check(folder: Path, names: Iterable[str], kind: str, earlier: Evidence = nobodys, files: bool = False) -> None:
    """Raise Slip naming the first of `names` in `folder` that is there and that no build wrote.

    `earlier` tells of a name whether a build wrote it that kept no list yet. Of `files`, what is now a folder or a pipe
    is in the way even if a list has it.
    """
    known = listed(folder, kind)
    if (folder / LIST).is_dir() or atomic.stream(folder / LIST):
        raise Slip(f"{folder / LIST} is in the way; move it away")
    names = sorted(names)
    if known is None and os.path.lexists(folder / LIST) and not any(map(earlier, names)):
        raise Slip(f"{folder / LIST} is no list that a build wrote; move it away")
    for name in names:
        if clash := _clash(folder, name, known, earlier):
            raise Slip(f"{clash} is there and no build wrote it; move it away, or name another folder than {folder}")
        path = folder / name
        if files and (path.is_dir() or atomic.stream(path)):
            raise Slip(f"{path} is no file, and no build made it so; move it away")


def _clash(folder: Path, name: str, known: set[str] | None, earlier: Evidence) -> Path | None:
    """Return what is in the way of a file or folder `name`; None where there is nothing, or what is listed as ours."""
    for above in [*reversed(PurePosixPath(name).parents)][1:]:  # but for the folder itself
        path = folder / above
        if str(above) in (known or ()):
            return None
        if path.exists() and not path.is_dir():
            return path
    path = folder / name
    if not os.path.lexists(path) or (earlier(name) if known is None else name in known) or _empty(path):
        return None
    return path


def _empty(path: Path) -> bool:
    """Return whether a path is a folder in which nothing lies, or a link to what is not there yet."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode) and not any(path.iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def claim(folder: Path, names: Iterable[str], kind: str, earlier: Evidence = nobodys) -> None:
    """List files or folders as a build's own, before it writes them; raises Slip as `check` does."""
    names = set(names)
    check(folder, names, kind, earlier)
    known = listed(folder, kind)
    if known is None:
        known = {entry.name for entry in folder.iterdir() if earlier(entry.name)} if folder.is_dir() else set()
    enlist(folder, names | known, kind)


def changing(folder: Path, files: Mapping[str, bytes], kind: str, earlier: Evidence = nobodys) -> list[str]:
    """Return which of these files `write` would write; raises Slip where something is in the way of one."""
    new = [name for name, content in files.items() if not _holds(folder / name, content)]
    check(folder, new, kind, earlier, files=True)
    check_below(str(folder), {(folder / name).parent for name in new})
    return new


def write(folder: Path, files: Mapping[str, bytes], kind: str, earlier: Evidence = nobodys) -> list[str]:
    """Make `folder` hold these files, by their paths there, beside what is somebody's; return those that changed.

    Raises Slip, before anything is written, where something is in the way. Files that only the last build wrote are
    removed. A kill leaves each file old or new, and the list names both.
    """
    listing = listed(folder, kind) or set()
    new = changing(folder, files, kind, earlier)
    for name in (*listing, LIST):  # what a kill left half-written of our own files
        path = folder / name
        path.with_name(atomic.NEW + path.name).unlink(missing_ok=True)
    relisted = listing != set(files)
    if new or relisted:
        enlist(folder, listing | set(files), kind)
    for name in new:
        atomic.write(folder / name, files[name])
    gone = [name for name in listing - set(files) if (folder / name).is_file() and not (folder / name).is_symlink()]
    for name in gone:
        (folder / name).unlink()
    for name in gone:
        with suppress(OSError):  # not empty, as the folder itself is not: its list lies there; or gone already
            os.removedirs((folder / name).parent)
    enlist(folder, files, kind)
    return [*new, *gone, *[LIST] * relisted]


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False
