"""Somebody's checkpoints on their way into a report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from build import main
from ferpipe.analyses.settings import chance
from ferpipe.build import adopting
from ferpipe.data.dataset import Dataset, Split
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints
from ferpipe.networks.resnet import ResNet18, initialised

CPU = torch.device("cpu")
LEAVES = ("ash", "beech", "elm", "oak", "yew")


def split(n: int, classes: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    return Split(rng.integers(0, 256, (n, 48, 48), dtype=np.uint8), np.arange(n) % classes, np.arange(n).astype(str))


def dataset(classes: tuple[str, ...]) -> Dataset:
    train, dev = split(20, len(classes), 0), split(30, len(classes), 1)
    return Dataset("leaves", True, classes, train, dev, None, {}, shows="picture")


def saved(path: Path, classes: int, seed: int = 0) -> ResNet18:
    network = initialised("pooled", 8, seed, classes).eval()
    torch.save({"state_dict": {f"module.{key}": value for key, value in network.state_dict().items()}}, path)
    return network


def test_a_checkpoint_becomes_a_member_with_its_answers(tmp_path: Path) -> None:
    network, told = saved(tmp_path / "mine.pth", 5), list[str]()
    data = dataset(LEAVES)
    adopting.adopt(tmp_path / "mine.pth", tmp_path / "m", data, "d", None, (0.5,), (0.25,), CPU, told.append)
    member = checkpoints.load(tmp_path / "m")
    assert member.recipe.role == "member" and member.recipe.width == 8 and "mean 0.5" in member.foreign
    assert member.epoch_logits.shape == (1, 30, 5) and member.margins is None
    images = torch.tensor(data.dev.images[:4, None]).float() / 255
    with torch.inference_mode():
        wanted = network((images - 0.5) / 0.25).numpy()
    assert member.dev_logits[:4] == pytest.approx(wanted, abs=0.01)
    assert any("'module.' stands before" in line for line in told) and "at chance" in told[-1]


def test_the_order_of_the_outputs_can_be_named(tmp_path: Path) -> None:
    saved(tmp_path / "mine.pth", 5)
    order = tmp_path / "order.txt"
    order.write_text("".join(f"{number} {name}\n" for number, name in enumerate(reversed(LEAVES))))
    for asked, place in ((None, "a"), (str(order), "b")):
        adopting.adopt(
            tmp_path / "mine.pth", tmp_path / place, dataset(LEAVES), "d", asked, (0.5,), (0.25,), CPU, print
        )
    straight, turned = (checkpoints.load(tmp_path / place).dev_logits for place in "ab")
    assert np.array_equal(turned, straight[:, ::-1])


def test_outputs_that_are_no_classes_are_refused(tmp_path: Path) -> None:
    saved(tmp_path / "mine.pth", 7)
    with pytest.raises(Slip, match=r"has 7 outputs, the data 5 classes \(ash, beech"):
        adopting.adopt(tmp_path / "mine.pth", tmp_path / "m", dataset(LEAVES), "d", None, (0.5,), (0.25,), CPU, print)
    saved(tmp_path / "five.pth", 5)
    (tmp_path / "six.txt").write_text("".join(f"{k} {name}\n" for k, name in enumerate((*LEAVES, "fir"))))
    with pytest.raises(Slip, match=r"six.txt names ash, .*, fir; wanted a name for each of the 5 outputs"):
        adopting.adopt(
            tmp_path / "five.pth", tmp_path / "m", dataset(LEAVES), "d", str(tmp_path / "six.txt"), (), (), CPU, print
        )
    assert not (tmp_path / "m").exists()
    assert adopting.classes(None, 7, tmp_path) == EMOTIONS
    with pytest.raises(Slip, match="wanted --classes FILE"):
        adopting.classes(None, 5, tmp_path)


def test_an_order_that_fits_better_is_found() -> None:
    labels = np.arange(70) % 7
    mixed = np.array([3, 1, 2, 0, 4, 5, 6])
    told = chance(np.argsort(mixed)[labels], labels, 7)  # each output is a class, but not the one of its number
    assert told.better and told.renamed == 1 and told.names == mixed.tolist()
    same = chance(np.zeros(70, int), labels, 7)
    assert not same.better and same.usual == pytest.approx(1 / 7)
    assert same.names == list(range(7)) and same.renamed == same.usual  # no order would make it better than chance
    turned = chance(np.roll(np.arange(7), 1)[labels], labels, 7)
    assert not turned.better and turned.renamed == 1 and turned.names == np.roll(np.arange(7), -1).tolist()


def test_an_order_that_fits_better_by_chance_alone_is_not_named() -> None:
    rng = np.random.default_rng(0)
    for n in (10, 30, 300):
        for _ in range(50):
            labels, answers = rng.integers(0, 7, n), rng.integers(0, 7, n)
            assert chance(answers, labels, 7).names == list(range(7)), n


def test_a_network_that_is_above_chance_in_a_wrong_order_is_told_so() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 7, 500)
    answers = np.where(rng.random(500) < 0.7, labels, rng.integers(0, 7, 500))
    mixed = np.array([0, 1, 2, 3, 5, 6, 4])  # four of seven are where they belong
    told = chance(mixed[answers], labels, 7)
    assert told.better and told.names == np.argsort(mixed).tolist() and 0.7 < told.renamed < 0.8
    assert chance(answers, labels, 7).names == list(range(7))


def test_a_checkpoint_can_be_asked_and_its_report_says_that_it_is_at_chance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(tmp_path / "mine.pth", 7)
    Image.fromarray(split(1, 7, 2).images[0]).save(tmp_path / "face.png")
    known = ["--load", str(tmp_path / "mine.pth"), "--mean", "0.5", "--std", "0.25"]
    assert main(["predict", str(tmp_path / "face.png"), *known]) == 0
    out, err = capsys.readouterr()
    assert "how often it is right is not known" in out and "angry" in out
    assert "on drawn faces that is a guess; python build.py --data PATH --load" in err
    art = ["--artefacts", str(tmp_path / "art"), "--run", "mine", "--preset", "smoke", "--only", "settings"]
    assert main(["analyse", *known, *art]) == 0
    numbers = json.loads((tmp_path / "art/runs/mine/results/rendered/settings/numbers.json").read_bytes())
    assert numbers["foreign"].startswith("stem small") or numbers["foreign"].startswith("stem pooled")
    assert numbers["chance"]["better"] is False
    assert "left out" in capsys.readouterr().out
    assert main(["predict", str(tmp_path / "face.png"), *known, "--artefacts", str(tmp_path / "art")]) == 0
    assert ", as was found on rendered" in capsys.readouterr().err  # and asked as it was there


def test_a_checkpoint_that_is_not_there_is_told_before_the_data_are_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyse", "--load", str(tmp_path / "no.pth"), "--artefacts", str(tmp_path / "art")]) == 2
    assert "no.pth: no such file or folder; wanted a folder of members, or a checkpoint" in capsys.readouterr().err
    assert not (tmp_path / "art" / "rendered").exists()


@pytest.mark.parametrize("more", [["--mean", "0.5"], ["--mean", "x", "--std", "1"], ["--mean", "0.5", "--std", "0"]])
def test_a_mean_alone_or_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    saved(tmp_path / "mine.pth", 7)
    assert main(["analyse", "--load", str(tmp_path / "mine.pth"), *more]) == 2
    assert "--mean" in capsys.readouterr().err
