"""Settings: what the networks were made with, by which recipe, and how well the analysis model answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferpipe.analyses.faces import predictions
from ferpipe.analyses.study import Study
from ferpipe.explainers.inputs import logits
from ferpipe.results.stored import Result
from ferpipe.statistics.intervals import proportion


def analyse(study: Study) -> Result:
    """Return versions, device, seeds and parameters, and the analysis model's accuracies with Wilson intervals."""
    member = study.members[0]
    numbers = {
        **member.made_with,
        **study.asked,
        "parameters": member.recipe.parameters(),
        "members": len(study.members),
        "pretrained": member.pretrained,
        "analysis_model": analysis_model(study),
    }
    return Result(numbers)


def analysis_model(study: Study) -> dict[str, Any]:
    """Return the chosen epoch and the accuracies there; on test only where its labels are known, else None."""
    member, train = study.members[0], study.dataset.train
    dev = proportion(predictions(study) == study.labels)
    test = test_accuracy(study)
    faces = min(member.recipe.part or len(train), len(train))
    return {
        "name": member.name,
        "epoch": member.epoch,
        "train_accuracy": member.history["train_accuracy"][member.epoch - 1],
        "train_n": min(faces, len(study.labels)),  # the loop measures on as many training faces as dev has
        "dev_accuracy": dev["value"],
        "dev_interval": dev["interval"],
        "dev_n": dev["n"],
        "test_accuracy": test and test["value"],
        "test_interval": test and test["interval"],
        "test_n": test and test["n"],
    }


def test_accuracy(study: Study) -> dict[str, Any] | None:
    """Return the accuracy on test with its interval and n; None without labels or faces."""
    test = study.dataset.test
    if test is None or test.labels is None or not len(test):
        return None
    answers = logits(study.model, test.images, study.device).argmax(1)
    return proportion(np.asarray(answers == test.labels))
