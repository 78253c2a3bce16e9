"""The network that a page carries, asked without the page."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ferpipe.analyses import network as analysis
from ferpipe.build import paged, predict
from ferpipe.build.options import Options
from ferpipe.errors import Slip
from ferpipe.networks import views
from ferpipe.networks.folding import Folded
from ferpipe.networks.resnet import initialised
from ferpipe.results import stored

RESULTS = Path(__file__).parents[2] / "report/results"
CPU = torch.device("cpu")


@pytest.mark.parametrize("edition", ["rendered", "fer2013"])
def test_its_weights_are_the_whole_numbers_of_the_results(edition):
    result = stored.read(RESULTS / edition / "network")
    whole, scales, biases = analysis.in_whole_numbers(
        Folded(paged.member(RESULTS / edition / "network", 7).network(CPU))
    )
    np.testing.assert_array_equal(whole, result.arrays.weights)
    np.testing.assert_allclose(scales, result.arrays.scales, rtol=1e-5)
    np.testing.assert_allclose(biases, result.arrays.biases, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["imagenet", "pooled"])
def test_its_answers_are_those_of_the_network_that_was_put_in(monkeypatch, kind):
    network = initialised(kind, 8, 0).eval()
    for module in network.modules():  # as a training leaves them
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    folded = Folded(network)
    arrays = dict(zip(("weights", "scales", "biases"), analysis.in_whole_numbers(folded), strict=True))
    numbers = {"name": "a", "stem": kind, "width": 8, "enlarge": 1, "n": 5, "accuracy": 0.6}
    told = type("Told", (), {**numbers, "arrays": type("Arrays", (), arrays)})
    monkeypatch.setattr(stored, "read", lambda folder: told)
    images = torch.randint(0, 256, (6, 48, 48), dtype=torch.uint8)
    found = views.logits(paged.member(Path(), 7).network(CPU), images)
    torch.testing.assert_close(found, views.logits(folded, images), rtol=1e-3, atol=1e-3)


def test_it_is_asked_by_the_name_that_the_page_gives_it(tmp_path):
    name = stored.read(RESULTS / "rendered" / "network").name
    (asked,) = predict.networks(Options(artefacts=tmp_path, network=name))
    assert asked.member.name == name and asked.data == "rendered"
    assert "as its page carries it" in asked.described() and "900" in asked.described()
    with pytest.raises(Slip, match="no published"):
        predict.networks(Options(artefacts=tmp_path, network="nobody"))
