"""The network for the page: whole numbers, drawn faces in their places, experiments, and what is unlike a face."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ferpipe.analyses import network, unlike
from ferpipe.data.faces import rendered
from ferpipe.networks import views
from ferpipe.networks.folding import Folded
from ferpipe.networks.resnet import initialised


@pytest.mark.parametrize(("stem", "width"), [("imagenet", 8), ("small", 4), ("pooled", 8)])
def test_whole_numbers_give_nearly_the_same_answers_and_are_in_the_order_of_the_layers(study, stem, width):
    exact, coarse = (Folded(initialised(stem, width, 3).eval()) for _ in range(2))
    weights, scales, biases = network.in_whole_numbers(coarse)
    assert weights.dtype == np.int16 and np.abs(weights).max() == 2 ** (network.BITS - 1) - 1
    layers = network.layers(exact)
    assert len(weights) == sum(layer.weight.numel() for layer in layers)
    assert len(scales) == len(biases) == sum(len(layer.weight) for layer in layers)
    first = (
        weights[: layers[0].weight.numel()].reshape(64, *layers[0].weight.shape[2:], 1) * scales[:64, None, None, None]
    )
    np.testing.assert_allclose(first[..., 0], layers[0].weight.detach()[:, 0], atol=scales.max())
    images = torch.from_numpy(study().dataset.dev.images)
    one, other = (views.logits(model, images).softmax(1).numpy() for model in (exact, coarse))
    assert np.abs(one - other).max() < 0.03


def test_a_drawn_face_stands_where_it_is_looked_for():
    faces = network.drawn(seed=0)
    each = 1 + sum(len(control.levels) for control in network.CONTROLS)
    assert faces.shape == (network.PEOPLE * 7 * each, 48, 48) and len(faces) <= 900
    happy = rendered.EMOTIONS.index("happy")
    plain, dark, hand = (
        faces[place]
        for place in (network.place(1, happy), network.place(1, happy, "light", -2), network.place(1, happy, "hand", 1))
    )
    assert dark.mean() < plain.mean() - 20
    assert (hand != plain).mean() > 0.02
    assert len(np.unique(faces.reshape(len(faces), -1), axis=0)) > 0.9 * len(faces)


def test_the_told_outcomes_are_the_whole_numbers_networks(study):
    given = study(restricted=True)
    result = network.analyse(given)
    assert result.private is None and not result.controls
    coarse = Folded(given.members[0].network(torch.device("cpu")))
    network.in_whole_numbers(coarse)
    pictures = [*network.grey(network.shown_means(given.dataset)[0]), network.photograph()]
    for trial in result.experiments:
        shown = network.seen(pictures[trial.changed], result.grid, trial.hide, trial.bright)[None]
        chances = views.averaged(coarse, torch.from_numpy(shown)).double().softmax(1)[0]
        assert trial.after == pytest.approx(float(chances[trial.label]), abs=1e-6)


def test_hidden_cells_have_the_mean_of_what_is_shown():
    picture = np.arange(48 * 48, dtype=np.int64).reshape(48, 48).astype(np.uint8)
    shown = network.seen(picture, 8, [0, 63], 10)
    assert len(np.unique(shown[:6, :6])) == len(np.unique(shown[42:, 42:])) == 1
    assert (shown[:6, 6:] == np.clip(picture[:6, 6:].astype(int) + 10, 0, 255)).all()


def test_what_is_made_of_faces_and_is_none_is_told_from_them():
    faces, rng = rendered.draw(rendered.sample(240, 5)), np.random.default_rng(0)

    parts = zip(("train", "dev", "test"), (faces[:160], faces[160:200], faces[200:]), strict=True)
    dataset = SimpleNamespace(**{name: SimpleNamespace(images=images) for name, images in parts})
    model = Folded(initialised("small", 8, 1).eval())
    read = unlike.fitted(model, SimpleNamespace(dataset=dataset), dataset.dev.images[:4], rng, 10)
    flagged = read.of(unlike.third(model, faces[160:200])) > 0
    assert flagged.mean() <= 1 - unlike.CALM + 0.025
    assert read.told.noise > 0.9 and read.told.unseen is not None and read.told.unseen < 0.3
