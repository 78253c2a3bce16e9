"""The curves: loss and accuracy per epoch of the early-stopped analysis model and of the overfitting one."""

from ferpipe.analyses.study import Study
from ferpipe.networks.members import CURVES, Member
from ferpipe.results.curves import Curve, Curves


def analyse(study: Study) -> Curves:
    """Return both models' curves, one value an epoch, and the epoch, from 1, of the lowest dev loss."""
    return Curves(curve(study, study.members[0]), curve(study, study.overfitted[0]))


def curve(study: Study, member: Member) -> Curve:
    """Return a member's history; train's loss and accuracy are of a sample of its faces, without augmentation."""
    faces = len(study.dataset.train) - member.recipe.held
    values = {name: [float(value) for value in member.history[name]] for name in CURVES}
    return Curve(
        epochs=list(range(1, len(member.history["dev_loss"]) + 1)),
        train_loss=values["train_loss"],
        dev_loss=values["dev_loss"],
        train_accuracy=values["train_accuracy"],
        dev_accuracy=values["dev_accuracy"],
        best=member.epoch,
        n_train=min(member.recipe.part or faces, faces),
        n_dev=len(study.labels),
    )
