"""Members shared out over processes that torchrun started, on one machine or several; without torchrun, one process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from ferpipe.errors import Slip

MEETING = timedelta(minutes=5)  # for all to start up
PATIENCE = timedelta(days=7)  # a rank may train members long after another is done


def rank() -> int:
    """Return this process's number from 0 among all that torchrun started."""
    return int(os.environ.get("RANK", 0))


def count() -> int:
    """Return how many processes there are."""
    return int(os.environ.get("WORLD_SIZE", 1))


def here() -> int:
    """Return how many of them share this machine, and so its processor."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


@contextmanager
def together() -> Iterator[None]:
    """Hold a process group for the block's time; processes meet in `wait`. Nothing happens in a process alone.

    Raises Slip when the processes did not find each other within MEETING.
    """
    if count() == 1:
        yield
        return
    try:
        store, number, size = next(rendezvous("env://", timeout=MEETING))
        # They only wait for each other: nothing goes over the wires.
        dist.init_process_group("gloo", store=store, rank=number, world_size=size, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        place = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
        reason = str(error).splitlines()[0]
        raise Slip(f"the processes that torchrun started did not meet at {place}: {reason}") from None
    try:
        yield
    finally:
        dist.destroy_process_group()


def wait() -> None:
    """Return when every process has come here; raises Slip when one was lost."""
    if count() == 1:
        return
    try:
        dist.barrier()
    except RuntimeError:
        raise Slip("another process was lost; what was trained is kept: the same command trains the rest") from None
