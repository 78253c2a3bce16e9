"""Data, settings and curves: what is passed on from the data set and the members."""

from dataclasses import replace

import numpy as np
import pytest

from ferpipe.analyses import curves, data, settings
from ferpipe.results.stored import plain


def test_data_counts_each_split_and_shows_examples_of_train(study, splits):
    one = study(test=replace(splits(9, 3), labels=None))
    result = data.analyse(one)
    assert plain(result)["splits"]["train"] == {"n": 60, "counts": [9, 9, 9, 9, 8, 8, 8]}
    assert plain(result)["splits"]["test"] == {"n": 9, "counts": None}
    assert plain(result)["examples"] == [6] * 7
    train = one.dataset.train
    np.testing.assert_allclose(result.arrays.mean_faces[2], train.images[train.labels == 2].mean(0) / 255, rtol=1e-5)
    for label in range(7):
        for face in result.private.examples[label]:
            assert any(np.array_equal(face, own) for own in train.images[train.labels == label])


def test_a_class_with_few_faces_leaves_places_empty(study, splits):
    one = study()
    few = replace(splits(8, 0), labels=np.array([0] * 6 + [1, 1]))
    result = data.analyse(replace(one, dataset=replace(one.dataset, train=few)))
    assert plain(result)["examples"] == [6, 2, 0, 0, 0, 0, 0]
    assert not result.private.examples[1, 2:].any()
    assert plain(result)["mean_faces_n"] == [6, 2, 0, 0, 0, 0, 0]


def test_settings_tell_the_accuracies_of_the_analysis_model(study, splits):
    labels = np.arange(42) % 7
    one = study(labels=labels, answers=np.where(np.arange(42) < 21, labels, 6), test=splits(14, 3))
    numbers = plain(settings.analyse(one))
    model = numbers["analysis_model"]
    right = 21 + (labels[21:] == 6).sum()
    assert model["dev_accuracy"] == pytest.approx(right / 42) and model["dev_n"] == 42
    assert model["train_accuracy"] == 0.5 and model["train_n"] == 30  # the recipe's part is 30 faces
    assert 0 <= model["test_accuracy"] <= 1 and model["test_n"] == 14
    assert numbers["device"] == "cpu" and numbers["members"] == 2 and numbers["parameters"]["width"] == 8
    without = plain(settings.analyse(study()))["analysis_model"]
    assert without["test_accuracy"] is without["test_interval"] is without["test_n"] is None


def test_curves_are_the_histories(study):
    one = study()
    numbers = plain(curves.analyse(one))
    assert numbers["overfitted"]["epochs"] == [1, 2]
    assert numbers["overfitted"]["dev_loss"] == [1.0, 0.5]
    assert numbers["overfitted"]["best"] == 2 and numbers["overfitted"]["n_train"] == 30
    assert numbers["analysis"]["n_dev"] == 42
