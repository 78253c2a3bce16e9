"""A step asks nothing of the host: nothing is read back, nothing is sent, and the static buffers train as usual."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ferpipe.data.dataset import Split
from ferpipe.networks.recipes import Recipe, student
from ferpipe.networks.resnet import initialised, normalise
from ferpipe.training import draws, graphs, loop
from ferpipe.training.augment import augment, mix

CPU = torch.device("cpu")
RECIPE = Recipe(width=8, epochs=2, small=1, batch=16, erase=0.5, mask=0.5, mixup=0.3, cutmix=0.5)
LABELS = np.arange(70) % 7
FACES = Split(np.random.default_rng(0).integers(0, 256, (70, 48, 48), np.uint8), LABELS, LABELS.astype(str))


class Devices(TorchDispatchMode):
    """Notes on which devices the operations of a block work."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        given = operation(*args, **(kwargs or {}))
        for value in tree_leaves((args, kwargs, given)):
            if isinstance(value, torch.Tensor):
                self.seen.add(value.device.type)
        return given


def pretended(recipe, device, mode):
    """A training whose tensors have shapes alone, on a device that need not be there."""
    training = loop.Training(recipe, FACES, FACES, CPU, teachers=[initialised("pooled", 8, 0).eval()])
    epoch = draws.epoch(recipe, 0, training.labels, training.steps, training.side)

    def fake(tensor):
        return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)

    with mode:
        for network in (training.network, training.average, *training.teachers):
            for module in network.modules():
                for name, weight in module.named_parameters(recurse=False):
                    module._parameters[name] = torch.nn.Parameter(fake(weight), network is training.network)
                module._buffers.update({name: fake(value) for name, value in module.named_buffers(recurse=False)})
        training.device, training.draws = torch.device(device), epoch._each(fake)
        training.optimisers = loop._optimisers(training.network, recipe)
        for name in ("images", "truth", "targets", "rates", "shares", "done", "loss", "noted"):
            setattr(training, name, fake(getattr(training, name)))
    training.network.train()
    return training


@pytest.mark.parametrize("recipe", [RECIPE, student(RECIPE, []), replace(RECIPE, muon=0.0, average=0.0)])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_no_value_is_read_back_and_everything_happens_on_the_device(monkeypatch, recipe, device):
    def backward(loss):  # autograd's engine wants a real GPU
        for weight in training.network.parameters():
            weight.grad = torch.empty_like(weight)

    if device == "cuda":
        if torch.__version__ < "2.11":
            pytest.skip("built for CUDA, it asks the driver about tensors that are not there")
        monkeypatch.setattr(torch.Tensor, "backward", backward)
    mode = FakeTensorMode()
    training = pretended(recipe, device, mode)
    with mode, Devices() as devices:
        training.step()
    assert devices.seen == {device}


@pytest.mark.parametrize("reads", [lambda inputs: inputs * inputs.mean().item(), lambda inputs: inputs[inputs > 0]])
def test_a_value_that_is_read_back_fails(monkeypatch, reads):
    changed, mode = loop.augment, FakeTensorMode()
    monkeypatch.setattr(loop, "augment", lambda *given: reads(changed(*given)))
    training = pretended(RECIPE, "cpu", mode)
    with mode, pytest.raises((DataDependentOutputException, DynamicOutputShapeException)):
        training.step()


@pytest.mark.parametrize("parts", [{}, {"average": 0.0, "small": 0}])
def test_static_buffers_train_as_a_plain_loop_does(parts):
    """The plain one: torch.optim.SGD, the batch cut out of the epoch's order, a Python number as the rate."""
    recipe = replace(RECIPE, muon=0.0, weight_decay=0.0, **parts)
    training = loop.Training(recipe, FACES, FACES, CPU)
    plain = initialised(recipe.stem, recipe.width, recipe.seed).to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.SGD(plain.parameters(), recipe.learning_rate, recipe.momentum, nesterov=True)
    mean = [weight.detach().clone() for weight in plain.parameters()]
    images, targets, steps = torch.tensor(FACES.images), F.one_hot(torch.tensor(LABELS), 7).float(), 70 // 16
    for number in range(recipe.epochs):
        side = 32 if number < recipe.small else 48
        epoch = draws.epoch(recipe, number, torch.tensor(LABELS), steps, side)
        for step in range(steps):
            drawn = epoch._each(lambda every, step=step: every[step])
            inputs = augment(normalise(images[drawn.faces]), drawn, side)
            inputs, answers = mix(inputs, targets[drawn.faces], drawn)
            with torch.autocast("cpu", torch.bfloat16, enabled=loop.machine.half(CPU)):
                logits = plain(inputs.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), answers, label_smoothing=recipe.label_smoothing)
            optimiser.zero_grad()
            loss.backward()
            done = number * steps + step
            optimiser.param_groups[0]["lr"] = recipe.learning_rate * training.rate(done)
            optimiser.step()
            share = max(1 / max(1.0, recipe.average * steps), 1 / (done + 1))
            mean = [torch.lerp(a, b.detach(), share) for a, b in zip(mean, plain.parameters(), strict=True)]
        assert sum(1 for _ in training.run_epoch()) == steps
        training.close_epoch()
    for ours, theirs in zip(training.network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=2e-2)
    if recipe.average:
        for ours, theirs in zip(training.average.parameters(), mean, strict=True):
            torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=2e-2)
    assert training.done.item() == recipe.epochs * steps


class Stream:
    def __init__(self, device=None):
        pass

    def wait_stream(self, other):
        pass


@pytest.mark.parametrize("works", [True, False])
def test_a_graph_leaves_the_state_as_it_was_and_where_there_is_none_the_step_goes_on_plainly(
    monkeypatch, capsys, works
):
    count = torch.zeros(1)

    class Graph:
        def replay(self):
            count.add_(100)

    class Capture:
        def __init__(self, graph, stream):
            pass

        def __enter__(self):
            if not works:
                raise RuntimeError("operation not permitted when stream is capturing\nmore")

        __exit__ = __enter__

    for name, value in {"Stream": Stream, "CUDAGraph": Graph, "graph": Capture, "current_stream": Stream}.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: torch.no_grad())
    if works:
        monkeypatch.setattr(Capture, "__exit__", lambda *_: None)
    seen = []

    def step():
        seen.append(count.item())
        count.add_(1)

    graphs._tell.cache_clear()
    replay = [graphs.captured(step, [count]) for _ in range(2)][1]  # of the next size of faces
    assert count.item() == 0 and len(seen) > 1 and not any(seen), "steps past the training's last have no rate"
    replay()
    assert count.item() == (100 if works else 1)
    line = "training: no CUDA graph here (operation not permitted when stream is capturing): each step is started"
    assert capsys.readouterr().err.count(line) == (not works)
