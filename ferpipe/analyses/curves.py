"""The curves: loss and accuracy per epoch of the early-stopped analysis model and of the overfitting one."""

from __future__ import annotations

from typing import Any

from ferpipe.analyses.study import Study
from ferpipe.networks.members import Member
from ferpipe.results.stored import Result

CURVES = ("train_loss", "dev_loss", "train_accuracy", "dev_accuracy")


def analyse(study: Study) -> Result:
    """Return both models' curves, one value an epoch, and the epoch, from 1, of the lowest dev loss."""
    return Result({"analysis": curves(study, study.members[0]), "overfitted": curves(study, study.overfitted)})


def curves(study: Study, member: Member) -> dict[str, Any]:
    """Return a member's history; train's loss and accuracy are of a sample of its faces, without augmentation."""
    faces = len(study.dataset.train)
    return {
        "epochs": list(range(1, len(member.history["dev_loss"]) + 1)),
        **{name: [float(value) for value in member.history[name]] for name in CURVES},
        "best": member.epoch,
        "n_train": min(member.recipe.part or faces, faces),
        "n_dev": len(study.labels),
    }
