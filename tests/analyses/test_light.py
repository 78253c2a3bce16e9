import numpy as np
import pytest

from ferpipe.analyses import confusion, light, stages
from ferpipe.results.stored import plain


def test_qualities_are_those_of_the_face_alone():
    images = np.zeros((2, 48, 48), np.uint8)
    images[0, :, :24], images[1, :, :24] = 100, 50
    images[1, ::2, :24] = 150
    faces = np.zeros((2, 48, 48), bool)
    faces[:, :, :24] = True
    found = light.qualities(images, faces)
    assert found["brightness"].tolist() == [100, 100] and found["contrast"].tolist() == [0, 50]
    assert found["detail"][1] > found["detail"][0]


def test_accuracy_is_told_by_thirds_and_the_outer_two_are_compared():
    values, rng = np.arange(300.0), np.random.default_rng(0)
    found = light.by_third(values, values >= 200, rng, 200)
    assert [third.value for third in found.thirds] == [0, 0, 1]
    assert found.difference.value == 1 and found.difference.interval == pytest.approx([1, 1])
    assert found.difference.n == 200
    assert light.by_third(np.zeros(30), np.ones(30, bool), rng, 200).difference is None  # all stand together


def test_one_output_sees_what_its_layers_receptive_field_is(study):
    asked = study()
    assert stages.receptive(asked, "conv1") == 7
    assert stages.receptive(asked, "layer1.0.conv1") == 7 + 2 * 2 + 2 * 4  # pooling at stride 2, a convolution at 4
    assert stages.receptive(asked, "layer4.0.conv1") == 48


def test_a_layers_maps_follow_their_own_face_more_than_another(study):
    numbers = plain(stages.analyse(study()))
    first = numbers["layers"][0]
    assert first["likeness"] > 0.5 and first["above"]["value"] > 0.2


def test_a_reduced_map_is_the_mean_of_what_it_covers():
    maps = np.arange(48.0)[None, :, None] * np.ones((1, 48, 48))
    assert stages.reduced(maps, 3)[0, :, 0].tolist() == [7.5, 23.5, 39.5]
    assert stages.reduced(maps, 48)[0, :, 0].tolist() == list(range(48))


def test_recalls_are_held_against_frequencies_and_the_originals_order(study):
    labels = np.arange(70) % 7
    best = np.isin(labels, [3, 5, 6])
    asked = study(n=70, labels=labels, answers=np.where(best, labels, (labels + 1) % 7))
    numbers = plain(confusion.analyse(asked))
    assert numbers["frequency"]["n"] == 7 and -1 <= numbers["frequency"]["value"] <= 1
    assert numbers["best"]["values"] == pytest.approx([1.0, 1.0]) and numbers["balanced"] is None
