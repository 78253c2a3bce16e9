"""Other people's ResNet-18s: saved in many ways, with pictures that entered them in many ways."""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ferpipe.build import adopting
from ferpipe.build.adopting import BARE
from ferpipe.data.faces import rendered
from ferpipe.errors import Slip
from ferpipe.explainers.inputs import inputs
from ferpipe.explainers.stem import logits
from ferpipe.networks import foreign
from ferpipe.networks.folding import Folded, folded
from ferpipe.networks.foreign import Way
from ferpipe.networks.resnet import ResNet18, initialised, normalise

State = dict[str, Tensor]
FACES = torch.from_numpy(rendered.draw(rendered.sample(16, 11)))


@pytest.fixture(scope="module")
def theirs(resnet18: Callable[..., nn.Module]) -> nn.Module:
    """torchvision's, with seven outputs and statistics as of a network that was trained."""
    torch.manual_seed(3)
    network = resnet18(num_classes=7)
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(entering(Way("imagenet", 1, *foreign.GREYS["imagenet"])))
    return network.eval()


def entering(way: Way) -> Tensor:
    """The faces in three colours, as a network with these settings takes them."""
    grey = FACES.float() / 255
    return torch.stack([(grey - m) / d for m, d in zip(way.mean, way.deviation, strict=True)], 1)


def prefixed(state: State, prefix: str) -> State:
    return {prefix + key: value for key, value in state.items()}


def renamed(state: State) -> State:
    """As CIFAR's ResNets call their layers."""
    return {key.replace("downsample", "shortcut").replace("fc.", "linear."): value for key, value in state.items()}


SAVED: dict[str, Callable[[State], Any]] = {
    "plain": lambda state: state,
    "data parallel": lambda state: prefixed(state, "module."),
    "state_dict": lambda state: {"epoch": 3, "state_dict": state},
    "model and optimiser": lambda state: {"optimizer": {"state": {}}, "model": prefixed(state, "module.")},
    "Lightning": lambda state: {
        "pytorch-lightning_version": "2.2", "state_dict": {**prefixed(state, "net."), "loss.weight": torch.ones(7)},
    },
    "compiled": lambda state: {"net": prefixed(state, "_orig_mod.module.")},
    "CIFAR's names": renamed,
    "a head in a sequence": lambda state: {key.replace("fc.", "fc.1."): value for key, value in state.items()},
    "without counters": lambda state: {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")},
    "halves": lambda state: {k: v.half() if v.is_floating_point() else v for k, v in state.items()},
}  # fmt: skip


@pytest.mark.parametrize("way", SAVED)
def test_a_checkpoint_answers_as_it_did(theirs: nn.Module, tmp_path: Path, way: str) -> None:
    torch.save(SAVED[way](dict(theirs.state_dict())), tmp_path / "c.pth")
    network = foreign.read(tmp_path / "c.pth")
    assert (network.classes, network.width) == (7, 64)
    ways = foreign.ways(network, *foreign.GREYS["imagenet"])
    found = foreign.entered(network, ways, FACES) if way == "plain" else ways[0]
    assert (found.stem, found.enlarge) == ("imagenet", 1)
    with torch.inference_mode():
        wanted, got = theirs(entering(found)), foreign.made(network, found)(normalise(FACES))
    # but for the border, which was another grey for each colour
    assert torch.corrcoef(torch.stack([wanted.flatten(), got.flatten()]))[0, 1] > 0.999


@pytest.mark.parametrize("grey", ["ours", "half", "none", "bytes"])
@pytest.mark.parametrize("stem", ["strided", "pooled"])
def test_beyond_a_pictures_edge_lies_what_lay_there_for_the_network(stem: str, grey: str) -> None:
    """Zero after their normalisation: black for a network that saw grey levels as they are, and not our mean grey."""
    torch.manual_seed(2)
    network, (mean, deviation) = ResNet18(stem, 8).train(), foreign.GREYS[grey]
    entering = ((FACES.float() / 255 - mean[0]) / deviation[0])[:, None]
    with torch.no_grad():
        network(entering)
        wanted = network.eval()(entering)
    way = Way(stem, 1, mean, deviation)
    read = foreign.Foreign(network.state_dict(), 8, 7, [])
    adopted = foreign.Adopted(
        "theirs", replace(BARE, stem=stem, width=8), {}, 1, np.zeros((1, 0, 7)), np.zeros((0, 7)), {},
        foreign.adapted(read, way), outside=foreign.outside(way),
    )  # fmt: skip
    ours = adopted.network(torch.device("cpu"))
    with torch.inference_mode():
        for got in (foreign.made(read, way), ours, deepcopy(ours), Folded(ours), folded(ours)):
            torch.testing.assert_close(got(normalise(FACES)), wanted, atol=2e-3, rtol=2e-3)


def test_masked_copies_of_a_face_are_answered_alike_by_patch_and_as_a_whole() -> None:
    network = folded(foreign.framed(initialised("pooled", 8, 0).eval(), -2.0))
    lit, dark = np.random.default_rng(0).random((2, 48, 48), np.float32)
    segments = np.arange(48)[:, None] // 12 * 4 + np.arange(48) // 12
    shown = np.random.default_rng(1).integers(0, 2, (9, 16)).astype(np.float32)
    masks = shown[:, segments]
    with torch.inference_mode():
        got = logits(network, lit, dark, segments, shown, 4)
        wanted = network(inputs(masks * lit + (1 - masks) * dark, torch.device("cpu")))
    torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)


def test_safetensors_and_a_grey_stem_are_read(tmp_path: Path) -> None:
    ours = ResNet18("pooled", 8, 5).eval()
    save_file(ours.state_dict(), tmp_path / "c.safetensors")
    network = foreign.read(tmp_path / "c.safetensors")
    assert (network.classes, network.width, network.stems, network.told) == (5, 8, ["pooled", "small"], [])
    made = foreign.made(network, Way("pooled", 1, (0.5,), (0.25,)))
    with torch.inference_mode():
        assert torch.equal(made(normalise(FACES)), ours(normalise(FACES)))


@pytest.mark.parametrize("stem", ["imagenet", "strided", "pooled", "small"])
@pytest.mark.parametrize("grey", ["ours", "none", "half", "bytes"])
def test_how_pictures_enter_is_read_off_the_normalisation(tmp_path: Path, stem: str, grey: str) -> None:
    """A network of ours, settled on some faces, then written as if its pictures had entered another way."""
    torch.manual_seed(1)
    network, faces = ResNet18(stem, 8).train(), normalise(torch.from_numpy(rendered.draw(rendered.sample(16, 5))))
    with torch.no_grad():
        for _ in range(60):
            network(faces)
    state, (mean, deviation) = deepcopy(network.eval().state_dict()), foreign.GREYS[grey]
    state["conv1.weight"] *= deviation[0] / 0.25
    state["bn1.running_mean"] += (state["conv1.weight"] * (0.5 - mean[0]) / deviation[0]).sum((1, 2, 3))
    torch.save(state, tmp_path / "c.pt")
    read = foreign.read(tmp_path / "c.pt")
    found = foreign.entered(read, foreign.ways(read), FACES)
    assert (found.stem, found.enlarge, found.mean, found.deviation) == (stem, 1, mean, deviation)
    assert foreign.ways(read, (0.1,), (0.2,))[0].mean == (0.1,)  # what is known is not looked for


def larger(state: State, name: str) -> State:
    return {**state, name: torch.zeros(64, 64, 1, 1)}


REFUSED: dict[str, tuple[Callable[[State], Any], str]] = {
    "ResNet-50": (lambda state: larger(state, "layer1.0.conv3.weight"), "larger ResNet"),
    "ResNet-34": (lambda state: larger(state, "layer1.2.conv1.weight"), "larger ResNet"),
    "another network": (lambda state: {"features.0.weight": torch.zeros(3)}, "holds no ResNet-18"),
    "a list": (lambda state: [1, 2], "holds no ResNet-18"),
    "a part": (lambda state: {k: v for k, v in state.items() if "layer3" not in k}, "'layer3.0.bn1.bias' is missing"),
    "no head": (lambda state: {k: v for k, v in state.items() if "fc" not in k}, "one last layer"),
    "two heads": (lambda state: {**state, "aux.weight": torch.zeros(7, 512)}, "one last layer"),
    "ImageNet's head": (lambda state: {**state, "fc.weight": torch.zeros(1000, 512)}, "1,000 outputs"),
    "a head of two layers": (
        lambda state: {**state, "fc.weight": torch.zeros(16, 512), "out.weight": torch.zeros(7, 16)},
        "several layers",
    ),
    "biases without means": (
        lambda state: (
            {k: v for k, v in state.items() if "running_mean" not in k}
            | {"layer1.0.conv1.bias": torch.zeros(64), "conv1.bias": torch.zeros(64)}
        ),
        "running_mean' is missing",
    ),
    "a bias of another length": (lambda state: {**state, "conv1.bias": torch.zeros(3)}, "it also has conv1.bias"),
    "a scalar": (lambda state: {**state, "layer1.0.conv1.weight": torch.tensor(1.0)}, "no plain numbers"),
    "complex numbers": (
        lambda state: {**state, "fc.weight": state["fc.weight"].to(torch.complex64)},
        "'fc.weight' holds no plain numbers",
    ),
    "two channels": (lambda state: {**state, "conv1.weight": torch.zeros(64, 2, 7, 7)}, "conv1.weight is"),
    "squeeze and excitation": (
        lambda state: larger(state, "layer1.0.se.fc1.weight"),
        "it also has layer1.0.se.fc1.weight",
    ),
    "attention before the head": (lambda state: larger(state, "attention.weight"), "it also has attention.weight"),
    "no numbers": (lambda state: {**state, "fc.bias": torch.full((7,), torch.nan)}, "not finite"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_such_network_is_refused_by_name(theirs: nn.Module, tmp_path: Path, kind: str) -> None:
    change, told = REFUSED[kind]
    torch.save(change(dict(theirs.state_dict())), tmp_path / "c.pth")
    with pytest.raises(Slip, match=told) as slip:
        foreign.read(tmp_path / "c.pth")
    assert "\n" not in str(slip.value) and "c.pth" in str(slip.value)


def test_code_text_and_nothing_are_refused(theirs: nn.Module, tmp_path: Path) -> None:
    torch.save(theirs, tmp_path / "whole.pt")
    with pytest.raises(Slip, match=r"holds the object [\w.]*ResNet, which only running its code could read"):
        foreign.read(tmp_path / "whole.pt")
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:  # as torch.jit.save names its parts
        archive.writestr("script/data.pkl", b"")
        archive.writestr("script/constants.pkl", b"")
    with pytest.raises(Slip, match="TorchScript"):
        foreign.read(tmp_path / "script.pt")
    for name in ("pointer.pt", "pointer.safetensors"):
        (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 44\n")
        with pytest.raises(Slip, match="a pointer of Git LFS"):
            foreign.read(tmp_path / name)
    (tmp_path / "page.pth").write_text("\n<!DOCTYPE html><title>Virus scan warning</title>")
    with pytest.raises(Slip, match="a web page"):
        foreign.read(tmp_path / "page.pth")
    (tmp_path / "zero.pt").touch()
    with pytest.raises(Slip, match="is empty"):
        foreign.read(tmp_path / "zero.pt")
    (tmp_path / "text.pt").write_text("no network")
    with pytest.raises(Slip, match=r"text\.pt"):
        foreign.read(tmp_path / "text.pt")
    with pytest.raises(Slip, match="no such file"):
        foreign.read(tmp_path / "none.pt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Slip, match="no member and no checkpoint"):
        foreign.files(tmp_path / "empty")
    torch.save(theirs.state_dict(), tmp_path / "empty/b.pth")
    torch.save(theirs.state_dict(), tmp_path / "empty/a.ckpt")
    torch.save(theirs.state_dict(), tmp_path / "empty/c.PTH")
    (tmp_path / "empty/notes.txt").write_text("")
    (tmp_path / "empty/._a.ckpt").write_text("of another system's finder")
    lines: list[str] = []
    found = adopting.checkpoints_at(tmp_path / "empty", lines.append)
    assert [path.name for path in found] == ["a.ckpt", "b.pth", "c.PTH"]
    assert len(lines) == 1 and "left aside ._a.ckpt, notes.txt; a checkpoint is .pt, .pth" in lines[0]


def test_what_training_scripts_keep_beside_weights_is_read_over(theirs: nn.Module, tmp_path: Path) -> None:
    beside = {
        "args": argparse.Namespace(lr=0.1, data=Path("faces")), "best": np.float64(0.7), "loss": np.float32(1.1),
        "epoch": np.int64(3), "done": np.bool_(True),
    }  # fmt: skip
    torch.save({"state_dict": theirs.state_dict(), **beside}, tmp_path / "c.pth")
    assert foreign.read(tmp_path / "c.pth").classes == 7


def test_biases_before_a_normalisation_change_nothing(theirs: nn.Module, tmp_path: Path) -> None:
    state = {key: value.clone() for key, value in theirs.state_dict().items()}
    for conv, norm in (
        ("conv1", "bn1"),
        ("layer1.0.conv2", "layer1.0.bn2"),
        ("layer2.0.downsample.0", "layer2.0.downsample.1"),
    ):
        bias = torch.linspace(-1, 1, len(state[f"{norm}.running_mean"]))
        state[f"{conv}.bias"], state[f"{norm}.running_mean"] = bias, state[f"{norm}.running_mean"] + bias
    torch.save(state, tmp_path / "c.pth")
    read = foreign.read(tmp_path / "c.pth")
    assert not read.told
    for name, value in theirs.state_dict().items():
        assert torch.allclose(read.weights[name].float(), value.float(), atol=1e-5), name


def test_of_several_networks_the_one_that_is_taken_is_told(theirs: nn.Module, tmp_path: Path) -> None:
    state = theirs.state_dict()
    other = {key: torch.zeros_like(value) for key, value in state.items()}
    torch.save({"state_dict": state, "state_dict_ema": other, "epoch": 3}, tmp_path / "a.pth")
    both = {
        f"{name}.{key}": value for name, part in (("ema_model", other), ("model", state)) for key, value in part.items()
    }
    torch.save({**both, "criterion.weight": torch.ones(7)}, tmp_path / "b.pth")
    first, second = (foreign.read(tmp_path / name) for name in ("a.pth", "b.pth"))
    assert first.told == ["'state_dict' is taken, and not 'state_dict_ema'"]
    assert second.told[0] == "several networks are in it: that under 'model.' is taken, and not that under 'ema_model.'"
    assert second.told[-1] == "left out: criterion.weight"
    assert all(torch.equal(read.weights["fc.weight"], state["fc.weight"]) for read in (first, second))


@pytest.mark.parametrize(("name", "value"), [("running_var", -1.0), ("weight", 3e38)])
def test_a_network_whose_answers_are_no_numbers_is_refused(theirs: nn.Module, name: str, value: float) -> None:
    weights = {key: tensor.clone() for key, tensor in theirs.state_dict().items()}
    weights[f"layer1.0.bn1.{name}"].fill_(value)
    network = foreign.Foreign(weights, 64, 7, [])
    with pytest.raises(Slip, match="no finite numbers"):
        foreign.entered(network, foreign.ways(network), torch.randint(0, 256, (4, 48, 48), dtype=torch.uint8))


def test_means_of_another_number_are_refused(theirs: nn.Module, tmp_path: Path) -> None:
    torch.save(theirs.state_dict(), tmp_path / "c.pth")
    with pytest.raises(Slip, match="got 2 values"):
        foreign.ways(foreign.read(tmp_path / "c.pth"), (0.5, 0.5), (0.5, 0.5))
