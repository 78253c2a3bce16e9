"""Files and folders that appear whole or not at all.

New work is written beside its place under a name of its own and renamed into it. A folder cannot be replaced in one
step everywhere, so the old one first steps aside as `.old-<name>`; `recover` puts it back if a kill came in between.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEW, OLD = ".new-", ".old-"


def write(path: Path, content: bytes) -> None:
    """Write a whole file, or leave what was there; an OSError names `path`."""
    new = path.with_name(NEW + path.name)
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            new.write_bytes(content)
            os.replace(new, path)
        except BaseException:
            new.unlink(missing_ok=True)  # on a full disk half a file is in the way
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
def folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; when the block ends well it takes the place of `path`, else nothing changes."""
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
    if path.exists():
        os.rename(path, old)
    os.rename(new, path)
    remove(old)


def recover(parent: Path) -> None:
    """Bring `parent` to its last whole state after a kill: put back what stepped aside, drop what was half-written."""
    if not parent.is_dir():
        return
    for entry in sorted(parent.iterdir()):
        if entry.name.startswith((NEW, OLD)):
            _recover(entry)


def _recover(entry: Path) -> None:
    whole = entry.with_name(entry.name.removeprefix(OLD))
    if entry.name.startswith(OLD) and entry.exists() and not whole.exists():
        os.rename(entry, whole)
    else:
        remove(entry)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
