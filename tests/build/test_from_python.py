"""`ferpipe.report`: any network, any pictures."""

import re
import threading

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import ferpipe
from ferpipe.analyses.brought import Entered, entered
from ferpipe.data.faces import rendered
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.data.given import gathered
from ferpipe.errors import Slip
from ferpipe.networks.foreign import GREYS

NORM = torch.tensor([0.3, 1.0])


def own(channels=3, classes=7):
    """A network of one's own: three layers, each of another name than ours."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5, stride=4), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.Flatten(),
        nn.Linear(6 * 11 * 11, classes),
    )  # fmt: skip


class Told(nn.Module):
    """A layer of one's own, which may hold what cannot be copied."""

    def __init__(self, function, held=None):
        super().__init__()
        self.forward, self.held = function, held


def few(x):
    if len(x) > 30:
        raise RuntimeError("30 at most")
    return x


@pytest.fixture(scope="module")
def faces():
    drawn = rendered.sample(70, 3)
    return rendered.draw(drawn), np.asarray(drawn.emotions)


def asked(faces, tmp_path, network=None, **changed):
    pictures, labels = faces
    told = {"networks": network or own(), "pictures": pictures, "labels": labels, "classes": EMOTIONS}
    return ferpipe.report(**{**told, "output": tmp_path / "page", "preset": "smoke", **changed})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"networks": "resnet.pt"}, "wanted a torch.nn.Module or a list of them, got str"),
        ({"networks": []}, "wanted a torch.nn.Module"),
        ({"labels": [0, 1]}, r"labels of pictures: got \(2,\) of int64, wanted \(70,\) whole numbers"),
        ({"labels": np.full(70, 7)}, "from 7 to 7, wanted 0 to 6"),
        ({"labels": np.zeros(70, int)}, "two classes or more, got 1"),
        ({"labels": np.full(70, 0.5)}, "whole numbers"),
        ({"classes": EMOTIONS[:2]}, "wanted 0 to 1"),
        ({"classes": [*EMOTIONS, "contempt"]}, r"networks\[0\] has 7 outputs, classes names 8"),
        ({"classes": ["a"] * 7}, r"7 names \(1 different\)"),
        ({"pictures": np.full((70, 48, 48), 255.0)}, r"wanted floats in \[0, 1\]"),
        ({"pictures": np.full((70, 48, 48), np.nan)}, r"wanted floats in \[0, 1\]"),
        ({"pictures": np.zeros((70, 48, 48), np.int32)}, "int32, wanted uint8"),
        ({"pictures": np.zeros((70, 2, 48, 48), np.uint8)}, r"wanted \(h, w\)"),
        ({"pictures": 3}, "pictures: "),
        ({"preset": "overnight"}, "wanted default or smoke"),
        ({"name": "fer2013"}, "none of a data set that is known"),
        ({"mean": 0.5, "std": 0.0}, "above zero"),
        ({"mean": 0.5}, "mean and std go together"),
        ({"shows": "faces"}, "shows: got 'faces', wanted face or picture"),
        ({"classes": "abcdefg"}, "classes: got 'abcdefg', wanted a list of names"),
        ({"train": np.zeros((9, 48, 48), np.uint8)}, r"train: got .*ndarray.*, wanted a pair \(pictures, labels\)"),
        ({"networks": nn.Sequential(own(), nn.Softmax(1))}, r"networks\[0\] gives probabilities, wanted logits"),
        (
            {"networks": [own(), nn.Sequential(own(), Told(lambda x: x / 0))]},
            r"networks\[1\] gives .* no finite numbers",
        ),
        ({"networks": nn.Sequential(own(), Told(lambda x: x * 0 + 1))}, "Sequential-0 answers all 70 pictures alike"),
        ({"networks": nn.Sequential(Told(few), own())}, "networks.0. does not answer 32 pictures: 30 at most"),
        ({"networks": nn.Sequential(own(), Told(lambda x: x.detach()))}, r"networks\[0\] has no gradient"),
        ({"networks": nn.Sequential(own(), Told(lambda x: x, threading.Lock()))}, r"networks\[0\] cannot be copied"),
        ({"networks": None}, "got NoneType"),
        ({"networks": nn.Conv2d}, "got type"),
        ({"classes": None}, "classes: got None, wanted a list of names"),
        ({"output": None}, "output: got None, wanted a folder"),
        ({"side": 0}, "side: got 0, wanted a whole number of pixels"),
        ({"seed": -1}, "seed: got -1, wanted a whole number from 0"),
        ({"tell": None}, "tell: got None, wanted a function"),
        ({"output": "a" * 5000}, "output"),
        ({"device": "cuda:1"}, "device: got 'cuda:1', wanted auto"),
        ({"device": "tpu"}, "device: got 'tpu', wanted auto, cpu, cuda or mps"),
        ({"labels": [[0], [1, 2]]}, "labels of pictures: "),
        ({"mean": "a", "std": "b"}, "mean: could not convert"),
        ({"mean": [0.1, 0.2], "std": [1, 1]}, "got 2 and 2 values, wanted one"),
        ({"networks": nn.Linear(3, 7)}, "does not answer pictures"),
    ],
)
def test_what_cannot_be_reported_on_is_told_in_a_line_and_nothing_is_written(faces, tmp_path, changed, words):
    with pytest.raises(Slip, match=words) as told:
        asked(faces, tmp_path, **changed)
    assert "\n" not in str(told.value)
    assert not list(tmp_path.iterdir())


def test_somebodys_files_are_not_replaced(faces, tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("mine")
    with pytest.raises(Slip):
        asked(faces, tmp_path)
    assert (tmp_path / "page" / "index.html").read_text() == "mine"


def test_pictures_of_every_form_are_the_same_grey_levels(faces):
    pictures = faces[0][:4]
    forms = [
        pictures, torch.tensor(pictures), pictures / 255, torch.tensor(pictures)[:, None],
        np.repeat(pictures[..., None], 3, 3), [Image.fromarray(picture) for picture in pictures],
        torch.tensor(pictures)[:, None].expand(-1, 3, -1, -1).float() / 255,
    ]  # fmt: skip
    for form in forms:
        np.testing.assert_array_equal(gathered(form), pictures)
    assert gathered([np.zeros((90, 60, 3), np.uint8), np.zeros((48, 50), np.uint8)]).shape == (2, 48, 48)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_is_given_as_many_channels_as_it_takes_in_its_own_normalisation(channels, faces):
    network, (mean, deviation) = own(channels), NORM.tolist()
    probes = torch.tensor(faces[0][:2])
    module, outputs = entered(network.eval(), 48, (mean,), (deviation,), probes)
    levels = probes.float().div(255).unsqueeze(1).expand(-1, channels, -1, -1)
    inputs = (probes.float().div(255).sub(0.5).div(0.25)).unsqueeze(1)
    assert outputs == 7
    torch.testing.assert_close(module(inputs), network((levels - mean) / deviation), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("way", ["half", "none", "imagenet", "bytes"])
def test_how_a_network_was_normalised_is_read_off_its_statistics(way, faces):
    pictures = torch.tensor(faces[0])
    mean, deviation = GREYS[way]
    network = own().train()
    taught = Entered(network, 3, 48, mean, deviation)
    for _ in range(60):
        taught.train()
        network((pictures.float().div(255).unsqueeze(1).expand(-1, 3, -1, -1) - taught.mean) / taught.std)
    entry, _ = entered(network.eval(), 48, (), (), pictures[:32])
    assert entry.mean.flatten().tolist() == pytest.approx(list(mean))
    assert entry.std.flatten().tolist() == pytest.approx(list(deviation))


class Tuple(nn.Module):
    """A network of many outputs, at 96 pixels alone, in training mode, its weights frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.ReLU(inplace=True), nn.Flatten())
        self.head, self.token = nn.Linear(4 * 12 * 12, 7), nn.Parameter(torch.arange(7) / 7)
        self.requires_grad_(False)

    def forward(self, x):
        features = self.body(x)
        return self.head(features) + self.token, features


@pytest.mark.parametrize(
    "classes", [["cat", "dog", "horse", "ship", "frog"], pytest.param(EMOTIONS, marks=pytest.mark.slow)]
)
def test_a_report_on_a_network_is_written_and_leaves_it_as_it_was(classes, faces, tmp_path, capsys):
    network, lines = own(classes=len(classes)).train(), []
    before = {name: value.clone() for name, value in network.state_dict().items()}
    given = faces[0], faces[1] % len(classes)
    page = asked(given, tmp_path, network, classes=classes, tell=lines.append)
    text = (page.parent / "en" / "index.html").read_text()
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert any("perhaps at chance" in line for line in lines)
    left = next(line for line in lines if line.startswith("left out:"))
    assert {"filters", "network", "curves", "copies"} <= set(re.findall(r"\w+", left))
    assert classes == EMOTIONS or all(f"<b>{name}</b>" in text for name in classes)
    assert "What the networks learned from is not known here" in text and " in train" not in text
    for said in text.split('id="references"')[0].split("<h2")[1:]:
        assert re.search(r"<(p|figure|table|ul|ol)\b", said), said  # no heading without a text
    assert "The analysis model is at chance" in text
    assert "older than the code" not in capsys.readouterr().out
    assert "Sequential, 3 channel(s), 48 pixels a side" in text
    assert "ResNet-18" not in re.sub(r"<[^>]+>", "", text).split("How it was measured")[0]


def test_a_tuple_an_own_size_and_parameters_outside_layers(faces, tmp_path):
    entry, outputs = entered(Tuple().eval(), 96, (), (), torch.tensor(faces[0][:2]))
    assert outputs == 7 and entry.side == 96
