import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from languages import EN, ZH
from scipy.stats import mannwhitneyu
from torch import nn

from ferpipe.analyses import selectivity
from ferpipe.explainers import activations
from ferpipe.figures import selectivity as drawer
from ferpipe.networks.resnet import ResNet18, initialised
from ferpipe.results.stored import plain
from ferpipe.storage import encoding

CPU = torch.device("cpu")
LABELS = np.arange(210) % 7


def measured(*channels, labels=LABELS, permutations=20):
    """What is measured of channels whose responses (n,) are given."""
    rng = np.random.default_rng(0)
    drawn = np.stack([labels, *(rng.permutation(labels) for _ in range(permutations))])
    return selectivity.measures(np.stack(channels, axis=1).astype(float), drawn)


def test_a_filter_that_fires_for_one_class_has_index_one_and_a_constant_one_zero():
    noise = 5 + np.random.default_rng(1).standard_normal(210)
    found = measured(LABELS == 3, np.full(210, 4.2), noise)
    assert found["index"][:2] == pytest.approx([1, 0])
    assert found["excess"][0] > 0.5 and abs(found["excess"][1]) < 1e-9 and abs(found["null"][1]) < 1e-9
    assert abs(found["excess"][2]) < 0.02 < found["index"][2]  # the index of noise is chance alone
    assert found["auroc"][:2] == pytest.approx([1, 0.5]) and found["auroc"][2] < 0.65
    assert found["eta_squared"][:2] == pytest.approx([1, 0]) and found["eta_squared"][2] < 0.1


def test_frequent_classes_count_no_more_than_rare_ones():
    labels = np.repeat(np.arange(7), [90, 5, 5, 5, 5, 5, 5])
    values = np.array([0.0, 1, 2, 3, 4, 5, 6])[labels]
    assert measured(values, labels=labels)["index"] == pytest.approx([(6 - 2.5) / (6 + 2.5)])


def test_the_area_is_mann_and_whitneys_and_eta_squared_the_explained_share():
    values = np.random.default_rng(2).integers(0, 40, 210) + 6.0 * (LABELS == 5)  # with ties
    found = measured(values)
    inside = values[LABELS == 5]
    assert found["auroc"] == pytest.approx([mannwhitneyu(inside, values[LABELS != 5]).statistic / (30 * 180)])
    residual = sum(((values[k == LABELS] - values[k == LABELS].mean()) ** 2).sum() for k in range(7))
    assert found["eta_squared"] == pytest.approx([1 - residual / ((values - values.mean()) ** 2).sum()])


def test_where_there_is_one_class_nothing_is_selective():
    found = measured(np.arange(210), labels=np.full(210, 2))
    assert {name: float(own[0]) for name, own in found.items()} == dict.fromkeys(selectivity.MEASURES, 0) | {
        "auroc": 0.5
    }


def test_members_are_the_unit_of_replication_and_filters_where_there_is_one():
    found = selectivity.replicated(np.array([1.0, 2.0, 3.0]), [0, 9])
    assert found.value == 2 and found.over == "members" and found.by_member == [1, 2, 3]
    assert found.interval == pytest.approx([2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5])  # Student's, 2 degrees
    one = selectivity.replicated(np.array([1.5]), [0, 9])
    assert one.interval == [0, 9] and one.over == "filters"


class Counting(nn.Module):
    """A filter for each class; the class's own face gives it 1 and all others 0.5, and the largest answers."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 7, 48, bias=False)
        with torch.no_grad():
            self.conv1.weight.zero_()
            for label in range(7):
                self.conv1.weight[label, 0, label] = 0.25 / 48
                self.conv1.weight[label, 0, 40] = 0.75 / 48

    def forward(self, x):
        return self.conv1(x).flatten(1)


def rows(labels):
    """Faces that light the row of their label, (n, 48, 48): inputs there 1, on row 40 as well, -1 elsewhere."""
    images = np.full((len(labels), 48, 48), 0.25, np.float32)
    images[:, 40] = 0.75
    images[np.arange(len(labels)), labels] = 0.75
    return images


def test_zeroing_the_filter_that_a_class_needs_costs_that_classs_recall():
    labels, network = np.repeat(np.arange(7), 8), Counting().eval()
    found = selectivity.effects(network, [("conv1", k) for k in range(7)], rows(labels), labels, 7, CPU)
    for label, effect in enumerate(found):
        assert effect.loses == label
        assert effect.recall == [-1.0 if other == label else 0.0 for other in range(7)]
        assert effect.accuracy == pytest.approx(-1 / 7) and effect.changed == pytest.approx(1 / 7)
        assert effect.mcnemar == pytest.approx(2 * 0.5**8)
    assert not network.conv1._forward_hooks


def test_zeroing_a_filter_that_nobody_needs_changes_nothing():
    labels = np.zeros(4, int)
    (found,) = selectivity.effects(nn.Sequential(Counting()).eval(), [("0.conv1", 6)], rows(labels), labels, 7, CPU)
    assert found.loses is None and found.changed == 0 and found.mcnemar == 1
    assert found.recall == [0.0, *[None] * 6]


def test_a_filter_is_back_after_the_with_even_after_an_error():
    network, given = Counting().eval(), torch.ones(1, 1, 48, 48)
    before = network(given)
    with selectivity.zeroed(network, "conv1", 2):
        assert network(given)[0, 2] == 0 and torch.equal(network(given)[0, :2], before[0, :2])
    with pytest.raises(RuntimeError), selectivity.zeroed(network, "conv1", 2):
        network(torch.ones(1, 3, 48, 48))
    assert torch.equal(network(given), before) and not network.conv1._forward_hooks


def test_holm_multiplies_the_smallest_by_all_and_never_falls():
    assert selectivity.holm(np.array([0.04, 0.01, 0.03, 0.5])) == pytest.approx([0.09, 0.04, 0.09, 0.5])
    assert selectivity.holm(np.array([0.6, 0.7])) == pytest.approx([1, 1])


def test_what_every_block_hands_on_is_measured_in_the_order_of_depth():
    names = [name for name, module in ResNet18(width=8).named_modules() if isinstance(module, nn.ReLU)]
    assert tuple(name for name in names if not name.endswith("relu1")) == activations.BLOCKS


def test_a_study_has_each_layer_member_and_filter_of_table_1(study):
    one = study(members=3)
    numbers = plain(selectivity.analyse(one))
    assert [layer["layer"] for layer in numbers["layers"]] == [
        "stem",
        *(f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)),
    ]
    assert [layer["filters"] for layer in numbers["layers"]][::2] == [64, 8, 16, 32, 64]
    assert all(len(layer["excess"]["by_member"]) == 3 for layer in numbers["layers"])
    for layer in numbers["layers"]:
        assert layer["excess"]["value"] == pytest.approx(layer["index"] - layer["null"])
        assert layer["filters_interval"][0] < layer["excess"]["by_member"][0] < layer["filters_interval"][1]
    assert len(numbers["rise"]["values"]) == 3 and len(numbers["rise"]["control"]) == 2
    zeroing = numbers["zeroing"]
    p = np.sort([[of["mcnemar"], of["holm"]] for of in zeroing["filters"]], axis=0)
    assert p[0, 1] == pytest.approx(min(1, 30 * p[0, 0])) and (p[:, 1] >= p[:, 0]).all()
    assert len(zeroing["filters"]) == 30 and zeroing["n"] == 35 and zeroing["counts"] == [5] * 7
    assert 0 <= zeroing["same"] <= zeroing["losing"] <= 30
    assert not any(module._forward_hooks for module in one.model.modules())
    assert encoding.json_bytes(plain(selectivity.analyse(study(members=3)))) == encoding.json_bytes(numbers)


def test_a_filter_planted_to_answer_to_one_class_wins_its_cell(study, asking):
    asking("selectivity", faces=14)
    network, images = initialised("imagenet", 8, 0), np.full((42, 48, 48), 100, np.uint8)
    images[np.arange(42) % 7 == 4] = 200
    with torch.no_grad():
        network.conv1.weight[2] = 1.0
    numbers = plain(selectivity.analyse(study(images=images, network=network, members=1)))
    cell = numbers["zeroing"]["filters"][2]
    assert (cell["layer"], cell["filter"], cell["winner"], cell["share"]) == ("conv1", 2, 4, 1.0)
    assert numbers["zeroing"]["n"] == 14
    first = numbers["layers"][0]
    assert first["excess"]["over"] == "filters" and first["excess"]["interval"] == first["filters_interval"]
    assert first["excess"]["value"] > 0.1 and first["auroc"] > 0.7


def test_members_without_weights_are_left_out(study):
    one = study(members=3)
    answers_alone = (one.members[0], one.members[1], replace(one.members[2], weights=None))
    numbers = plain(selectivity.analyse(replace(one, members=answers_alone)))
    assert numbers["members"] == 2 and len(numbers["rise"]["values"]) == 2


@pytest.mark.parametrize("members", [1, 2])
def test_the_plot_names_its_series_in_both_languages(study, asking, members):
    asking("selectivity", faces=7)
    result = selectivity.analyse(study(members=members))
    for language, words in ((EN, ["over filters", "mean over members"]), (ZH, ["按滤波器", "成员均值"])):
        figure = drawer.draw(result, language)
        svg = figure.files[f"selectivity.{language}.svg"].decode()
        assert words[members - 1] in svg and "layer4.1" in svg
        assert not re.search(r"(?:fill|stroke): #", svg)
        assert len(figure.files["selectivity.csv"].decode().splitlines()) == 10
