"""What holds for each analysis, on poor networks and odd data as well."""

import re
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch

from ferpipe.analyses import ANALYSES, shortcut
from ferpipe.explainers.attributions import gradient
from ferpipe.render.site import render
from ferpipe.results import restricted, stored
from ferpipe.results.stored import plain
from ferpipe.storage import encoding
from ferpipe.text import report as frame
from ferpipe.text.problems import Problems

LABELS = np.arange(42) % 7
ODD = {
    "untrained": {},
    "trained": {"answers": np.where(np.arange(42) % 4, LABELS, (LABELS + 1) % 7)},
    "one member, never wrong": {"labels": LABELS, "answers": LABELS, "members": 1},
    "restricted, never right": {"labels": LABELS, "answers": (LABELS + 3) % 7, "restricted": True},
    "masks are known, always the same answer": {"answers": np.full(42, 6), "known": True},
    "constant images, a class is missing": {
        "labels": np.arange(42) % 6,
        "images": np.full((42, 48, 48), 77, np.uint8),
    },
    "one class": {"labels": np.full(42, 3)},
    "one face a class": {"n": 7},
    "two faces": {"n": 2},
}

UNSHOWN = {  # and what the page says of it
    "one member, never wrong": ("No such face was found in this run", "本次运行中没有找到这样的人脸"),
    "restricted, never right": ("of those emotions was predicted correctly", "这些情绪没有一张预测正确"),
}


@pytest.fixture(autouse=True)
def least(monkeypatch, asking):
    """Less work than smoke: no test here looks at how good a picture is."""
    for name, changes in {
        "filters": {"steps": 1, "faces": 7}, "lime": {"samples": 20, "class_masks": 10, "class_faces": 1},
        "saliency": {"samples": 2, "steps": 2}, "evidence": {"faces": 14}, "scores": {"steps": 2},
        "selectivity": {"permutations": 2, "faces": 7}, "stages": {"faces": 4}, "light": {"faces": 14},
        "shortcut": {"faces": 2},
    }.items():  # fmt: skip
        asking(name, **changes)
    monkeypatch.setattr(shortcut, "METHODS", ("gradient", "occlusion"))


ALWAYS = ("restricted, never right",)  # the others are slow tests


@pytest.mark.parametrize("odd", [pytest.param(name, marks=[pytest.mark.slow] * (name not in ALWAYS)) for name in ODD])
def test_a_report_is_made_of_odd_data_and_says_what_it_cannot_show(study, odd, tmp_path, monkeypatch):
    one = study(**ODD[odd])
    one = replace(one, dataset=replace(one.dataset, name="fer2013"))
    read, open_ = frame.read, () if one.dataset.restricted else ("fer2013",)
    monkeypatch.setattr(frame, "read", lambda *place: replace(read(*place), publishable=open_))
    for name in ANALYSES:
        result = import_module(f"ferpipe.analyses.{name}").analyse(one)
        arrays, faces = stored.arrays(result), stored.arrays(result, "private")
        assert restricted.refused(name, {key: array.shape for key, array in arrays.items()}, plain(result)) == []
        for key, array in {**arrays, **faces}.items():
            assert array.dtype in (np.uint8, np.int16, np.float32), (name, key)
            assert np.isfinite(array).all() or key.startswith("means"), (name, key)
        folder = tmp_path / "results" / "fer2013" / name
        stored.write(folder, result, {}, private=one.dataset.restricted)  # refuses NaN
        again = stored.read(folder)
        assert plain(again) == plain(result) and type(again) is type(result) is stored.type_of(name)
        assert (getattr(again, "private", None) is None) == (one.dataset.restricted or not faces)
    try:
        render(tmp_path / "results", tmp_path / "site", artefacts=tmp_path / "artefacts", editions=["fer2013"])
    except Problems as problems:
        pytest.fail("\n".join(problems.problems))
    for place, language in enumerate(("en", "zh")):
        page = (tmp_path / "site" / language / "index.html").read_text(encoding="utf-8")
        assert not re.search(r"[>\s(](nan|None|inf)[<\s)]", page)
        assert UNSHOWN.get(odd, ("", ""))[place] in page


@pytest.mark.parametrize("name", ANALYSES)
def test_the_same_study_gives_the_same_bytes_and_no_hook_is_left(study, name):
    made = []
    for state in (1, 2):
        torch.manual_seed(state)  # nobody looks at it
        one = study(n=14, known=True)
        made.append(import_module(f"ferpipe.analyses.{name}").analyse(one))
        assert not any(module._forward_hooks or module._backward_hooks for module in one.model.modules())
    assert encoding.json_bytes(plain(made[0])) == encoding.json_bytes(plain(made[1]))
    for field in stored.PICTURES:
        assert len({encoding.npz_bytes(stored.arrays(result, field)) for result in made}) == 1


@pytest.mark.parametrize("name", ["saliency", "filters", "conv1_outputs", "lime"])
def test_nothing_published_of_a_restricted_data_set_looks_like_one_face(study, name):
    one = study(n=42, restricted=True)
    result = import_module(f"ferpipe.analyses.{name}").analyse(one)
    faces = np.concatenate([one.dataset.dev.images, one.dataset.train.images]).reshape(-1, 48 * 48).astype(float)
    for key, array in stored.arrays(result).items():
        for picture in array.reshape(-1, *array.shape[-2:]).astype(float):
            step = 48 // len(picture)
            if picture.std() == 0 or step > 4:  # blank, or a kernel of a few pixels
                continue
            seen = faces.reshape(-1, 48, 48)[:, ::step, ::step].reshape(len(faces), -1)
            likeness = np.corrcoef(np.vstack([picture.ravel(), seen]))[0, 1:]
            assert np.abs(likeness).max() < 0.9, key


def test_means_of_few_faces_of_a_restricted_data_set_are_left_out(study):
    one = study(restricted=True)
    for name, key in (("data", "mean_faces"), ("saliency", "class_maps"), ("lime", "class_weights")):
        result = import_module(f"ferpipe.analyses.{name}").analyse(one)
        assert not stored.arrays(result)[key].any()
        assert plain(result)[f"{key}_n"] == [0] * 7


def test_a_network_first_asked_for_in_inference_mode_can_still_be_explained(study):
    subject = study(n=4)
    with torch.inference_mode():
        networks = (subject.model, subject.quick)  # both are made when they are first asked for, here
    faces = torch.rand(2, 1, 48, 48)
    assert all(np.abs(gradient(network, faces, torch.tensor([0, 1]))).any() for network in networks)
