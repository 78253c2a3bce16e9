from dataclasses import replace

import numpy as np
import pytest
import torch
from test_counterfactuals import Answering, Reads
from torch import nn

from ferpipe.analyses import atlas, elsewhere, evidence
from ferpipe.analyses.pairs import matched
from ferpipe.networks.folding import folded
from ferpipe.networks.resnet import initialised
from ferpipe.results.stored import plain

CPU = torch.device("cpu")


class Corner(nn.Module):
    """Answers happy by the brightness of the cell in the third row and sixth column, whatever else there is."""

    def forward(self, given):
        found = torch.zeros(len(given), 7)
        found[:, 3] = 4 * given[:, 0, 12:18, 30:36].mean((1, 2))
        return found


def speckled(n=3):
    """Faces of mid grey with a bright cell in the third row and sixth column: their blur hides it."""
    images = np.full((n, 48, 48), 100, np.uint8)
    images[:, 12:18, 30:36] = 250
    return images


def test_hiding_a_cell_takes_its_evidence_and_its_neighbours_half():
    found = evidence.falls(Corner(), speckled(), CPU)
    assert found.shape == (3, 7, 8, 8) and found.dtype == np.float32
    happy = found[0, 3]
    assert np.unravel_index(happy.argmax(), happy.shape) == (2, 5)
    assert 0 < happy[2, 4] < happy[2, 5] and 0 < happy[1, 5] < happy[2, 5]  # the margin reaches half into the next cell
    far = np.ones((8, 8), bool)
    far[1:4, 4:7] = False
    assert np.abs(happy[far]).max() < 1e-5
    assert (found[0, 0] <= 1e-6).all()  # what speaks for happy speaks against the rest
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["imagenet", "pooled"])
def test_evidence_by_patch_is_that_of_whole_copies(kind):
    network = folded(initialised(kind, 8, 0).eval())

    class Asked(nn.Module):
        def forward(self, given):
            return network(given)

    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)
    found, expected = (evidence.falls(one, images, CPU) for one in (network, Asked()))
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_shares_are_those_of_the_positive_evidence_inside_a_mask():
    maps = np.zeros((3, 8, 8), np.float32)
    maps[0, 0, 0], maps[0, 7, 7] = 3, 1
    maps[1, 0, 0] = -2
    masks = np.zeros((3, 48, 48), bool)
    masks[:, :6, :3] = True  # half of the first cell
    found = evidence.shares(maps, masks)
    assert found[0] == pytest.approx(3 * 0.5 / 4)
    assert np.isnan(found[1:]).all()  # nothing speaks for the answer


def test_false_discoveries_are_controlled_over_all_tests():
    p = np.array([0.001, 0.045, 0.035, 0.011, 0.9])
    assert atlas.discovered(p).tolist() == [True, False, False, True, False]  # 0.035 > 0.05 * 3 / 5
    assert not atlas.discovered(np.full(5, 0.2)).any()
    assert atlas.discovered(np.array([0.05, 0.04])).all()  # the larger one stays below its own bound


def test_wrong_faces_are_matched_with_right_ones_of_their_answer_and_confidence_once():
    answers = np.array([3, 3, 3, 3, 5, 5])
    right = np.array([False, True, True, False, False, True])
    confidence = np.array([0.60, 0.62, 0.95, 0.61, 0.5, 0.9])
    every = np.ones(6, bool)
    pairs = matched(answers, right, confidence, every, np.random.default_rng(0))
    assert len(pairs) == 1 and pairs[0, 0] in (0, 3) and pairs[0, 1] == 1  # the other one's partner is too sure


def test_a_network_that_looks_outside_the_face_is_found_out(study):
    """Its answer is fear by the brightness of two cells: right faces are bright inside the face, wrong ones outside."""
    inside, outside = (slice(12, 18), slice(24, 30)), (slice(0, 6), slice(0, 6))
    weights = np.zeros((48, 48))
    weights[inside] = weights[outside] = 0.05
    labels = np.arange(40) % 2 * 2  # angry, fear
    images = np.full((40, 48, 48), 100, np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[inside if label == 2 else outside] = 200
    asked = study(n=40, labels=labels, images=images, answers=np.full(40, 2), known=True, preset="default")
    asked.dataset.truth.update(emotions=labels, hands=np.zeros(40, bool))
    network = Answering(**vars(asked.members[0]), answering=Reads(weights))
    found = plain(elsewhere.analyse(replace(asked, members=(network,))))
    assert found["wrong"]["value"] > 0.9 > 0.1 > found["right"]["value"]
    assert found["matched"]["values"][0] > 0.8 and found["matched"]["n"] >= 10
    assert found["patches"]["wrong"]["strongest"]["n"] == found["matched"]["n"]


def test_regions_hold_the_evidence_and_happy_stands_out_by_its_mouth(study):
    """A network that reads the mouth alone has its evidence there, far above the mouth's area."""
    rows = np.zeros((48, 48))
    rows[32:36, 14:34] = 0.05
    labels = np.repeat([2, 3], 15)
    images = np.full((30, 48, 48), 100, np.uint8)
    images[:, 32:36, 14:34] = 220
    asked = study(n=30, labels=labels, images=images, answers=np.repeat([2, 3], 15), known=True, preset="default")
    network = Answering(**vars(asked.members[0]), answering=Reads(rows))
    numbers = plain(atlas.analyse(replace(asked, members=(network,))))
    mouth = numbers["share"]["mouth"]
    assert mouth["by_answer"][2]["value"] > 3 * mouth["area"] and mouth["by_answer"][0] is None
    assert numbers["right"][2] == 15 and numbers["wrong"] == [0] * 7
