"""What only a machine with CUDA can tell: run there with `python -m pytest tests/gpu`."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from clones import split

from ferpipe.build import devices, predict
from ferpipe.networks import checkpoints
from ferpipe.networks.recipes import Recipe, student
from ferpipe.networks.resnet import initialised
from ferpipe.training import loop

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU with CUDA"),
    pytest.mark.filterwarnings("ignore:Synchronization debug mode", "ignore:.*deterministic implementation"),
]
CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
RECIPE = Recipe(width=8, epochs=4, small=1, batch=16, erase=0.2, mixup=0.2)
LARGE = Recipe(stem="imagenet", enlarge=2, width=8, epochs=4, small=1, batch=16, cutmix=0.5)

TRAIN, DEV = split(140, 0), split(28, 1)


@pytest.fixture(autouse=True)
def as_a_build_does():
    devices.prepared("cuda", 1)
    yield
    torch.set_deterministic_debug_mode("default")


def training(recipe=RECIPE, device=CUDA, train=TRAIN):
    teachers = [initialised("pooled", 8, 0).to(device).eval()] if recipe.distil else []
    return loop.Training(recipe, train, DEV, device, teachers=teachers)


def test_the_device_sees_the_draws_of_the_cpu():
    on_cpu, on_cuda = training(device=CPU), training()
    for one in (on_cpu, on_cuda):
        list(one.run_epoch())
    for name, wanted in vars(on_cpu.draws).items():
        given = getattr(on_cuda.draws, name)
        assert (wanted is None) == (given is None)
        assert wanted is None or torch.equal(given.cpu(), wanted), name


@pytest.mark.parametrize(
    "recipe", [RECIPE, student(RECIPE, []), LARGE, student(LARGE, []), replace(RECIPE, muon=0.0, average=0.0, small=0)]
)
def test_a_graph_trains_as_plain_steps_do(recipe, monkeypatch, capsys):
    compared(training(recipe), training(recipe), monkeypatch)
    assert "no CUDA graph" not in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_a_graph_trains_on_another_gpu_than_the_current_one(monkeypatch):
    other = torch.device("cuda", 1)
    compared(training(device=other), training(device=other), monkeypatch)


def test_a_graph_is_captured_with_fewer_steps_left_than_it_warms_up(capsys):
    short = training(Recipe(width=8, epochs=2, small=1, batch=64), train=split(70, 0))
    for number in range(2):  # each captures its own, of one step
        assert sum(1 for _ in short.run_epoch()) == 1 and short.advance != short.step
        short.close_epoch()
        assert short.done.item() == number + 1
    assert "no CUDA graph" not in capsys.readouterr().err


def compared(graphed, plain, monkeypatch):
    """Hold three epochs of a training from graphs against one of plain steps."""
    for number in range(3):
        with monkeypatch.context() as patch:
            assert sum(1 for _ in graphed.run_epoch()) == graphed.steps
            patch.setattr(loop.graphs, "captured", lambda step, state: step)
            assert sum(1 for _ in plain.run_epoch()) == plain.steps
        assert plain.advance == plain.step and graphed.advance != graphed.step, "no graph was captured"
        graphed.close_epoch()
        plain.close_epoch()
        assert graphed.done.item() == plain.done.item() == (number + 1) * plain.steps
    for ours, theirs in zip(graphed.network.parameters(), plain.network.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-2, rtol=1e-2)
    np.testing.assert_allclose(graphed.margins, plain.margins, atol=0.05)


def test_a_step_waits_for_nothing():
    one = training(student(RECIPE, []))
    steps = one.run_epoch()
    next(steps)  # in which the graph is captured
    one.step()
    try:
        torch.cuda.set_sync_debug_mode("error")
        one.step()
        next(steps)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_network_learns_and_the_same_seed_ends_alike(tmp_path):
    recipe = Recipe(width=8, epochs=12, batch=16, average=0.0, shift=0.0, rotate=0.0, scale=0.0, flip=False)
    for name in ("a", "b"):
        loop.train(recipe, TRAIN, DEV, tmp_path / name, {"recipe": {"parameters": recipe.parameters()}}, CUDA)
    first, again = checkpoints.load(tmp_path / "a"), checkpoints.load(tmp_path / "b")
    assert first.history["dev_accuracy"][first.epoch - 1] > 0.8 and first.made_with["device"].startswith("cuda")
    np.testing.assert_allclose(first.dev_logits, again.dev_logits, atol=0.05)


def test_predictions_are_the_cpus(tmp_path):
    loop.train(RECIPE, TRAIN, DEV, tmp_path / "m", {"recipe": {"parameters": RECIPE.parameters()}}, CUDA)
    member = checkpoints.load(tmp_path / "m")
    on_cpu, on_cuda = (predict.probabilities([member], DEV.images, device) for device in (CPU, CUDA))
    np.testing.assert_allclose(on_cuda, on_cpu, atol=1e-2)
