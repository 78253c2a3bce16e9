import numpy as np
import pytest
from sklearn.linear_model import Ridge

from ferpipe.analyses import lime
from ferpipe.explainers import surrogates
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.superpixels import KERNEL_WIDTH, RIDGE, explain, segmented
from ferpipe.results.stored import plain


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)


@pytest.fixture
def quick(asking):
    asking("lime", samples=60, class_masks=30)


def left_half(images):
    """Answers that look at nothing but how rough the left half is."""
    rough = np.abs(np.diff(images[:, :, :24], axis=2)).mean((1, 2))
    return np.stack([rough, -rough], axis=1) * 10


def test_a_classifier_that_looks_at_the_left_half_gets_its_weights_there(image):
    found = explain(image, left_half, [0, 1], 400, 0)
    weights = found.painted(0)
    assert weights.shape == (48, 48)
    assert np.abs(weights[:, :24]).sum() > 10 * np.abs(weights[:, 26:]).sum()
    assert weights[:, :24].mean() > 0 > found.painted(1)[:, :24].mean()
    assert found.r2[0] > 0.9 and found.stability[0] > 0.7


def test_the_same_seed_explains_the_same_and_another_does_not(image):
    first, again, other = (explain(image, left_half, [0], 100, seed) for seed in (3, 3, 4))
    assert np.array_equal(first.weights[0], again.weights[0])
    assert not np.array_equal(first.weights[0], other.weights[0])


def test_lime_draws_no_bar_and_leaves_the_global_state_alone(image, capfd):
    before = np.random.get_state()[1].copy()
    explain(image, left_half, [0], 50, 0)
    assert np.array_equal(np.random.get_state()[1], before)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_faces_are_cut_into_about_fifty_segments_without_gaps(image):
    for picture in (image, np.zeros((48, 48), np.uint8), np.tile(np.arange(48, dtype=np.uint8) * 5, (48, 1))):
        segments = segmented(picture / 255)
        assert np.array_equal(np.unique(segments), np.arange(segments.max() + 1))
        assert 20 <= segments.max() + 1 <= 64


def test_the_closed_form_is_a_weighted_ridge_with_an_intercept():
    rng = np.random.default_rng(0)
    masks, answers = rng.integers(0, 2, (120, 30)), rng.standard_normal((120, 7))
    near = surrogates.proximity(masks, KERNEL_WIDTH)
    expected = Ridge(alpha=RIDGE).fit(masks, answers, sample_weight=near)
    coefficients = surrogates.solution(masks, near, RIDGE) @ answers
    np.testing.assert_allclose(coefficients, expected.coef_.T, atol=1e-8)
    r2 = surrogates.fit(masks, answers[:, 2], near, coefficients[:, 2])
    own = Ridge(alpha=RIDGE).fit(masks, answers[:, 2], sample_weight=near)
    assert r2 == pytest.approx(own.score(masks, answers[:, 2], sample_weight=near))


def test_limes_own_weights_are_the_closed_form_of_its_samples(image):
    rng = np.random.RandomState(5)
    segments = segmented(image / 255)
    masks = rng.randint(0, 2, 200 * (segments.max() + 1)).reshape(200, -1)
    masks[0] = 1
    found = explain(image, left_half, [0], 200, 5)
    shown = masks[:, segments]
    pictures = np.where(shown, image.astype(np.float32) / 255, blurred(image[None], 6.0)[0])
    closed = surrogates.solution(masks, surrogates.proximity(masks, KERNEL_WIDTH), RIDGE) @ left_half(pictures)
    assert np.corrcoef(closed[:, 0], found.weights[0])[0, 1] > 0.9999


def test_answers_that_never_change_have_no_fit_and_no_stability(image):
    found = explain(image, lambda images: np.ones((len(images), 7)), [0], 50, 0)
    assert found.r2[0] is None and found.stability[0] is None
    assert np.abs(found.weights[0]).max() < 1e-9


def test_right_faces_are_those_of_the_original_and_wrong_ones_of_four_classes(study, quick):
    labels = np.arange(42) % 7
    answers = np.where(np.arange(42) < 21, labels, (labels + 1) % 7)
    result = lime.analyse(study(labels=labels, answers=answers))
    assert [face["label"] for face in plain(result)["right"]] == [3, 5, 6, 0]
    assert all(face["label"] == face["prediction"] for face in plain(result)["right"])
    assert [face["label"] for face in plain(result)["wrong"]] == [4, 2, 1, 0]
    assert [face["name"] for face in plain(result)["wrong"]] == ["39", "37", "36", "35"]  # the surest of each class
    for name in ("right_images", "right_weights", "wrong_images", "wrong_weights", "wrong_true_weights"):
        assert getattr(result.private, name).shape == (4, 48, 48)
    assert not np.array_equal(result.private.wrong_weights, result.private.wrong_true_weights)
    assert result.arrays.class_weights.shape == (7, 48, 48)


def test_wrong_answers_of_two_classes_still_fill_four_places(study, quick):
    labels = np.arange(42) % 7
    answers = np.where((labels < 2) & (np.arange(42) > 20), 6, labels)
    wrong = plain(lime.analyse(study(labels=labels, answers=answers)))["wrong"]
    assert [face["label"] for face in wrong] == [1, 0, 1, 0]


def test_an_answer_that_a_wrong_label_makes_wrong_is_not_shown_as_an_error(study, quick):
    labels = np.arange(42) % 7
    answers = np.where(labels < 2, 6, labels)
    asked = study(labels=labels, answers=answers)
    asked.dataset.truth["emotions"] = np.where(np.arange(42) > 6, answers, labels)  # only two errors remain
    assert [face["name"] for face in plain(lime.analyse(asked))["wrong"]] == ["1", "0"]


def test_rank_correlations_are_those_of_each_two():
    rng = np.random.default_rng(4)
    first, second = rng.random((6, 4, 4)), rng.integers(0, 3, (6, 4, 4)).astype(float)
    first[1], second[2] = 0.5, 1  # constant: none
    expected = [surrogates.rank_correlation(a.ravel(), b.ravel()) for a, b in zip(first, second, strict=True)]
    assert expected[1] is expected[2] is None
    np.testing.assert_allclose(surrogates.rank_correlations(first, second), np.array(expected, float))
