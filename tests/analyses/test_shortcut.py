import numpy as np
import pytest
import torch
from test_counterfactuals import drawn
from test_scores import answering
from torch import nn

from ferpipe.analyses import shortcut
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


@pytest.fixture
def found(study, monkeypatch):
    """Return a study whose networks know some faces with a hand, and whose methods mark hands; and those faces' places.

    The first network says "sad" to half of the faces as long as they have their hand, the second to a fourth.
    """
    one = drawn(study, n=40, emotion=3)
    images, lacking = shortcut.pairs(one)
    masks = {image.tobytes(): image != other for image, other in zip(images, lacking, strict=True)}

    def relevance(name, network, images, targets, device, seed, effort=1.0):
        if name == "rise":
            return np.stack([masks[image.tobytes()] for image in images]).astype(np.float32)
        if name == "lime":  # as above, for the hands that decide alone
            return np.stack([masks[i.tobytes()] * (2.0 * (t == SAD) - 1) for i, t in zip(images, targets, strict=True)])
        return np.ones((len(images), 48, 48), np.float32)

    monkeypatch.setattr(shortcut, "relevance", relevance)
    return answering(one, *(Knows(images[: len(images) // part]) for part in (2, 4))), len(images)


def test_hands_that_decide_are_counted_and_the_methods_that_mark_them_are_found(found):
    one, n = found
    few = n // 2
    numbers = plain(shortcut.analyse(one))
    assert numbers["available"] and numbers["n"] == n > few > 15
    assert numbers["flips"]["value"] == few / n and numbers["flips"]["interval"][0] > 0
    assert numbers["by_answer"][SAD]["value"] == 1 and numbers["by_answer"][SAD]["n"] == few
    assert numbers["by_answer"][NEUTRAL]["value"] == 0 and numbers["by_answer"][0] is None
    assert numbers["answers"][SAD][NEUTRAL] == few and numbers["answers"][NEUTRAL][NEUTRAL] == n - few
    assert np.sum(numbers["answers"]) == n
    rise, lime, gradient = (numbers["methods"][name] for name in ("rise", "lime", "gradient"))
    assert rise["decisive"]["value"] > 0.99 and rise["other"]["value"] > 0.99
    assert lime["decisive"]["value"] > 0.99 and lime["other"]["value"] < 0.01
    assert gradient["decisive"] == {"value": 0.5, "interval": pytest.approx([0.5, 0.5]), "n": few}
    assert numbers["baselines"]["centre"]["other"]["n"] == n - few == numbers["explained"]["other"]
    assert numbers["finders"] == ["lime", "rise"] and numbers["best"] == "random"  # the first of equal ones
    assert numbers["tellers"] == ["lime"]


@pytest.mark.parametrize(("base", "expected"), [((0.5, 0.5), True), ((0.7, 0.5), False)])
def test_what_baselines_mark_more_too_tells_nothing_of_the_network(study, base, expected):
    """The hands of one kind of faces may be easier to mark, for who never asks the network as well."""
    noise = np.random.default_rng(3)

    def marked(*means):
        return tuple(mean + 0.05 * noise.standard_normal(20) for mean in means)

    known = {name: marked(0.5, 0.5) for name in methods.BASELINES}
    known |= {"lime": marked(0.9, 0.7), "random": marked(*base)}
    assert shortcut.tells(study(preset="default"), known, "lime") is expected


def test_a_hand_that_makes_a_face_anything_but_sad_decides_nothing_here(found):
    one, n = found
    model = one.members[0].answering

    class Angry(nn.Module):
        def forward(self, given):
            return model(given).roll(-SAD, 1)  # angry instead of sad, and fear instead of neutral

    numbers = plain(shortcut.analyse(answering(one, Angry())))
    assert numbers["flips"]["value"] > 0.4 and numbers["explained"] == {"decisive": 0, "other": n - n // 2}
    assert numbers["best"] is None and numbers["finders"] == numbers["tellers"] == []


def test_the_hands_effect_on_sadness_is_told_of_each_network_beside_that_on_happiness(found):
    one, n = found
    numbers = plain(shortcut.analyse(one))
    gain = np.log(np.e**2 / 6) - np.log(1 / (5 + np.e**2))  # of sad's log-odds
    shares = [n // 2 / n, n // 4 / n]
    assert numbers["sadness"]["values"] == pytest.approx([gain * share for share in shares], rel=1e-4)
    assert numbers["sadness"]["n"] == n and all(error > 0 for error in numbers["sadness"]["errors"])
    other = numbers["happiness"]["values"]  # it has one of six shares of what sad leaves, and did of neutral
    assert other == pytest.approx([0, 0], abs=1e-4)
    assert numbers["more"]["values"] == pytest.approx(numbers["sadness"]["values"], rel=1e-3)
    assert len(numbers["sadness"]["control"]) == efforts.of("default")["subjects"].networks


def test_every_face_is_drawn_with_a_hand_and_without_whether_or_not_it_had_one(study):
    one = drawn(study, n=12, emotion=SAD, preset="smoke")
    images, lacking = shortcut.pairs(one)
    own = one.dataset.dev.images
    had = one.dataset.truth["hands"]
    assert len(images) == 12 and 0 < had.sum() < 12
    assert (images == own).all((1, 2)).tolist() == had.tolist() and (lacking == own).all((1, 2)).tolist() == (
        ~had
    ).tolist()


def test_no_more_faces_are_drawn_and_explained_than_asked_for(study, monkeypatch):
    monkeypatch.setattr(shortcut, "relevance", lambda name, network, images, *_: images.astype(np.float32))
    one = drawn(study, n=60, emotion=SAD, preset="smoke")
    numbers = plain(shortcut.analyse(one))
    assert numbers["n"] == efforts.of("smoke")["shortcut"].pairs < 60
    assert max(numbers["explained"].values()) == efforts.of("smoke")["shortcut"].faces


def test_where_no_hand_shows_there_is_nothing_to_measure(study, monkeypatch):
    one = drawn(study, n=2, emotion=3)
    monkeypatch.setattr(shortcut, "pairs", lambda study: (np.zeros((0, 48, 48), np.uint8),) * 2)
    numbers = plain(shortcut.analyse(one))
    assert numbers["available"] and numbers["n"] == 0 and numbers["flips"] is None and numbers["sadness"] is None
    assert numbers["methods"] == {name: {"decisive": None, "other": None} for name in methods.METHODS}
    assert numbers["best"] is None and numbers["finders"] == numbers["tellers"] == []


def test_of_photographs_nothing_is_known_and_the_keys_are_the_same(study, tmp_path):
    result = shortcut.analyse(study(known=True))
    stored.write(tmp_path / "shortcut", result, {})
    drawn_ones = plain(shortcut.analyse(drawn(study, n=2, emotion=3)))
    assert plain(result).keys() == drawn_ones.keys()
    assert not plain(result)["available"]
    assert {key for key, value in plain(result).items() if value is None} == {
        "n", "sadness", "happiness", "more", "flips", "by_answer", "answers", "explained", "methods", "baselines",
        "best",
    }  # fmt: skip
