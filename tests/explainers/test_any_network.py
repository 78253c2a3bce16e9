"""What a stranger's network and pictures get: known answers, and refusals in words."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from ferpipe.explainers import activations, answers, ascent, attributions, perturbation
from ferpipe.explainers.inputs import logits
from ferpipe.explainers.superpixels import segmented

METHODS = {
    "gradient": attributions.gradient,
    "smoothgrad": lambda *asked: attributions.smoothgrad(*asked, samples=3),
    "integrated": lambda *asked: attributions.integrated(*asked, steps=4)[0],
    "layercam": lambda network, *asked: attributions.layercam(network, CONVOLUTION[type(network).__name__], *asked),
    "lime": lambda *asked: np.stack([found.painted() for found in perturbation.lime(*asked, samples=40)]),
    "rise": lambda *asked: perturbation.rise(*asked, samples=20),
    "occlusion": lambda *asked: perturbation.occlusion(*asked, patch=min(asked[1].shape[-2:]) // 2),
}
CONVOLUTION = {"Own": "conv", "ResNet": "layer4.1.conv2", "EfficientNet": "features.7.0"}
every = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


class Own(nn.Module):
    """Three layers, four classes, one colour; `inplace` as most people write it."""

    def __init__(self, inplace=True, outputs=lambda logits: logits):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(inplace)
        self.pool, self.linear = nn.MaxPool2d(2), nn.Linear(6 * 14 * 14, 4)
        self.outputs = outputs

    def forward(self, x):
        return self.outputs(self.linear(self.pool(self.relu(self.conv(x))).flatten(1)))


class Linear(nn.Module):
    """One logit, linear in three colours; not square."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3 * 24 * 30, 1)

    def forward(self, x):
        return self.linear(x.flatten(1))

    @property
    def weights(self):
        return self.linear.weight[0].detach().view(3, 24, 30).double().numpy()


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def drawn(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def state(network):
    """Whatever an explanation could leave behind."""
    hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules()]
    modes = [module.training for module in network.modules()]
    weights = [value.clone() for value in network.state_dict().values()]
    return (
        hooks,
        modes,
        [weight.grad for weight in network.parameters()],
        [w.requires_grad for w in network.parameters()],
        weights,
    )


def same(first, second):
    return first[:4] == second[:4] and all(map(torch.equal, first[4], second[4]))


@pytest.mark.parametrize("kind", ["own", "resnet18", "efficientnet_b0"])
def test_networks_of_any_make_are_explained_and_left_as_they_were(kind, resnet18):
    from torchvision.models import efficientnet_b0

    network = {"own": Own, "resnet18": resnet18, "efficientnet_b0": efficientnet_b0}[kind]()
    pictures = drawn(1, 1, 28, 28) if kind == "own" else drawn(1, 3, 224, 224)
    layer, before, copy = CONVOLUTION[type(network).__name__], state(network), pictures.clone()
    for method in METHODS.values():
        maps = method(network, pictures)
        assert maps.shape == (1, *pictures.shape[2:]) and maps.dtype == np.float32 and np.isfinite(maps).all()
    means = activations.spatial_means(network, [layer], pictures)[layer]
    assert means.shape == (1, network.get_submodule(layer).out_channels)
    best, reached = ascent.filter_pictures(network, layer, [1, 0], pictures.shape[1:], steps=2)
    assert best.shape == (2, *pictures.shape[1:]) and 0 < best.min() < best.max() < 1 and reached.shape == (2,)
    assert torch.equal(pictures, copy) and same(before, state(network))


@every
def test_frozen_weights_training_and_switched_off_gradients_change_no_map(method):
    network, pictures = Own(), drawn(2, 1, 28, 28)
    expected = method(network.eval(), pictures, 2)
    assert np.ptp(expected) > 0
    frozen = network.requires_grad_(False).train()
    with torch.no_grad():
        np.testing.assert_array_equal(method(frozen, pictures, [2, 2]), expected)
    with torch.inference_mode():
        np.testing.assert_array_equal(method(frozen, pictures + 0, torch.tensor([2, 2])), expected)
    assert frozen.training and not any(weight.requires_grad for weight in frozen.parameters())


def test_a_network_in_training_mode_answers_in_evaluation_mode_and_each_module_keeps_its_own():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten(), nn.Linear(2 * 36, 3))
    pictures = drawn(4, 1, 8, 8)
    expected = attributions.gradient(network.eval(), pictures, 1)
    network.train()
    network[2].eval()
    before = state(network)
    np.testing.assert_array_equal(attributions.gradient(network, pictures, 1), expected)
    np.testing.assert_array_equal(logits(network, pictures), logits(network, pictures))
    activations.output(network, "1", pictures)
    activations.spatial_means(network, ["1"], pictures)
    assert same(before, state(network)) and [module.training for module in network] == [True, True, False, True, True]


@every
def test_targets_are_the_networks_own_predictions_unless_named(method):
    network, pictures = Own().eval(), drawn(3, 1, 28, 28)
    own = network(pictures).argmax(1)
    np.testing.assert_array_equal(method(network, pictures), method(network, pictures, own))
    assert not np.array_equal(method(network, pictures), method(network, pictures, (own + 1) % 4))


@every
@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (4, r"from 4 to 4; .* 0 to 3"),
        ([0, -1], "from -1 to 0"),
        ([0, 1, 2], "each of 2 pictures"),
        (1.0, "whole numbers"),
    ],
)
def test_targets_that_are_no_labels_are_refused(method, targets, words):
    with pytest.raises(ValueError, match=words):
        method(Own(), drawn(2, 1, 28, 28), targets)


@every
@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), r"torch\.uint8.*divide bytes by 255"),
        (torch.zeros(1, 28, 28), r"\(1, 28, 28\).*picture\[None\]"),
        (torch.zeros(2, 1, 28, 28, device="meta"), r"on meta, the network on cpu.*to\('cpu'\)"),
        (np.zeros((2, 1, 28, 28), np.float32), "ndarray.*as_tensor"),
    ],
    ids=["bytes", "dimensions", "device", "array"],
)
def test_pictures_that_no_network_takes_are_refused_in_words(method, pictures, words):
    network = Own()
    before = state(network)
    with pytest.raises((ValueError, TypeError), match=words):
        method(network, pictures, 0)
    assert same(before, state(network))


def test_layers_outputs_and_filters_refuse_the_same():
    for ask in (
        lambda pictures: activations.output(Own(), "conv", pictures),
        lambda pictures: activations.spatial_means(Own(), ["conv"], pictures),
        lambda pictures: logits(Own(), pictures),
    ):
        with pytest.raises(ValueError, match="bytes by 255"):
            ask(torch.zeros(2, 1, 28, 28, dtype=torch.uint8))
        with pytest.raises(ValueError, match="meta"):
            ask(torch.zeros(2, 1, 28, 28, device="meta"))
    with pytest.raises(TypeError, match=r"torch\.nn\.Module"):
        attributions.gradient(lambda x: x, drawn(1, 1, 28, 28))


@every
@pytest.mark.parametrize(
    "outputs",
    [
        lambda out: (out, "more"), lambda out: [out], lambda out: {"aux": 0, "logits": out},
        lambda out: SimpleNamespace(logits=out, loss=None),
    ],
    ids=["tuple", "list", "mapping", "object"],
)  # fmt: skip
def test_of_several_outputs_the_logits_are_taken(method, outputs):
    network, pictures = Own(), drawn(1, 1, 28, 28)
    expected = method(network, pictures)
    network.outputs = outputs
    np.testing.assert_array_equal(method(network, pictures), expected)


@every
@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (lambda out: out[:, 0], r"\(\d,\): wrap .* \(n, classes\)"),
        (lambda out: out[:, :, None, None], r"\(\d, 4, 1, 1\): wrap"),
        (lambda out: out[:1], r"for \d pictures is \(1, 4\)"),
        (lambda out: {"pred": out}, "no `logits`"),
        (lambda out: None, "no `logits`"),
        (lambda out: (), "no `logits`"),
    ],
)
def test_outputs_that_are_no_logits_are_refused_and_nothing_stays_behind(method, outputs, words):
    network = Own(outputs=outputs)
    before = state(network)
    with pytest.raises(ValueError, match=words):
        method(network, drawn(2, 1, 28, 28), 0)
    assert same(before, state(network))


def test_an_answer_without_a_gradient_is_refused():
    with pytest.raises(ValueError, match=r"no gradient.*detaches"):
        attributions.gradient(Own(outputs=torch.Tensor.detach), drawn(1, 1, 28, 28))


def test_a_layer_is_seen_before_an_in_place_relu_and_its_gradient_is_its_own():
    network, pictures = Own(inplace=True).eval(), drawn(2, 1, 28, 28)
    plain = Own(inplace=False).eval()
    plain.load_state_dict(network.state_dict())
    torch.testing.assert_close(network(pictures), plain(pictures))
    for layer in ("conv", "relu", "pool"):
        np.testing.assert_array_equal(
            attributions.layercam(network, layer, pictures, 1), attributions.layercam(plain, layer, pictures, 1)
        )
    maps = plain.conv(pictures)
    assert (maps < 0).any()
    torch.testing.assert_close(activations.output(network, "conv", pictures), maps)
    for reduce in (torch.clone, lambda out: out, lambda out: out[:, :6].float()):  # a copy, the very output, a view
        with torch.no_grad(), activations.recording(network, ["conv"], reduce) as outputs:
            network(pictures)
        torch.testing.assert_close(outputs["conv"], maps.detach())
    (slopes,) = torch.autograd.grad(plain.linear(plain.pool(plain.relu(maps)).flatten(1))[:, 1].sum(), maps)
    expected = (slopes.relu() * maps).sum(1).relu()  # as large as the picture: nothing is upsampled
    np.testing.assert_allclose(attributions.layercam(network, "conv", pictures, 1), expected.detach(), rtol=1e-5)


@every
def test_a_network_may_write_into_what_it_is_given(method):
    network, pictures = Own(), drawn(2, 1, 28, 28) - 0.5
    copy, forward = pictures.clone(), network.forward
    network.forward = lambda x: forward(x.relu_())
    maps = method(network, pictures, 3)
    assert torch.equal(pictures, copy) and np.isfinite(maps).all()


def test_layers_without_maps_and_layers_that_are_not_there_are_refused_by_name():
    network, pictures = Own(), drawn(2, 1, 28, 28)
    network.spare = nn.Conv2d(1, 1, 1)
    for ask in (
        lambda layer: attributions.layercam(network, layer, pictures),
        lambda layer: activations.spatial_means(network, [layer], pictures),
    ):
        with pytest.raises(ValueError, match=r"layer linear puts out \(2, 4\), no maps"):
            ask("linear")
        with pytest.raises(ValueError, match="never runs its layer spare"):
            ask("spare")
        with pytest.raises(ValueError, match=r"no layer 'conv9'.*named_modules"):
            ask("conv9")
    network.outputs = lambda out: out.detach() + network.spare(pictures).mean()
    with pytest.raises(ValueError, match="does not depend on its layer conv"):
        attributions.layercam(network, "conv", pictures)
    both = nn.Sequential(nn.Flatten(), nn.Unflatten(1, (28, 28)), nn.LSTM(28, 3))
    with pytest.raises(ValueError, match="layer 2 puts out a tuple"):
        activations.output(both, "2", pictures)
    assert not any(module._forward_hooks for module in (*network.modules(), *both.modules()))


@every
def test_networks_of_half_precision_are_explained(method):
    network, pictures = Own().eval(), drawn(1, 1, 28, 28)
    expected = method(network, pictures, 1)
    maps = method(network.bfloat16(), pictures, 1)
    assert maps.dtype == np.float32 and np.corrcoef(maps.ravel(), expected.ravel())[0, 1] > 0.9


def test_of_a_linear_network_every_answer_is_known():
    network, pictures = Linear(), drawn(2, 3, 24, 30)
    way = (pictures - 0.25).double().numpy()
    part = (network.weights * way).sum(1)  # (2, 24, 30): what each pixel adds to the logit
    np.testing.assert_allclose(
        attributions.gradient(network, pictures)[1], network.weights.sum(0), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        attributions.smoothgrad(network, pictures, samples=2)[0], network.weights.sum(0), rtol=1e-4, atol=1e-6
    )
    maps, sums, changes = attributions.integrated(network, pictures, baselines=0.25, steps=3)
    np.testing.assert_allclose(maps, part, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(sums, part.sum((1, 2)), rtol=1e-3)
    np.testing.assert_allclose(changes, part.sum((1, 2)), rtol=1e-3, atol=1e-5)

    segments = np.arange(24)[:, None] // 8 * 3 + np.arange(30) // 10  # nine; a lone logit is a log-odds
    (first, second) = perturbation.lime(network, pictures, segments=segments * 7, baselines=0.25, samples=200)
    for explanation, parts in zip((first, second), part, strict=True):
        expected = [parts[segments == index].sum() for index in range(9)]
        np.testing.assert_array_equal(explanation.segments, segments)
        np.testing.assert_allclose(explanation.weights[0], expected, atol=1e-2 * np.abs(expected).max())
        assert explanation.r2[0] > 0.999 and explanation.stability[0] > 0.9

    maps = perturbation.occlusion(network, pictures, baselines=0.25, patch=6, stride=6)
    cells = part.reshape(2, 4, 6, 5, 6).sum((2, 4))
    np.testing.assert_allclose(maps, cells.repeat(6, 1).repeat(6, 2), rtol=1e-3, atol=1e-5)

    network.linear.weight.data.zero_()
    network.linear.weight.data.view(3, 24, 30)[1, 12, 20] = 5.0  # its answer is linear in the mask at one pixel
    maps = perturbation.rise(network, pictures, baselines=0.25, samples=300)
    masks = perturbation.soft_masks(300, 24, 30, np.random.default_rng(0))
    np.testing.assert_allclose(maps[:, 12, 20], 5 * way[:, 1, 12, 20] * masks[:, 12, 20].std(), rtol=1e-3)


def test_integrated_gradients_are_complete_from_a_pictures_own_blur():
    maps, sums, changes = attributions.integrated(Own(), drawn(3, 1, 28, 28), steps=64)
    assert np.abs(sums - changes).max() < 0.01 * np.abs(maps).sum((1, 2)).min()


def test_baselines_of_another_shape_and_odd_patches_are_refused():
    with pytest.raises(ValueError, match=r"baselines are \(2, 28, 28\); pictures are \(3, 1, 28, 28\)"):
        attributions.integrated(Own(), drawn(3, 1, 28, 28), baselines=drawn(2, 28, 28))
    with pytest.raises(ValueError, match=r"stride \(=9\), patch \(=5\)"):
        perturbation.occlusion(Own(), drawn(3, 1, 28, 28), patch=5, stride=9)
    with pytest.raises(ValueError, match=r"segments are \(5, 5\)"):
        perturbation.lime(Own(), drawn(3, 1, 28, 28), segments=np.zeros((5, 5)))


@pytest.mark.parametrize(("explain", "words"), [
    (lambda own, pictures: attributions.smoothgrad(own, pictures, sigma=-1.0), r"sigma \(=-1.0\)"),
    (lambda own, pictures: attributions.smoothgrad(own, pictures, sigma=float("nan")), "sigma"),
    (lambda own, pictures: attributions.gradient(own, pictures * float("nan")), "not numbers"),
    (lambda own, pictures: perturbation.lime(own, pictures * float("nan")), "not numbers"),
    (lambda own, pictures: perturbation.rise(own, pictures, baselines=float("nan")), "baselines have NaN"),
    (lambda own, pictures: perturbation.rise(own, pictures, baselines="black"), "baselines are 'black'"),
    (lambda own, pictures: perturbation.rise(own, pictures, samples=1), "from 2"),
    (lambda own, pictures: perturbation.lime(own, pictures, samples=1), "from 2"),
    (lambda own, pictures: ascent.filter_pictures(own, "conv", 0, (1, 28, 28), mean=float("nan")), "mean"),
])  # fmt: skip
def test_numbers_that_say_nothing_are_refused(explain, words):
    with pytest.raises((ValueError, TypeError), match=words):
        explain(Own(), drawn(2, 1, 28, 28))


def test_log_odds_are_those_of_the_softmax_for_any_number_of_classes():
    values = np.random.default_rng(0).standard_normal((5, 300)) * 4
    shares = np.exp(values) / np.exp(values).sum(1, keepdims=True)
    expected = np.log(shares / (1 - shares))
    np.testing.assert_allclose(answers.odds(values), expected)
    np.testing.assert_allclose(answers.odds(values, [7, 2]), expected[:, [7, 2]])
    np.testing.assert_array_equal(answers.odds(values[:, :1]), values[:, :1])
    assert perturbation.log_odds(Own(), drawn(0, 1, 28, 28)).shape == (0, 4)


def test_large_pictures_are_forwarded_a_few_at_a_time_and_explained_alike(monkeypatch):
    seen, network, pictures = [], Own(), drawn(2, 1, 28, 28)
    network.register_forward_pre_hook(lambda module, args: seen.append(len(args[0])))
    expected = [METHODS[name](network, pictures) for name in ("smoothgrad", "integrated", "lime")]
    assert max(seen) >= 8
    monkeypatch.setattr(answers, "PIXELS", 2 * 28 * 28)
    seen.clear()
    for name, maps in zip(("smoothgrad", "integrated", "lime"), expected, strict=True):
        np.testing.assert_allclose(METHODS[name](network, pictures), maps, rtol=1e-3, atol=1e-5)
    assert max(seen) == 2


def test_ascent_finds_a_colour_filters_kernel_in_pictures_that_are_not_square():
    rows, columns = np.mgrid[:40, :56] - 20.0
    kernel = np.stack([np.cos((rows + shift * columns) / 4) for shift in (0.0, 0.5, -0.5)])
    kernel = (kernel - kernel.mean()) / 100
    network = nn.Sequential(nn.Conv2d(3, 2, (40, 56), bias=False), nn.Flatten(), nn.Linear(2, 2))
    network[0].weight.data.copy_(torch.tensor(np.stack([kernel, -kernel])))
    network[2].weight.data.copy_(torch.tensor([[-1.0, 0.0], [0.0, -1.0]]))
    for layer, sign in (("0", 1), ("2", -1)):  # a linear layer's channels are its outputs
        best, reached = ascent.filter_pictures(network, layer, [0, 1], (3, 40, 56), 0.5, [0.25] * 3, steps=60)
        for index, picture in enumerate(best):
            likeness = np.corrcoef(picture.ravel(), kernel.ravel())[0, 1]
            assert likeness * sign * (1, -1)[index] > 0.8 and reached[index] > 0
    with pytest.raises(ValueError, match=r"channels are \[2\]; the layer 0 has 0 to 1"):
        ascent.filter_pictures(network, "0", 2, (3, 40, 56))


def test_what_is_drawn_depends_on_the_seed_alone():
    network, pictures = Own(), drawn(1, 1, 28, 28)
    before = torch.get_rng_state()
    for ask in (
        lambda seed: attributions.smoothgrad(network, pictures, samples=2, seed=seed),
        lambda seed: perturbation.lime(network, pictures, samples=30, seed=seed)[0].painted(),
        lambda seed: perturbation.rise(network, pictures, samples=30, seed=seed),
        lambda seed: ascent.filter_pictures(network, "conv", 0, (1, 28, 28), steps=2, seed=seed)[0],
    ):
        np.testing.assert_array_equal(ask(3), ask(3))
        assert not np.array_equal(ask(3), ask(4))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_a_filters_picture_needs_no_gradients_switched_on(off):
    network = Own().requires_grad_(False)
    expected, _ = ascent.filter_pictures(network, "conv", 3, (1, 28, 28), steps=3)
    with off():
        np.testing.assert_array_equal(ascent.filter_pictures(network, "conv", 3, (1, 28, 28), steps=3)[0], expected)
    assert network.training and not network.conv._forward_hooks


def test_a_layer_that_some_batches_skip_has_no_means(monkeypatch):
    class Skipping(Own):
        def forward(self, x):
            return super().forward(x) if x.max() > 0.5 else x

    monkeypatch.setattr(answers, "PIXELS", 28 * 28)
    with pytest.raises(ValueError, match="never runs its layer conv"):
        activations.spatial_means(Skipping(), ["conv"], torch.stack([torch.ones(1, 28, 28), torch.zeros(1, 28, 28)]))


@pytest.mark.parametrize("shape", [(224, 224, 3), (224, 160), (48, 48, 3)])
def test_even_noise_in_colours_has_many_segments(shape):
    segments = segmented(np.random.default_rng(0).standard_normal(shape).astype(np.float32))
    assert segments.shape == shape[:2] and 30 < len(np.unique(segments)) == segments.max() + 1


@pytest.mark.parametrize(("ask", "told"), [
    (lambda net, x: attributions.smoothgrad(net, x, samples=0), "samples"),
    (lambda net, x: attributions.integrated(net, x, steps=0), "steps"),
    (lambda net, x: perturbation.lime(net, x, samples=0), "samples"),
    (lambda net, x: perturbation.rise(net, x, samples=0), "samples"),
    (lambda net, x: perturbation.occlusion(net, x, patch=0), "patch"),
    (lambda net, x: perturbation.lime(net, x, segments=np.zeros((1, 28, 28), int), samples=8), "segments are"),
    (lambda net, x: perturbation.lime(net, x, samples=8)[0].painted(9), "label 9 is not explained"),
    (lambda net, x: ascent.filter_pictures(net, "0", [], (1, 28, 28)), "channels are"),
    (lambda net, x: ascent.filter_pictures(net, "0", 1.5, (1, 28, 28)), "channels are 1.5"),
    (lambda net, x: ascent.filter_pictures(net, "0", 0, (28, 28)), "shape is"),
    (lambda net, x: ascent.filter_pictures(net, "0", 0, (1, 28, 28), deviation=0), "deviation above 0"),
    (lambda net, x: ascent.filter_pictures(net, "0", 0, (1, 28, 28), mean=[0, 0, 0]), "mean and deviation"),
    (lambda net, x: ascent.filter_pictures(net, "0", 0, (1, 28, 28), steps=-1), "steps"),
    (lambda net, x: activations.spatial_means(net, ["0"], np.zeros((2, 1, 28, 28), np.float32)), "faces are"),
])  # fmt: skip
def test_numbers_that_cannot_be_meant_are_refused_in_words(ask, told):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).eval()
    with pytest.raises(ValueError, match=told):
        ask(net, torch.rand(2, 1, 28, 28))


def test_one_layer_may_be_named_without_a_list():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 3)).eval()
    x = torch.rand(2, 1, 28, 28)
    assert np.array_equal(activations.spatial_means(net, "0", x)["0"], activations.spatial_means(net, ["0"], x)["0"])
