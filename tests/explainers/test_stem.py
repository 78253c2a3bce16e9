import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ferpipe.explainers import stem
from ferpipe.explainers.inputs import inputs
from ferpipe.explainers.service import Service
from ferpipe.networks.folding import folded
from ferpipe.networks.resnet import initialised

CPU = torch.device("cpu")
SEGMENTS = np.arange(48)[:, None] // 7 * 7 + np.arange(48) // 7  # 49 squares, cut at two edges


@pytest.fixture
def grey():
    return np.random.default_rng(0).random((2, 48, 48), np.float32)


def cells(count, segments=49):
    return np.random.default_rng(1).integers(0, 2, (count, segments)).astype(np.float32)


def layers(stride, size, pooled):
    convolution = nn.Conv2d(1, 5, size, stride, padding=size // 2).requires_grad_(False)
    return convolution, nn.MaxPool2d(3, 2, padding=1) if pooled else nn.Identity()


@pytest.mark.parametrize("stride, size, pooled", [(2, 7, True), (1, 3, True), (1, 3, False), (2, 7, False)])
@pytest.mark.parametrize("count", [1, 40])
def test_the_maps_are_those_of_the_layers_themselves(grey, stride, size, pooled, count):
    convolution, pool = layers(stride, size, pooled)
    shown = cells(count)
    masks = shown[:, SEGMENTS]
    expected = pool(convolution(inputs(masks * grey[0] + (1 - masks) * grey[1], CPU))).relu()
    by_segment = stem.by_segment(convolution, pool, SEGMENTS, shown)
    for patches in (by_segment, stem.by_mask(convolution, pool, masks > 0)):
        (table,) = stem.tables(convolution, patches, *grey[:, None])
        torch.testing.assert_close(F.embedding(patches.rows, table).permute(0, 3, 1, 2), expected)
    assert sorted(patches.rows.unique().tolist()) == list(range(len(table)))  # none without use
    assert len(table) == len(by_segment.read[0])


def test_no_patch_is_forwarded_twice():
    convolution, pool = layers(2, 7, pooled=True)
    shown = cells(400)
    once = stem.by_segment(convolution, pool, SEGMENTS, shown)
    twice = stem.by_segment(convolution, pool, SEGMENTS, np.concatenate([shown, shown[::-1]]))
    assert once.read.shape[1] < once.rows.numel() / 5
    assert torch.equal(twice.read, once.read) and torch.equal(twice.rows[:400], once.rows)
    assert torch.equal(twice.rows[400:], twice.rows[:400].flip(0))
    whole = stem.by_segment(convolution, pool, np.zeros((48, 48), int), cells(400, 1))
    assert whole.read.shape[1] == 2 * whole.rows[0].numel()  # shown or hidden


def test_places_that_see_too_many_segments_are_left_to_the_network():
    scattered = np.random.default_rng(2).integers(0, 49, (48, 48))
    assert stem.by_segment(*layers(2, 7, pooled=True), scattered, cells(9)) is None


@pytest.mark.parametrize("scattered", [False, True])
def test_answers_by_patch_are_those_on_whole_masked_faces(monkeypatch, scattered):
    images = np.random.default_rng(0).integers(0, 256, (1, 48, 48), dtype=np.uint8)
    if scattered:
        monkeypatch.setattr(
            "ferpipe.explainers.service.segmented", lambda image: np.arange(48 * 48).reshape(48, 48) % 49
        )
    network = initialised("imagenet", 8, 0).eval().requires_grad_(False)
    service, plain = (Service([network], images, CPU, 0, 0.3) for _ in range(2))
    assert (service._by_patch(0, 0) is None) == scattered
    monkeypatch.setattr(plain, "_by_patch", lambda member, face: None)
    found, expected = (one.answers("lime", 0, 0) for one in (service, plain))
    assert found.dtype == np.float16 and len(np.unique(found[:, 0])) > 50
    np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("offset", [False, True])
def test_a_sum_of_rows_products_is_the_convolution_of_their_map(size, offset):
    rng = np.random.default_rng(3)
    table, rows = (
        torch.tensor(rng.random((20, 5), np.float32)),
        torch.tensor(rng.integers(0, 19, (4, 6, 7)), dtype=torch.int32),
    )
    table[-1] = 0
    convolution = nn.Conv2d(5, 8, size, padding=size // 2, bias=offset).requires_grad_(False)
    found = stem.Summed(convolution, table)(rows)
    torch.testing.assert_close(found, convolution(table[rows.long()].permute(0, 3, 1, 2)))
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("kind, width", [("imagenet", 8), ("imagenet", 64), ("pooled", 8), ("small", 8)])
def test_logits_are_those_of_the_network(grey, kind, width):
    network = folded(initialised(kind, width, 0).eval())
    shown = cells(5)
    masks = shown[:, SEGMENTS]
    with torch.inference_mode():
        found = stem.logits(network, *grey, SEGMENTS, shown, 3)
        expected = network(inputs(masks * grey[0] + (1 - masks) * grey[1], CPU))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("outside", [0.0, 0.7])
@pytest.mark.parametrize("kind", ["imagenet", "pooled", "small"])
def test_logits_of_several_faces_are_those_of_the_network(grey, kind, outside):
    network = folded(initialised(kind, 8, 0).eval())
    masks = np.ones((4, 48, 48), bool)
    masks[1, :12, :12] = masks[2, 20:33, 17:30] = masks[3] = False
    copies = np.where(masks, grey[:, None], grey[::-1, None]).reshape(-1, 48, 48)
    network.conv1.outside = outside
    patches = stem.by_mask(network.conv1, network.maxpool, masks)
    with torch.inference_mode():
        found = stem.logits_of_each(network, grey, grey[::-1].copy(), patches)
        given = F.pad(inputs(copies, CPU), (network.conv1.padding[0],) * 4, value=outside)
        network.conv1.padding = (0, 0)
        expected = network(given)
    torch.testing.assert_close(found, expected.view(2, 4, 7), rtol=1e-4, atol=1e-4)
