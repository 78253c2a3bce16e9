import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation
from torch import nn

from ferpipe.explainers import methods
from ferpipe.explainers.attributions import layercam
from ferpipe.explainers.inputs import inputs
from ferpipe.explainers.methods import BASELINES, METHODS, SIGNED, relevance, stage
from ferpipe.networks.resnet import DEVIATION, MEAN, initialised

CPU = torch.device("cpu")
TARGET, GAIN = 4, 20.0
READ, IGNORED = np.s_[16:32, 32:48], np.s_[26:42, 4:20]  # blocks that are bright; the network reads one of them
BEYOND = 10  # pixels around a block into which patches, cells and bilinear maps reach


class Block(nn.Module):
    """A network whose logit of TARGET is GAIN times the mean grey of the block READ, the others 0."""

    def __init__(self):
        super().__init__()
        self.layer2 = nn.AvgPool2d(4)  # 12x12
        self.layer3 = nn.AvgPool2d(2)  # 6x6
        self.layer4 = nn.AvgPool2d(2)  # 3x3, too coarse for LayerCAM

    def forward(self, x):
        cells = self.layer4(self.layer3(self.layer2(x * DEVIATION + MEAN)))
        return GAIN * cells[:, 0, 1, 2, None] * torch.eye(7)[TARGET]


@pytest.fixture
def images():
    """Two grey faces with noise and two bright blocks."""
    faces = np.random.default_rng(0).integers(40, 80, (2, 48, 48), dtype=np.uint8)
    for block in (READ, IGNORED):
        faces[(slice(None), *block)] += 150
    return faces


@pytest.fixture
def network():
    return initialised("imagenet", 8, 0).eval().requires_grad_(False)


def maps(name, images, network=None, target=TARGET, seed=0, effort=0.3):
    return relevance(name, network or Block(), images, np.full(len(images), target), CPU, seed, effort)


def concentration(found):
    """The mean relevance inside READ over the mean size of what lies clearly outside."""
    inside = np.zeros((48, 48), bool)
    inside[READ] = True
    outside = ~binary_dilation(inside, iterations=BEYOND, structure=np.ones((3, 3)))
    return found[inside].mean() / max(np.abs(found[outside]).mean(), 1e-9)


@pytest.mark.parametrize("name", METHODS)
def test_a_network_that_reads_one_block_gets_its_relevance_there(name, images):
    for found in maps(name, images, effort=1.0):
        assert concentration(found) > 5
        assert found[READ].mean() > 5 * np.abs(found[IGNORED]).mean()
        row, column = np.unravel_index(found.argmax(), found.shape)
        assert 12 <= row < 36 and column >= 28


SIDES = [name for name in METHODS if "either sign" in SIGNED[name]]


@pytest.mark.parametrize("name", SIDES)
def test_what_speaks_for_one_answer_speaks_against_another(name, images):
    class Against(Block):
        def forward(self, x):
            return -super().forward(x)

    for found in maps(name, images, Against(), effort=1.0):
        assert concentration(found) < -5


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_asks_no_network(name, images):
    def refuse(*args):
        raise AssertionError("the network was asked")

    network = Block()
    network.forward = refuse
    for found in maps(name, images, network):
        assert concentration(found) < 5 or name == "centre"


@pytest.mark.parametrize("name", [*METHODS, *BASELINES])
def test_every_name_returns_maps_of_its_own_faces_and_its_sign(name, network, images):
    found = relevance(name, network, images, np.array([2, 5]), CPU, 0, 0.05)
    assert found.shape == (2, 48, 48) and found.dtype == np.float32 and np.isfinite(found).all()
    assert (found < 0).any() == ("either sign" in SIGNED[name])
    assert np.ptp(found, axis=(1, 2)).min() > 0
    second = relevance(name, network, images[1:], np.array([5]), CPU, 0, 0.05)
    if name not in ("smoothgrad", "random"):  # these draw by the face's index
        np.testing.assert_allclose(second[0], found[1], rtol=1e-3, atol=1e-3 * np.abs(found[1]).max())


def test_every_method_and_baseline_says_what_its_values_mean():
    assert tuple(SIGNED) == (*METHODS, *BASELINES) == tuple(methods._BY_NAME)


@pytest.mark.parametrize("name", [*METHODS, *BASELINES])
def test_equal_seeds_give_equal_maps_and_others_do_where_nothing_is_drawn(name, network, images):
    first, again, other = (maps(name, images, network, seed=seed, effort=0.05) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.array_equal(first, other) == (name not in ("smoothgrad", "lime", "rise", "random"))


@pytest.mark.parametrize("name", [*METHODS, *BASELINES])
def test_no_faces_have_no_maps(name, images):
    assert maps(name, images[:0]).shape == (0, 48, 48)


def test_effort_scales_what_a_method_asks_of_the_network(images):
    class Counting(Block):
        faces = 0

        def forward(self, x):
            self.faces += len(x)
            return super().forward(x)

    for name in ("smoothgrad", "integrated", "lime", "rise", "occlusion"):
        little, much = Counting(), Counting()
        maps(name, images[:1], little, effort=0.1)
        maps(name, images[:1], much, effort=0.4)
        assert 1.5 * little.faces < much.faces < 6 * little.faces


def test_an_unknown_name_and_missing_targets_are_refused(images):
    with pytest.raises(ValueError, match=r"'shap'.*gradient.*centre"):
        maps("shap", images)
    with pytest.raises(ValueError, match=r"images \(=2\) and targets \(=1\)"):
        relevance("gradient", Block(), images, np.array([0]), CPU, 0)


@pytest.mark.parametrize(("stem", "expected"), [("imagenet", "layer2"), ("pooled", "layer3"), ("small", "layer4")])
def test_layercam_reads_the_last_stage_of_six_pixels_or_more(stem, expected):
    assert stage(initialised(stem, 2, 0).eval(), CPU) == expected


def test_of_another_network_layercam_reads_its_last_layer_of_six_pixels_or_more():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, stride=8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 7))
    assert stage(network.eval(), CPU) == "1"


def test_without_a_stage_of_six_pixels_layercam_is_refused():
    network = nn.Sequential(nn.AvgPool2d(12), nn.Flatten(), nn.Linear(16, 7))
    with pytest.raises(ValueError, match=r"no stage has a map of 6 pixels .* \{'0': 4\}"):
        stage(network.eval(), CPU)


def test_layercam_is_the_activation_times_the_positive_gradient(images):
    found = layercam(Block(), "layer4", inputs(images, CPU), np.array([TARGET, 0]))
    peak = GAIN * (images[0, 16:32, 32:48] / 255).mean() * (1 - 0.5 / 16)  # the cell's centre is between two pixels
    assert found[0].max() == pytest.approx(peak, rel=1e-4)
    np.testing.assert_allclose(found[0, 23:25, 40:], peak, rtol=1e-4)  # from the cell's centre to the edge
    assert np.abs(found[0, :, :16]).max() == 0
    assert np.abs(found[1]).max() == 0  # another class's logit does not depend on it


def test_layercam_leaves_no_hook_behind(network, images):
    maps("layercam", images, network)
    assert not any(module._forward_hooks for module in network.modules())


def test_edges_are_the_slope_in_grey_levels_a_pixel():
    ramp = np.tile(np.arange(48, dtype=np.uint8) * 3, (48, 1))
    found = maps("edges", np.stack([ramp, ramp.T]))
    np.testing.assert_allclose(found[:, 1:-1, 1:-1], 3, rtol=1e-5)
    assert np.abs(maps("edges", np.full((1, 48, 48), 9, np.uint8))).max() == 0


def test_the_centre_falls_off_as_a_gaussian(images):
    found = maps("centre", images)
    assert np.array_equal(found[0], found[1])
    rows, columns = np.mgrid[:48, :48] - 23.5
    expected = -(rows**2 + columns**2) / (2 * 12.0**2)
    np.testing.assert_allclose(np.log(found[0]), expected, atol=1e-4)


def test_random_relevance_is_smooth_and_differs_from_face_to_face(images):
    found = maps("random", images)
    assert abs(np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1]) < 0.5
    neighbours = np.corrcoef(found[0, :, :-1].ravel(), found[0, :, 1:].ravel())[0, 1]
    assert neighbours > 0.9
