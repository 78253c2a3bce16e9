import numpy as np
import pytest
import torch
from test_counterfactuals import drawn
from torch import nn

from ferpipe.analyses import shortcut
from ferpipe.analyses.counterfactuals import counterfactuals
from ferpipe.analyses.shortcut import auc
from ferpipe.build import effort as efforts
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.explainers import methods
from ferpipe.explainers.inputs import inputs
from ferpipe.results import stored
from ferpipe.results.stored import plain

NEUTRAL = EMOTIONS.index("neutral")
SAD = EMOTIONS.index("sad")


class Knows(nn.Module):
    """Says "sad" to the pictures that it knows and "neutral" to all others."""

    def __init__(self, images):
        super().__init__()
        self.known = inputs(images, torch.device("cpu"))

    def forward(self, given):
        same = ((given[:, None] - self.known[None]).abs().amax((2, 3, 4)) < 1e-6).any(1)
        labels = torch.where(same, torch.tensor(SAD), torch.tensor(NEUTRAL))
        return 2.0 * nn.functional.one_hot(labels, 7)


def test_the_area_is_one_for_the_mask_itself_a_half_for_an_even_map_and_nothing_for_the_opposite():
    masks = np.zeros((4, 48, 48), bool)
    masks[:, 10:20, 30:40] = True
    half = np.where(np.arange(48) >= 35, masks[0], 0)  # half of the mask stands out, the rest is as all others
    maps = np.stack([masks[0], np.ones((48, 48)), ~masks[0], half]).astype(np.float32)
    assert auc(maps, masks).tolist() == [1, 0.5, 0, pytest.approx(0.75)]
    assert auc(maps[:0], masks[:0]).shape == (0,)


def test_hands_that_decide_are_counted_and_the_method_that_marks_them_is_found(study, monkeypatch):
    one = drawn(study, n=60, emotion=SAD)
    hands = np.flatnonzero(one.dataset.truth["hands"])
    decisive = hands[: len(hands) // 2]
    one = drawn(study, Knows(one.dataset.dev.images[decisive]), n=60, emotion=SAD)
    found = counterfactuals(one, hands, ("hand",))
    masks = {one.dataset.dev.images[k].tobytes(): face.masks[0] for k, face in zip(hands, found, strict=True)}

    def relevance(name, network, images, targets, device, seed, effort=1.0):
        if name == "rise":
            return np.stack([masks[image.tobytes()] for image in images]).astype(np.float32)
        if name == "lime":  # as above, for the hands that decide alone
            return np.stack([masks[i.tobytes()] * (2.0 * (t == SAD) - 1) for i, t in zip(images, targets, strict=True)])
        return np.ones((len(images), 48, 48), np.float32)

    monkeypatch.setattr(shortcut, "relevance", relevance)
    numbers = plain(shortcut.analyse(one))
    n, few = len(hands), len(decisive)
    assert numbers["available"] and numbers["n"] == n > few > 3
    assert numbers["flips"]["value"] == few / n and numbers["flips"]["interval"][0] > 0
    assert numbers["by_answer"][SAD]["value"] == 1 and numbers["by_answer"][SAD]["n"] == few
    assert numbers["by_answer"][NEUTRAL]["value"] == 0 and numbers["by_answer"][0] is None
    assert numbers["answers"][SAD][NEUTRAL] == few and numbers["answers"][NEUTRAL][NEUTRAL] == n - few
    assert np.sum(numbers["answers"]) == n
    gain = np.log(np.e**2 / 6) - np.log(1 / (5 + np.e**2))  # of sad's log-odds
    assert numbers["sad_effect"]["value"] == pytest.approx(gain * few / n, rel=1e-5)
    rise, lime, gradient = (numbers["methods"][name] for name in ("rise", "lime", "gradient"))
    assert rise["decisive"]["value"] == rise["other"]["value"] == 1
    assert lime["decisive"]["value"] == 1 and lime["other"]["value"] == 0
    assert gradient["decisive"] == {"value": 0.5, "interval": pytest.approx([0.5, 0.5]), "n": few}
    assert numbers["baselines"]["centre"]["other"]["n"] == n - few == numbers["explained"]["other"]


def test_no_more_faces_are_explained_than_asked_for(study, monkeypatch):
    monkeypatch.setattr(shortcut, "relevance", lambda name, network, images, *_: images.astype(np.float32))
    one = drawn(study, n=60, emotion=SAD, preset="smoke")
    numbers = plain(shortcut.analyse(one))
    assert numbers["n"] == one.dataset.truth["hands"].sum() > 2 * efforts.of("smoke")["shortcut"].faces
    assert max(numbers["explained"].values()) == efforts.of("smoke")["shortcut"].faces


def test_without_a_hand_there_is_nothing_to_measure(study):
    one = drawn(study, n=2, emotion=3)
    assert not one.dataset.truth["hands"].any()
    numbers = plain(shortcut.analyse(one))
    assert numbers["available"] and numbers["n"] == 0 and numbers["flips"] is None and numbers["sad_effect"] is None
    assert numbers["methods"] == {name: {"decisive": None, "other": None} for name in methods.METHODS}


def test_of_photographs_nothing_is_known_and_the_keys_are_the_same(study, tmp_path):
    result = shortcut.analyse(study(known=True))
    stored.write(tmp_path / "shortcut", result, {})
    drawn_ones = plain(shortcut.analyse(drawn(study, n=2, emotion=3)))
    assert plain(result).keys() == drawn_ones.keys()
    assert not plain(result)["available"]
    assert {key for key, value in plain(result).items() if value is None} == {
        "n", "flips", "by_answer", "answers", "sad_effect", "explained", "methods", "baselines",
    }  # fmt: skip
