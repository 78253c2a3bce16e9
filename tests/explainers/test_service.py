import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from torch import nn

from ferpipe.explainers import perturbation, superpixels
from ferpipe.explainers import service as methods
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.perturbation import BATCH
from ferpipe.explainers.service import KINDS, PATCH, STRIDE, Service
from ferpipe.networks.resnet import DEVIATION, MEAN, initialised

CPU = torch.device("cpu")
GAIN, TARGET, PIXEL = 20.0, 3, (21, 30)  # the pixel lies in patches that begin at rows 16, 20 and columns 24, 28


class Pixel(nn.Module):
    """A network whose logit of TARGET is GAIN times the grey of one pixel, the others 0; it counts its faces."""

    def __init__(self):
        super().__init__()
        self.faces = 0

    def forward(self, x):
        self.faces += len(x)
        grey = x[:, 0, PIXEL[0], PIXEL[1]] * DEVIATION + MEAN
        return GAIN * grey[:, None] * torch.eye(7)[TARGET]


class Constant(nn.Module):
    def forward(self, x):
        return torch.arange(7.0).repeat(len(x), 1)


@pytest.fixture
def images():
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    faces[(slice(None), *PIXEL)] = 255  # far from its blur
    return faces


@pytest.fixture
def network():
    return initialised("imagenet", 8, 0).eval().requires_grad_(False)


def change(images, face=0):
    """By how much the pixel's log-odds fall when it is blurred."""
    return GAIN * (images[face] / 255 - blurred(images[[face]], superpixels.BLUR)[0])[PIXEL]


def test_log_odds_are_those_of_the_softmax(network, images):
    faces = images.astype(np.float32) / 255
    found = perturbation.log_odds(network, faces, CPU)
    given = torch.tensor(faces)[:, None].sub(MEAN).div(DEVIATION)
    probabilities = torch.softmax(network(given).double(), 1).numpy()
    assert found.dtype == np.float64 and found.shape == (3, 7)
    np.testing.assert_allclose(found, np.log(probabilities / (1 - probabilities)), rtol=1e-3, atol=1e-3)


def test_log_odds_of_a_sure_network_do_not_saturate():
    found = perturbation.log_odds(Constant(), np.zeros((2, 48, 48), np.float32), CPU)
    np.testing.assert_allclose(found[0, 6], 6 - logsumexp(np.arange(6)))
    sure = nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, 7)).requires_grad_(False)
    sure[1].weight.zero_()
    sure[1].bias.copy_(torch.tensor([100.0, 0, 0, 0, 0, 0, 0]))
    assert perturbation.log_odds(sure, np.zeros((1, 48, 48), np.float32), CPU)[0, 0] == pytest.approx(100 - np.log(6))


def test_a_mask_shows_the_face_at_one_its_blur_at_nought_and_mixes_between(images):
    shown = np.stack([np.full((48, 48), share) for share in (1, 0, 0.25)])
    found = methods.answers(Pixel(), images[0], shown, CPU)
    assert found.dtype == np.float16 and found.shape == (3, 7)
    whole, hidden = images[0] / 255, blurred(images[:1], superpixels.BLUR)[0]
    expected = [GAIN * grey[PIXEL] - np.log(6) for grey in (whole, hidden, 0.25 * whole + 0.75 * hidden)]
    np.testing.assert_allclose(found[:, TARGET], expected, atol=0.01)


def test_more_masks_than_a_batch_are_answered_in_order(images):
    shown = np.random.default_rng(0).integers(0, 2, (2 * BATCH + 3, 1, 1)) * np.ones((1, 48, 48))
    found = methods.answers(Pixel(), images[0], shown, CPU)[:, TARGET].astype(float)
    ends = [methods.answers(Pixel(), images[0], np.full((1, 48, 48), share), CPU)[0, TARGET] for share in (0, 1)]
    np.testing.assert_array_equal(found, np.where(shown[:, 0, 0] == 1, ends[1], ends[0]))


def test_each_kind_member_and_face_is_forwarded_once(images):
    networks = [Pixel(), Pixel()]
    service = Service(networks, images, CPU, 0, 0.1)
    assert [network.faces for network in networks] == [0, 0]
    for kind, method in zip(KINDS, (methods.lime, methods.rise, methods.occlusion), strict=True):
        before = networks[1].faces
        first = method(service, 1, 2)
        assert first.shape == (7, 48, 48) and first.dtype == np.float32
        assert networks[1].faces == before + len(service.masks(kind, 2))
        assert np.array_equal(method(service, 1, 2), first)
        assert service.answers(kind, 1, 2) is service.answers(kind, 1, 2)
        assert networks[1].faces == before + len(service.masks(kind, 2))
    before = networks[1].faces
    service.answers("rise", 1, 0)
    assert networks[1].faces == before + len(service.soft)
    assert networks[0].faces == 0


def test_maps_are_the_same_where_networks_answer_in_bfloat16(network, images, monkeypatch):
    three = methods.lime, methods.rise, methods.occlusion
    exact = [method(Service([network], images, CPU, 0, 0.2), 0, 1) for method in three]
    monkeypatch.setattr(methods.machine, "half", lambda device: True)
    service = Service([network], images, CPU, 0, 0.2)
    assert {weight.dtype for weight in service.networks[0].parameters()} == {torch.bfloat16}
    for method, before in zip(three, exact, strict=True):
        assert np.corrcoef(method(service, 0, 1).ravel(), before.ravel())[0, 1] > 0.99


def test_kept_answers_cannot_be_written_into(images):
    found = Service([Pixel()], images, CPU, 0, 0.05).answers("rise", 0, 0)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0


def test_an_unknown_kind_is_named_beside_the_known_ones(images):
    with pytest.raises(ValueError, match=r"'shap'.*lime, rise, occlusion"):
        Service([Pixel()], images, CPU, 0).answers("shap", 0, 0)


def test_limes_masks_hide_whole_segments_and_the_first_none(images):
    service = Service([], images, CPU, 0, 0.2)
    shown, segments = service.masks("lime", 1), service.segments(1)
    assert shown.shape == (200, 48, 48)
    assert shown[0].min() == 1 and set(np.unique(shown)) == {0, 1}
    assert 0.45 < shown[1:].mean() < 0.55
    for index in range(segments.max() + 1):
        assert np.ptp(shown[:, segments == index], axis=1).max() == 0
    assert len(np.unique(service.cells, axis=0)) == 200


def test_rises_masks_are_smooth_and_of_even_mean_and_shifted():
    soft = Service([], np.zeros((0, 48, 48), np.uint8), CPU, 0).soft
    assert soft.shape == (1000, 48, 48) and soft.min() == 0 and soft.max() == 1
    assert np.abs(np.diff(soft, axis=1)).max() < 0.13 > np.abs(np.diff(soft, axis=2)).max()  # one eighth a pixel
    assert np.abs(soft.mean(0) - 0.5).max() < 0.08
    assert np.ptp(soft.std(0)) < 0.18  # without the shifts 0.25: the corners between cells would hardly vary


@pytest.mark.parametrize(("effort", "patches"), [(1.0, 121), (0.15, 36), (0.5, 64), (4.0, 441)])
def test_occlusions_masks_hide_one_patch_each_and_together_all(effort, patches):
    masks = Service([], np.zeros((0, 48, 48), np.uint8), CPU, 0, effort).patches
    assert masks.shape == (1 + patches, 48, 48) and masks[0].min() == 1
    hidden = 1 - masks[1:]
    assert (hidden.sum((1, 2)) == PATCH**2).all() and (hidden.sum(0) >= 1).all()
    assert len(np.unique(masks, axis=0)) == len(masks)


def test_occlusion_of_a_network_that_reads_one_pixel_is_the_fall_there_and_nothing_beyond_its_patches(images):
    found = methods.occlusion(Service([Pixel()], images, CPU, 0), 0, 0)[TARGET]
    row, column = (STRIDE * (place // STRIDE) for place in PIXEL)
    around = np.zeros((48, 48), bool)
    around[row - STRIDE : row + PATCH, column - STRIDE : column + PATCH] = True
    assert np.abs(found[~around]).max() == 0
    assert found[PIXEL] == pytest.approx(change(images), abs=0.02)
    assert (np.sign(found[around]) == np.sign(change(images))).all()
    assert np.abs(found).max() == pytest.approx(abs(found[PIXEL]))
    assert found[row - 1, column] == pytest.approx(found[PIXEL] / 2, abs=0.01)  # two of its four patches hide it


def test_lime_of_a_network_that_reads_one_pixel_is_the_fall_on_its_segment(images):
    service = Service([Pixel()], images, CPU, 0)
    found, segments = methods.lime(service, 0, 0)[TARGET], service.segments(0)
    inside = segments == segments[PIXEL]
    np.testing.assert_allclose(found[inside], change(images), rtol=0.02)
    assert np.abs(found[~inside]).max() < 0.01 * abs(change(images))


def test_rise_of_a_network_that_reads_one_pixel_is_the_covariance_with_its_own_mask_values(images):
    service = Service([Pixel()], images, CPU, 0)
    found = methods.rise(service, 0, 0)[TARGET]
    assert found[PIXEL] == pytest.approx(change(images) * service.deviation[PIXEL], rel=0.02)  # linear in the mask
    assert np.abs(found).argmax() == np.ravel_multi_index(PIXEL, (48, 48))
    rows, columns = np.mgrid[:48, :48]
    far = (np.abs(rows - PIXEL[0]) > 16) | (np.abs(columns - PIXEL[1]) > 16)
    assert np.abs(found[far]).max() < 0.2 * abs(found[PIXEL])


@pytest.mark.parametrize("method", [methods.lime, methods.rise, methods.occlusion])
def test_a_network_that_always_answers_the_same_has_no_relevance(method, images):
    assert np.abs(method(Service([Constant()], images, CPU, 0, 0.2), 0, 0)).max() < 1e-6


def test_the_closed_form_is_what_lime_finds_from_the_same_samples(network, images, monkeypatch):
    kept = []

    class Keeping(superpixels._Explainer):
        def data_labels(self, *args, **kwargs):
            kept.append(super().data_labels(*args, **kwargs))
            return kept[-1]

    monkeypatch.setattr(superpixels, "_Explainer", Keeping)
    labels = range(7)
    expected = superpixels.explain(
        images[0], lambda faces: perturbation.log_odds(network, faces, CPU), labels, 300, seed=5
    )
    service = Service([network], images, CPU, 0)
    assert np.array_equal(service.segments(0), expected.segments)
    service.cells = kept[0][0].astype(np.float32)
    np.testing.assert_allclose(service.answers("lime", 0, 0), kept[0][1], rtol=1e-3, atol=1e-3)
    found, maps = methods.weights(service, 0, 0), methods.lime(service, 0, 0)
    for label in labels:
        assert np.corrcoef(found[:, label], expected.weights[label])[0, 1] >= 0.99
        assert np.corrcoef(maps[label].ravel(), expected.painted(label).ravel())[0, 1] >= 0.99
        np.testing.assert_allclose(maps[label], expected.painted(label), atol=0.05 * np.abs(found[:, label]).max())


def test_the_closed_form_is_made_once_for_each_number_of_segments(images):
    service = Service([Pixel()], images[[0, 0]], CPU, 0, 0.1)
    methods.lime(service, 0, 0)
    count = service.segments(0).max() + 1
    first = service.solution(count)
    methods.lime(service, 0, 1)
    assert service.solution(count) is first and first.shape == (count, 100)
    assert service.solution(count - 1).shape == (count - 1, 100)


def test_the_same_seed_masks_the_same_and_another_does_not(images):
    first, again, other = (Service([Pixel()], images, CPU, seed, 0.1) for seed in (3, 3, 4))
    for kind in ("lime", "rise"):
        assert np.array_equal(first.masks(kind, 0), again.masks(kind, 0))
        assert not np.array_equal(first.masks(kind, 0), other.masks(kind, 0))
        assert np.array_equal(first.answers(kind, 0, 0), again.answers(kind, 0, 0))
    assert np.array_equal(first.masks("occlusion", 0), other.masks("occlusion", 0))  # nothing is drawn


def test_a_faces_maps_do_not_depend_on_the_other_faces(network, images):
    together, alone = Service([network], images, CPU, 0, 0.05), Service([network], images[2:], CPU, 0, 0.05)
    for method in (methods.lime, methods.rise, methods.occlusion):
        np.testing.assert_array_equal(method(together, 0, 2), method(alone, 0, 0))


def test_masks_leave_the_global_generators_alone(images):
    before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()
    service = Service([Pixel()], images, CPU, 0, 0.05)
    for kind in KINDS:
        service.answers(kind, 0, 0)
    assert np.array_equal(np.random.get_state()[1], before)
    assert torch.equal(torch.get_rng_state(), torch_before)
