import numpy as np
import pytest
import torch

from ferpipe.analyses import filter_emotions
from ferpipe.networks.resnet import initialised
from ferpipe.results.stored import plain


def test_a_filter_planted_to_answer_to_one_class_wins_with_share_one(study):
    labels = np.arange(42) % 7
    images = np.full((42, 48, 48), 100, np.uint8)
    images[labels == 4] = 200  # only sad faces are bright, and filter 2 answers to light
    network = initialised("imagenet", 8, 0)
    with torch.no_grad():
        network.conv1.weight[2] = 1.0
    result = filter_emotions.analyse(study(labels=labels, images=images, network=network))
    assert plain(result)["winners"][2][0] == 4
    assert plain(result)["share"][2][0] == 1.0
    means = result.arrays["means_conv1"]
    assert means.shape == (64, 7)
    assert means[2].argmax() == 4
    assert np.array_equal(result.arrays["means"][0], means[:6])


def test_the_table_has_filters_in_rows_and_layers_in_columns(study):
    result = filter_emotions.analyse(study())
    assert np.shape(plain(result)["winners"]) == np.shape(plain(result)["share"]) == (6, 5)
    assert result.arrays["means"].shape == (5, 6, 7)
    for layer, name in enumerate(plain(result)["layers"]):
        winners = result.arrays[f"means_{name}"][:6].argmax(1)
        assert winners.tolist() == [row[layer] for row in plain(result)["winners"]]


def test_a_class_without_faces_never_wins(study):
    labels = np.arange(42) % 6  # no neutral face
    result = filter_emotions.analyse(study(labels=labels))
    assert np.isnan(result.arrays["means"][..., 6]).all()
    assert not np.isnan(result.arrays["means"][..., :6]).any()
    assert np.max(plain(result)["winners"]) < 6


def test_classes_that_tie_share_the_win():
    labels = np.arange(28) % 7
    winners, share = filter_emotions.bootstrapped(np.zeros((28, 3)), labels, 7, 20, 0)
    assert winners.tolist() == [0, 0, 0]
    assert share == pytest.approx([1 / 7] * 3)
