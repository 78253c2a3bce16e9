"""Files and folders that appear whole or not at all, and nothing of anybody else's lost on the way.

New work is written beside its place under a name of its own and renamed into it; links are written through. A folder
cannot be replaced in one step everywhere, so the old one first steps aside; `recover` puts it back if a kill came in
between. What lay in the old folder and is none of the new one's files moves into the new one.
"""

import errno
import hashlib
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEW, OLD = ".ferpipe-new-", ".ferpipe-old-"  # names that nobody else gives
_OPEN = re.compile(r"/dev/(stdout|stderr)$|/(?:dev|proc/self)/fd/(\d+)$")
# of a mount point, and of a folder that one may not change
_HELD = {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS}


def write(path: Path, content: bytes) -> None:
    """Write a whole file, or leave what was there; an OSError names `path`.

    A pipe or a device is written to, a link written through, and a file that cannot be renamed over (a mount point, a
    folder without leave to write) or that has other names is written in place.
    """
    with _naming(path):
        if stream(path):
            _send(path, content)
            return
        target = Path(os.path.realpath(path))
        new = target.with_name(NEW + target.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            new.write_bytes(content)
            if target.is_file():
                if target.stat().st_nlink > 1:
                    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
                shutil.copymode(target, new)
            os.replace(new, target)
        except BaseException as error:
            _unlink(new)  # on a full disk half a file is in the way
            if not isinstance(error, OSError) or error.errno not in _HELD or not target.is_file():
                raise
            target.write_bytes(content)


def stream(path: Path) -> bool:
    """Return whether a path leads to something that takes bytes and is no file: a pipe, a terminal, a device.

    So does a descriptor that this process has open, whatever it is: others may be writing to it too.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISDIR(mode) and (_OPEN.match(os.fspath(path)) is not None or not stat.S_ISREG(mode))


def _send(path: Path, content: bytes) -> None:
    descriptor = _OPEN.match(os.fspath(path))
    if descriptor is None:
        path.write_bytes(content)
        return
    number = {"stdout": 1, "stderr": 2}.get(descriptor[1]) or int(descriptor[2] or 0)
    sys.stdout.flush()
    with os.fdopen(os.dup(number), "wb") as file:  # opened anew it would be written from its beginning
        file.write(content)


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in _HELD:
            raise


def seal(path: Path, content: bytes) -> None:
    """Write a whole file of ours alone with the hash of its content before it, which `unseal` compares."""
    write(path, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def unseal(path: Path) -> bytes | None:
    """Return what `seal` wrote; None where there is nothing, or something that it did not write so."""
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if digest == hashlib.sha256(content).hexdigest().encode() else None


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an OSError say which file it is about: that of a write to a full disk does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


@contextmanager
def folder(path: Path, last: str = "recipe.json") -> Iterator[Path]:
    """Yield an empty folder to fill; when the block ends well it takes the place of `path`, else nothing changes.

    Where a folder cannot be renamed, as a mount point cannot, its files are replaced one by one, the record `last`.
    """
    path = Path(os.path.realpath(path))
    new, old = path.with_name(NEW + path.name), path.with_name(OLD + path.name)
    for left in (new, old):  # by a kill; of its neighbours another process may be writing some
        _recover(left)
    path.parent.mkdir(parents=True, exist_ok=True)
    new.mkdir()
    try:
        with _naming(path):
            yield new
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    made = sorted((file for file in new.rglob("*") if file.is_file()), key=lambda file: file.name == last)
    for file in made:
        if (link := path / file.relative_to(new)).is_symlink():  # is written through, and stays
            write(link, file.read_bytes())
            file.unlink()
            file.symlink_to(os.readlink(link))
    try:
        if path.exists():
            os.rename(path, old)
    except OSError as error:
        if error.errno not in _HELD:
            raise
        for file in made:
            write(path / file.relative_to(new), file.read_bytes())
        remove(new)
        return
    os.rename(new, path)
    _recover(old)


def recover(parent: Path) -> None:
    """Bring `parent` to its last whole state after a kill: put back what stepped aside, drop what was half-written."""
    if not parent.is_dir():
        return
    for entry in sorted(parent.iterdir()):
        if entry.name.startswith((NEW, OLD)):
            _recover(entry)


def _recover(entry: Path) -> None:
    if entry.name.startswith(OLD) and entry.is_dir():
        whole = entry.with_name(entry.name.removeprefix(OLD))
        if not whole.exists():
            os.rename(entry, whole)
            return
        for left in sorted(entry.iterdir()):  # somebody's own, or what the new folder has anew
            if not os.path.lexists(whole / left.name):
                os.rename(left, whole / left.name)
    remove(entry)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
