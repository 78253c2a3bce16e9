"""The command line: what it refuses, and how."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import build
from ferpipe.build.options import Options
from ferpipe.errors import Slip

ROOT = Path(__file__).parents[1]


def called(*arguments, capsys):
    status = build.main([str(argument) for argument in arguments])
    return status, capsys.readouterr().err.splitlines()


def test_no_arguments_ask_for_the_default_build():
    assert build.options([]) == Options()


@pytest.mark.parametrize("arguments", [
    ["predict", "face.png", "--network", "shipped"], ["predict", "--network", "shipped", "face.png"],
    ["--network", "shipped", "predict", "face.png"],
])  # fmt: skip
def test_flags_stand_anywhere(arguments):
    assert build.options(arguments) == Options(command="predict", images=Path("face.png"), network="shipped")


def test_rebuild_alone_means_all():
    assert build.options(["--rebuild"]).rebuild == "all"
    assert build.options(["--rebuild", "lime"]).rebuilds("analyse", "lime")
    assert not build.options(["--rebuild", "lime"]).rebuilds("analyse", "saliency")
    assert build.options(["--rebuild", "analyse"]).rebuilds("analyse", "saliency")


@pytest.mark.parametrize("arguments", [
    ["--members", "0"], ["--members", "many"], ["--epochs", "-1"], ["--epochs", "1.5"], ["--seed", "x"],
    ["--seed", "²"], ["--preset", "huge"], ["--device", "tpu"], ["--only", "nothing"], ["--rebuild", "nothing"],
    ["--nothing"], ["publish"], ["--data"], ["--mem", "3"],
])  # fmt: skip
def test_an_unknown_value_is_refused_in_one_line(arguments, capsys):
    status, errors = called(*arguments, capsys=capsys)
    assert status == 2
    assert len(errors) == 1 and errors[0].startswith("error: ")
    assert "--help" in errors[0]


def test_an_output_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    for flag in ("--output", "--artefacts", "--results"):
        status, errors = called("--preset", "smoke", flag, tmp_path / "file" / "below", capsys=capsys)
        assert status == 2 and len(errors) == 1
        assert errors[0].startswith("error: ") and str(tmp_path / "file") in errors[0]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(tmp_path, capsys, device):
    import torch

    if getattr(torch, device).is_available():
        pytest.skip(f"this machine has {device}")
    places = ["--artefacts", tmp_path / "a", "--results", tmp_path / "r", "--output", tmp_path / "o"]
    status, errors = called("--device", device, *places, capsys=capsys)
    assert status == 2 and errors[-1].startswith(f"error: --device {device}")


def test_a_path_that_is_not_there_is_refused(tmp_path, capsys):
    places = ["--artefacts", tmp_path / "a", "--results", tmp_path / "r", "--output", tmp_path / "o"]
    status, errors = called("--data", tmp_path / "archive.zip", *places, capsys=capsys)
    assert status == 2 and errors[-1].startswith("error: ") and "archive.zip" in errors[-1]


def test_an_interrupt_says_what_is_kept(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "run", interrupted)
    status, errors = called(capsys=capsys)
    assert status == 130 and "goes on" in errors[-1]


def test_a_bug_keeps_its_traceback(monkeypatch):
    def broken(_):
        raise ZeroDivisionError

    monkeypatch.setattr(build, "run", broken)
    with pytest.raises(ZeroDivisionError):
        build.main([])


def test_every_problem_is_printed_before_the_error_line(monkeypatch, capsys):
    def slips(_):
        slip = Slip("2 problems\nin the text")
        slip.problems = ["a.md:1: one", "a.md:2: two"]
        raise slip

    monkeypatch.setattr(build, "run", slips)
    assert called(capsys=capsys) == (2, ["a.md:1: one", "a.md:2: two", "error: 2 problems in the text"])


def test_help_names_every_command_and_flag_of_the_contract():
    text = subprocess.run(
        [sys.executable, ROOT / "build.py", "--help"], capture_output=True, text=True, check=True
    ).stdout
    words = "train analyse render --data --members --epochs --seed --device --preset --load --only --rebuild --why"
    for word in [*words.split(), "--strict", "--output", "--artefacts", "--results"]:
        assert word in text


def test_weights_that_cannot_be_fetched_are_told_before_the_first_network_is_trained(tmp_path, capsys, monkeypatch):
    from torchvision.models import ResNet18_Weights

    from ferpipe.training import loop
    from ferpipe.training.presets import IMAGENET, PRESETS

    def unreachable(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(type(ResNet18_Weights.IMAGENET1K_V1), "get_state_dict", unreachable)
    monkeypatch.setattr(loop, "train", lambda *_: pytest.fail("a network was trained"))
    smoke = PRESETS["rendered"]["smoke"]
    monkeypatch.setitem(PRESETS["rendered"], "smoke", replace(smoke, kinds=(IMAGENET,), sizes=(70, 28, 14)))
    places = ["--artefacts", tmp_path / "a", "--results", tmp_path / "r", "--output", tmp_path / "o"]
    status, errors = called("train", "--preset", "smoke", *places, capsys=capsys)
    assert status == 2 and "torchvision's weights could not be fetched (no network)" in errors[-1]
