"""One build at a time on a folder.

The operating system holds the lock and lets go of it when its process ends, however that ends, so that a lock file
which a kill left behind holds nobody up. A file beside it tells those who wait whom they wait for.
"""

import errno
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ferpipe.errors import Slip
from ferpipe.storage import atomic

LOCKLESS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.ESTALE, errno.EINVAL}
NAME = ".ferpipe.lock"  # in the folder
PATIENCE = 5.0  # seconds: a render is over by then, a training is not


@contextmanager
def held(files: Iterable[Path], patience: float = PATIENCE) -> Iterator[None]:
    """Hold every lock file for the block's time; raises Slip naming who holds one for longer than `patience` seconds.

    Their folders are made if they are not there. No file is left behind, nor a folder in which nothing came to lie.
    """
    with ExitStack() as stack:
        for name in sorted({os.path.realpath(file) for file in files}):  # in one order: no two wait for each other
            stack.enter_context(_held(Path(name), patience))
        yield


@contextmanager
def _held(file: Path, patience: float) -> Iterator[None]:
    from filelock import FileLock, Timeout

    missing = [folder for folder in file.parents if not folder.exists()]
    file.parent.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(file), file.with_name(file.name + ".json")
    try:
        lock.acquire(timeout=patience)
    except OSError as error:  # Timeout is one
        if isinstance(error, Timeout):
            raise Slip(
                f"{file.parent} is in use by another build, {_told(holder)}; wait for its end, or name other folders "
                "with --artefacts, --results and --output"
            ) from None
        if error.errno not in LOCKLESS:
            raise
        # some network disks know no locks: better to build than to refuse, if nobody else does
        print(f"{file.parent}: no lock can be had on that disk ({error.strerror}); start no second build there",
              file=sys.stderr)  # fmt: skip
        try:
            yield
        finally:
            file.unlink(missing_ok=True)
        return
    try:
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        atomic.write(holder, json.dumps({"host": platform.node(), "process": os.getpid(), "since": since}).encode())
        yield
    finally:
        holder.unlink(missing_ok=True)
        if os.name == "posix":  # elsewhere filelock does it; here a waiting process notices that its file has no name
            file.unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):  # one that is not empty, nor those above it
            for folder in missing:
                folder.rmdir()


def _told(holder: Path) -> str:
    try:
        told = json.loads(holder.read_bytes())
        return f"process {told['process']} on {told['host']} since {told['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # it has just begun, or just ended
        return "which has just begun"
