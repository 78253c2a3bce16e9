import re
from dataclasses import replace

import numpy as np
import pytest
from languages import EN, ZH

from ferpipe.analyses import calibration
from ferpipe.analyses.study import softmax
from ferpipe.figures import calibration as drawer
from ferpipe.results.stored import plain
from ferpipe.statistics.intervals import resamples

N = 4000


@pytest.fixture(scope="module")
def honest():
    """Logits (n, 7) and labels drawn from the very probabilities that they stand for."""
    rng = np.random.default_rng(3)
    logits = 2 * rng.standard_normal((N, 7))
    labels = (softmax(logits).cumsum(1) < rng.random((N, 1))).sum(1).clip(0, 6)
    return logits, labels


def weights(n, count=200):
    return resamples(np.random.default_rng(4), n, count)


def chance(n, count=400):
    return np.random.default_rng(5).random((count, n))


def course(study, labels, *epochs, chosen=None):
    """The overfitting model's numbers when the labels and its epochs' logits are these; nobody looks at the faces."""
    one, every = study(members=1), np.stack(epochs).astype(np.float16)
    dataset = replace(one.dataset, dev=replace(one.dataset.dev, labels=labels))
    member = replace(one.overfitted[0], epoch_logits=every, epoch=chosen or len(epochs))
    return plain(calibration.analyse(replace(one, dataset=dataset, members=(member,), overfitted=(member,))))[
        "overfitted"
    ]


def test_probabilities_that_are_true_have_no_calibration_error(honest):
    found = plain(calibration.quality(*honest, weights(N), chance(N)))
    low, high = found["ece"]["calibrated"]
    assert 0 < low < found["ece"]["value"] < high < 0.035
    assert found["overconfidence"]["interval"][0] < 0 < found["overconfidence"]["interval"][1]
    assert calibration.temperature(*honest) == pytest.approx(1, abs=0.05)


def test_the_temperature_undoes_a_factor_and_gives_the_loss_back(honest, study):
    logits, labels = honest
    uncorrected = calibration.cross_entropy(logits, labels).mean()
    numbers = course(study, labels, logits, 5 * logits)
    assert numbers["loss"][0] == pytest.approx(uncorrected, abs=1e-3)
    assert numbers["loss"][1] > 2 * uncorrected
    assert numbers["scaled_loss"] == pytest.approx([uncorrected, uncorrected], abs=5e-3)
    last = numbers["last"]["temperature"]
    assert last["value"] == pytest.approx(5, rel=0.05)
    assert last["value"] == pytest.approx(5 * calibration.temperature(logits, labels), rel=2e-3)
    assert last["interval"][0] < last["value"] < last["interval"][1] and np.ptp(last["interval"]) < 1
    scaled, last = numbers["last"]["scaled"]["ece"], numbers["last"]["ece"]
    assert scaled["value"] < scaled["calibrated"][1] < 0.035 and max(0.1, last["calibrated"][1]) < last["value"]
    assert numbers["last"]["overconfidence"]["value"] == pytest.approx(numbers["last"]["ece"]["value"], abs=0.02)


def test_a_half_is_scaled_by_what_fits_the_other():
    logits, labels = np.tile(np.eye(7)[0] * 3, (8, 1)), np.zeros(8, int)
    labels[4:] = [0, 0, 1, 2]  # the second half is wrong at times
    half = np.arange(8) < 4
    found = calibration.scaled(logits, labels, half)
    assert found[4:] == pytest.approx(logits[4:] / calibration.COOLEST)  # the first half is always right
    assert found[0, 0] == pytest.approx(
        np.log(6), abs=1e-4
    )  # probability 1/2 of the first class, as in the second half


def test_the_loss_is_the_sum_of_its_parts(honest, study):
    numbers = course(study, honest[1], honest[0], 2 * honest[0])
    for accuracy, loss, right, wrong in zip(
        *(numbers[key] for key in ("accuracy", "loss", "loss_right", "loss_wrong")), strict=True
    ):
        assert loss == pytest.approx(accuracy * right + (1 - accuracy) * wrong, rel=1e-12)
    assert numbers["accuracy"][0] == numbers["accuracy"][1] == numbers["last"]["accuracy"]["value"]


def test_answers_all_right_or_all_wrong_have_one_part(study):
    labels = np.arange(42) % 7
    numbers = course(study, labels, 9 * np.eye(7)[labels], 9 * np.eye(7)[(labels + 1) % 7], chosen=1)
    assert numbers["loss_wrong"][0] is None and numbers["loss_right"][1] is None
    assert numbers["chosen"]["temperature"]["value"] == calibration.COOLEST
    assert numbers["last"]["temperature"]["value"] == calibration.HOTTEST
    assert numbers["last"]["temperature"]["interval"] == pytest.approx([calibration.HOTTEST] * 2)
    assert (numbers["chosen"]["epoch"], numbers["last"]["epoch"], numbers["best"]) == (1, 2, 1)


def test_the_grid_of_the_bootstrap_agrees_with_the_optimiser(honest):
    logits, labels = 3 * honest[0][:300], honest[1][:300]
    drawn = np.random.default_rng(5).integers(0, 300, (3, 300))
    own = np.stack([np.bincount(row, minlength=300) for row in drawn]) / 300
    expected = [calibration.temperature(logits[row], labels[row]) for row in drawn]
    assert calibration.temperatures(logits, labels, own) == pytest.approx(expected, rel=2e-3)


def test_equal_logits_fit_every_temperature():
    assert calibration.temperature(np.full((5, 7), 0.3), np.arange(5)) == 1


def test_a_calibration_error_known_by_hand():
    # 60 faces at 0.9, of which 36 are right, and 60 at 0.5, of which 42 are right: 0.3 too sure, 0.2 too unsure
    confidence = np.repeat([0.9, 0.5], 60)
    right = np.concatenate([np.arange(60) < 36, np.arange(60) < 42])
    found = plain(calibration.calibration_error(confidence, right, chance(120)))
    assert found["value"] == pytest.approx(0.25)
    assert found["calibrated"][1] < 0.2


def test_the_band_of_calibrated_networks_holds_nearly_all_of_them(honest):
    confidence, rng = softmax(honest[0]).max(1), np.random.default_rng(6)
    found = [calibration.calibration_error(confidence, rng.random(N) < confidence, chance(N)) for _ in range(60)]
    inside = np.mean([ece.calibrated[0] <= ece.value <= ece.calibrated[1] for ece in found])
    assert 0.85 <= inside < 1


def test_a_confidence_of_exactly_one_is_counted():
    labels = np.arange(40) % 7
    logits = 60 * np.eye(7)[np.where(np.arange(40) < 10, (labels + 1) % 7, labels)]  # a quarter is wrong
    assert (softmax(logits).max(1) == 1).all()
    found = plain(calibration.quality(logits, labels, weights(40), chance(40)))
    assert found["ece"]["value"] == pytest.approx(0.25)
    assert found["brier"]["value"] == pytest.approx(0.5)
    bins = calibration.reliability(logits, labels)
    assert [(bin.n, bin.confidence, bin.accuracy) for bin in bins] == [(40, 1.0, 0.75)]


def test_bins_are_of_equal_mass_whatever_the_order_of_the_faces(honest):
    confidence = softmax(honest[0]).max(1)
    bins = calibration.binned(confidence)
    assert np.ptp(np.bincount(bins, minlength=calibration.BINS)) <= 1
    order = np.random.default_rng(0).permutation(N)
    assert np.array_equal(calibration.binned(confidence[order]), bins[order])
    tied = calibration.binned(np.ones(40))
    assert len(set(tied.tolist())) == 1


def test_the_brier_score_of_an_even_guess_is_six_sevenths():
    found = plain(calibration.quality(np.zeros((14, 7)), np.arange(14) % 7, weights(14), chance(14)))
    assert found["brier"]["value"] == pytest.approx(6 / 7)
    assert found["loss"]["value"] == pytest.approx(np.log(7))


def test_the_ensemble_is_the_mean_of_probabilities(study):
    one = study(members=2)
    labels = one.labels
    sure, unsure = (np.log(p * np.eye(7)[labels] + (1 - p) / 6 * (1 - np.eye(7)[labels])) for p in (0.95, 0.65))
    members = tuple(
        replace(member, epoch_logits=np.stack([logits] * 2).astype(np.float16))
        for member, logits in zip(one.members, (sure, unsure), strict=True)
    )
    found = plain(calibration.analyse(replace(one, members=members)))["ensemble"]
    assert found["members"] == 2 and found["accuracy"]["value"] == 1
    assert found["loss"]["value"] == pytest.approx(-np.log(0.8), abs=1e-3)
    assert found["overconfidence"]["value"] == pytest.approx(-0.2, abs=1e-3)
    assert found["ece"]["value"] == pytest.approx(0.2, abs=1e-3)
    assert found["brier"]["value"] == pytest.approx(0.2**2 + 6 * (0.2 / 6) ** 2, abs=1e-3)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_both_panels_can_be_drawn_in_both_languages(study, length):
    one = study(members=1)
    steps = np.linspace(1, 4, length)[:, None, None]
    bare = one.overfitted[0]
    member = replace(bare, epoch_logits=(steps * bare.dev_logits).astype(np.float16), epoch=1)
    result = calibration.analyse(replace(one, overfitted=(member,)))
    for language, word in ((EN, "after temperature scaling"), (ZH, "温度缩放之后")):
        figure = drawer.draw(result, language)
        svg = figure.files[f"calibration.{language}.svg"].decode()
        assert word in svg and figure.data in figure.files
        assert not re.search(r"(?:fill|stroke): #", svg)
