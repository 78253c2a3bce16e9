import numpy as np
import pytest

from ferpipe.analyses import confusion
from ferpipe.results.stored import plain

# 4 angry (3 right, 1 sad), 2 disgust (both angry), 4 happy (right), no other faces
LABELS = np.array([0, 0, 0, 0, 1, 1, 3, 3, 3, 3])
ANSWERS = np.array([0, 0, 4, 0, 0, 0, 3, 3, 3, 3])


@pytest.fixture
def numbers(study):
    return plain(confusion.analyse(study(n=10, labels=LABELS, answers=ANSWERS)))


def test_counts_have_true_classes_in_rows(numbers):
    expected = np.zeros((7, 7), int)
    expected[0, 0], expected[0, 4], expected[1, 0], expected[3, 3] = 3, 1, 2, 4
    assert numbers["counts"] == expected.tolist()
    assert numbers["n"] == 10


def test_summaries_by_hand(numbers):
    assert numbers["accuracy"]["value"] == 0.7
    assert numbers["balanced_accuracy"] == pytest.approx((3 / 4 + 0 + 1) / 3)
    assert numbers["macro_f1"] == pytest.approx((6 / 9 + 0 + 1) / 3)
    chance = (4 * 5 + 2 * 0 + 4 * 4) / 100
    assert numbers["kappa"] == pytest.approx((0.7 - chance) / (1 - chance))


def test_a_class_that_is_missing_has_no_recall_and_one_never_answered_no_precision(numbers):
    assert [one and one["value"] for one in numbers["recall"]] == [0.75, 0.0, None, 1.0, None, None, None]
    assert numbers["precision"] == [0.6, None, None, 1.0, 0.0, None, None]
    assert numbers["f1"] == [pytest.approx(6 / 9), 0.0, None, 1.0, 0.0, None, None]
    assert numbers["recall"][0]["interval"] == pytest.approx([0.3006, 0.9544], abs=1e-4)


def test_the_most_confused_pairs_come_first(numbers):
    assert numbers["confused"] == [
        {"label": 1, "prediction": 0, "count": 2, "share": 1.0, "wrong_labels": None},
        {"label": 0, "prediction": 4, "count": 1, "share": 0.25, "wrong_labels": None},
    ]
    assert numbers["truly"] is None


def test_where_the_truth_is_known_wrong_labels_are_told_from_errors(study):
    asked = study(n=10, labels=LABELS, answers=ANSWERS)
    truth = LABELS.copy()
    truth[[2, 4]] = 4, 0  # both are answered with the truth, and so wrongly by their labels
    asked.dataset.truth["emotions"] = truth
    found = plain(confusion.analyse(asked))
    assert [(pair["count"], pair["wrong_labels"]) for pair in found["confused"]] == [(2, 1), (1, 1)]
    assert found["truly"] == [{"label": 1, "prediction": 0, "count": 1, "share": 1.0, "wrong_labels": 0}]
    assert found["counts"] == plain(confusion.analyse(study(n=10, labels=LABELS, answers=ANSWERS)))["counts"]


def test_one_class_answered_with_itself_has_no_kappa():
    counts = np.zeros((7, 7), int)
    counts[2, 2] = 5
    assert confusion.kappa(counts) is None
    assert confusion.confused(counts) == []
