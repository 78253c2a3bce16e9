"""Settings: what the networks were made with, by which recipe, and how well the analysis model answers."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from ferpipe.analyses.faces import predictions
from ferpipe.analyses.study import Study
from ferpipe.explainers.inputs import logits
from ferpipe.results.common import Estimate
from ferpipe.results.settings import Accuracies, Chance, Settings
from ferpipe.statistics.intervals import mcnemar, proportion

LEVEL = 0.05
CLEAR, GAIN = 0.001, 0.05  # of another order of the outputs, to be named: p-value, and accuracy that it must win


def analyse(study: Study) -> Settings:
    """Return versions, device, seeds and parameters, and the analysis model's accuracies with Wilson intervals."""
    member = study.members[0]
    return Settings(
        **vars(study.asked),
        versions=member.made_with["versions"],
        device=member.made_with["device"],
        precision=member.made_with["precision"],
        threads=member.made_with["threads"],
        parameters=member.recipe.parameters(),
        members=len(study.members),
        pretrained=member.pretrained,
        analysis_model=analysis_model(study),
        chance=chance(predictions(study), study.labels, len(study.classes)),
        foreign=member.foreign,
    )


def chance(answers: np.ndarray, labels: np.ndarray, classes: int) -> Chance:
    """Return whether answers (n,) are better than the same one for all faces, by McNemar's test at 5 %.

    And the order of the outputs that fits the labels best (Kuhn 1955), where it is clearly better than their own: a
    mixed-up order of classes shows. It is fitted on each half of the faces and judged on the other.
    """
    usual = np.bincount(labels, minlength=classes).argmax()
    right, by_rote = answers == labels, labels == usual
    renamed, halves = np.zeros(len(labels), bool), np.arange(len(labels)) % 2
    for half in (0, 1):
        names = _fitting(answers[halves != half], labels[halves != half], classes)
        renamed[halves == half] = names[answers[halves == half]] == labels[halves == half]
    clear = renamed.mean() > max(right.mean() + GAIN, by_rote.mean())
    if not clear or max(mcnemar(renamed, right), mcnemar(renamed, by_rote)) > CLEAR:
        renamed, names = right, np.arange(classes)
    else:
        names = _fitting(answers, labels, classes)
    return Chance(
        usual=float(by_rote.mean()),
        better=bool(right.mean() > by_rote.mean() and mcnemar(right, by_rote) < LEVEL),
        renamed=float(renamed.mean()),
        names=names.tolist(),
    )


def _fitting(answers: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the label (classes,) of each output with which most answers are right; its own where it has no answer."""
    counts = np.zeros((classes, classes))
    np.add.at(counts, (answers, labels), 1)
    return np.asarray(linear_sum_assignment(counts + 1e-6 * np.eye(classes), maximize=True)[1])


def analysis_model(study: Study) -> Accuracies:
    """Return the chosen epoch and the accuracies there; on test only where its labels are known, else None."""
    member, train = study.members[0], study.dataset.train
    dev = proportion(predictions(study) == study.labels)
    test = test_accuracy(study)
    faces = min(member.recipe.part or len(train), len(train))
    return Accuracies(
        name=member.name,
        epoch=member.epoch,
        train_accuracy=member.history["train_accuracy"][member.epoch - 1] if len(train) else None,
        train_n=min(faces, len(study.labels)),  # the loop measures on as many training faces as dev has
        dev_accuracy=dev.value,
        dev_interval=dev.interval,
        dev_n=dev.n,
        test_accuracy=test.value if test else None,
        test_interval=test.interval if test else None,
        test_n=test.n if test else None,
    )


def test_accuracy(study: Study) -> Estimate | None:
    """Return the accuracy on test with its interval and n; None without labels or faces."""
    test = study.dataset.test
    if test is None or test.labels is None or not len(test):
        return None
    answers = logits(study.model, test.images, study.device).argmax(1)
    return proportion(np.asarray(answers == test.labels))
