"""A training step as a CUDA graph: a thousand small kernels started by one call, so that the host is not in the way."""

import sys
from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

WARM = 3  # steps before the capture, in which libraries choose their algorithms and take their memory


def captured(step: Callable[[], None], state: Sequence[Tensor]) -> Callable[[], None]:
    """Return a call that does what `step` does, from a CUDA graph of it; `step` itself where none can be made.

    `step` takes and returns nothing: all that it reads and writes lies on one device, and stays where it is. `state`,
    what it changes, is as before when this returns.
    """
    before = [tensor.clone() for tensor in state]

    def restore() -> None:
        with torch.no_grad():
            for tensor, value in zip(state, before, strict=True):
                tensor.copy_(value)

    with torch.cuda.device_of(state[0]):  # streams and graphs are the current device's, whatever a step works on
        stream = _side(state[0].device)
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM):
                step()
                restore()  # each time: there may be fewer steps left than these
        torch.cuda.current_stream().wait_stream(stream)
        graph, replay = torch.cuda.CUDAGraph(), step
        try:
            # older versions of torch leave the capture's stream the current one when a capture fails
            with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph, stream=stream):
                step()
            replay = graph.replay
        except RuntimeError as error:
            # the end of a broken capture fails too; no name for the cause, which holds on to the whole step
            reason = (str(error.__context__ or error).splitlines() or ["no reason given"])[0]
            _tell(f"training: no CUDA graph here ({reason}): each step is started by the host")
        restore()
    return replay


@cache
def _tell(line: str) -> None:
    """Print a line the first time that it is to be said: each network and size of its faces is captured anew."""
    print(line, file=sys.stderr)


@cache
def _side(device: torch.device) -> torch.cuda.Stream:
    """Return a device's stream for captures: one for all, since cuBLAS keeps memory for each that it has seen."""
    return torch.cuda.Stream(device)
