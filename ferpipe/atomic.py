"""Files and folders that appear whole or not at all.

New work is written beside its place under a name of its own and renamed into it. A folder cannot be replaced in one
step everywhere, so the old one first steps aside as `.old-<name>`; `recover` puts it back if a kill came in between.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEW, OLD = ".new-", ".old-"


def write(path: Path, content: bytes) -> None:
    """Write a whole file, or leave what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(NEW + path.name)
    new.write_bytes(content)
    os.replace(new, path)


@contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; when the block ends well it takes the place of `path`, else nothing changes."""
    new, old = path.with_name(NEW + path.name), path.with_name(OLD + path.name)
    for left in (new, old):  # by a kill; of its neighbours another process may be writing some
        _recover(left)
    path.parent.mkdir(parents=True, exist_ok=True)
    new.mkdir()
    try:
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
