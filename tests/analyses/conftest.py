"""Studies of untrained networks, in memory."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from precision import float32, one_thread  # noqa: F401 (fixtures)
from scipy.ndimage import gaussian_filter

from ferpipe.analyses.study import Study
from ferpipe.build import effort as efforts
from ferpipe.data.dataset import Dataset, Split
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.networks import views
from ferpipe.networks.members import Member
from ferpipe.networks.recipes import Recipe
from ferpipe.networks.resnet import initialised
from ferpipe.results.settings import Asked

CPU = torch.device("cpu")
# what the reader of FER2013 says of its form, which the text tells on
NOTES = {
    "source": "archive.zip", "form": "zip of pictures", "pictures": 102, "converted": 0, "dev_held_out": False,
    "missing_classes": {"train": [], "dev": []}, "test_labels": False,
}  # fmt: skip
CURVES = ("train_loss", "dev_loss", "train_accuracy", "dev_accuracy")


def smooth(n, seed):
    """Pictures (n, 48, 48) uint8 of smooth noise, each over the whole range of grey."""
    noise = gaussian_filter(np.random.default_rng(seed).standard_normal((n, 48, 48)), (0, 3, 3))
    low, high = noise.min((1, 2), keepdims=True), noise.max((1, 2), keepdims=True)
    return np.rint(255 * (noise - low) / (high - low)).astype(np.uint8)


def split(n, seed, labels=None, images=None):
    labels = np.arange(n) % 7 if labels is None else np.asarray(labels)
    return Split(smooth(n, seed) if images is None else images, labels, np.arange(n).astype(str))


def member(dev, seed=0, network=None, logits=None, epochs=2, width=8, role="member"):
    """A member of one chosen epoch, the last; its dev logits are the network's, unless others are given."""
    network = (network or initialised("imagenet", width, seed)).eval()
    if logits is None:
        logits = views.logits(network, torch.tensor(dev.images)).numpy()
    history = {name: [1.0 / (epoch + 1) for epoch in range(epochs)] for name in CURVES}
    made_with = {"versions": {"torch": "2"}, "device": "cpu", "precision": "float32", "threads": 1}
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    stem = "small" if network.conv1.kernel_size == (3, 3) else "imagenet"
    recipe = Recipe(stem=stem, width=width, seed=seed, part=30, role=role)
    every = np.stack([logits] * epochs).astype(np.float16)
    return Member(f"m{seed}", recipe, history, epochs, every, every[-1], made_with, weights)


def truth(n, seed=5):
    """Masks like the rendered faces': a face, features inside it, a hand on every third."""
    rows, columns = np.mgrid[:48, :48]
    face = (rows - 24) ** 2 + (columns - 24) ** 2 < 20**2
    regions = np.zeros((n, 7, 48, 48), bool)
    regions[:, 0], regions[:, 6] = face, ~face
    for index, top in enumerate((12, 18, 24, 32)):
        regions[:, 1 + index, top : top + 4, 14:34] = True
    hands = np.arange(n) % 3 == 0
    regions[hands, 5, 30:40, 2:10] = True
    return {"regions": regions, "hands": hands, "changed": regions[:, 4], "emotions": np.arange(n) % 7}


def surely(answers):
    """Logits (n, 7) for which a network gives `answers`, the surer the later the face."""
    found = np.zeros((len(answers), 7), np.float32)
    found[np.arange(len(answers)), answers] = 2 + 0.1 * np.arange(len(answers))
    return found


@pytest.fixture(scope="session")
def study():
    """Return a function that builds a Study of untrained networks; their answers on dev may be given instead."""

    def build(n=42, members=2, labels=None, images=None, answers=None, restricted=False, known=False, network=None,
              test=None, preset="smoke", seed=0, taught=False):  # fmt: skip
        dev = split(n, 1, labels, images)
        logits = None if answers is None else surely(np.asarray(answers))
        own = tuple(member(dev, k, network, logits) for k in range(members))
        dataset = Dataset("faces", restricted, EMOTIONS, split(60, 0), dev, test, NOTES, truth(n) if known else {})
        pupil = member(dev, 8, role="student") if taught else None
        bare = (member(dev, 9, role="overfitted"),)
        return Study(dataset, own, bare, (), pupil, CPU, seed, efforts.of(preset),
                     Asked(preset, seed))  # fmt: skip

    return build


@pytest.fixture
def asking(monkeypatch):
    """Return a function that changes how much a smoke run asks of an analysis."""

    def change(name, **changes):
        usual, small = efforts.TABLE[name]
        monkeypatch.setitem(efforts.TABLE, name, (usual, replace(small, **changes)))

    return change


@pytest.fixture
def splits():
    """Return `split`, which makes a split of n smooth pictures by seed."""
    return split
