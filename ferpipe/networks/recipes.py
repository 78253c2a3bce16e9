"""How a network is trained, as data: every hyperparameter with its unit and its reason.

A recipe decides a member's identity, together with its data, its teachers and the weights it starts from. Device,
precision and threads do not: they are recorded beside the weights, so that a member made on one machine is simply
loaded on another.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from ferpipe.storage.encoding import JSON


@dataclass(frozen=True)
class Recipe:
    """One network's hyperparameters."""

    # "member" of the ensemble; "overfitted", the same without its regularisers; "balanced", the same with each class as
    # often as the others; "student" of the ensemble
    role: str = "member"
    seed: int = 0  # of weights, order and augmentation
    stem: str = "imagenet"  # see resnet.py
    enlarge: int = 1  # how many times as large a face is made inside the network
    pretrained: bool = False  # starts from ImageNet's weights, see start.py
    width: int = 32  # channels of the first stage
    epochs: int = 12
    small: int = 0  # the first epochs see 32x32 pixels, in half the time (progressive resizing: Tan & Le 2021)
    part: int = 0  # training faces used, drawn by seed; 0 = all
    held: int = 0  # training faces, drawn by seed, on which the epoch is chosen and nothing is learned; 0 = dev's
    balanced: bool = False  # each class is trained on as often as the others
    batch: int = 64  # images a step
    learning_rate: float = 0.1  # the one-cycle schedule's peak (Smith & Topin 2019), for SGD
    muon: float = 0.05  # the peak for Muon, which moves the stages' convolutions (Jordan et al. 2024); 0 = SGD for all
    warmup: float = 0.2  # share of all steps in which the rate rises
    momentum: float = 0.9  # Nesterov's
    weight_decay: float = 5e-4  # on weights of convolutions and fc, not on biases and normalisation
    label_smoothing: float = 0.1  # some labels are wrong (Szegedy et al. 2016)
    average: float = 0.5  # horizon of the running mean of the weights, in epochs; 0 = none (Polyak & Juditsky 1992)
    flip: bool = True  # left and right alternate from epoch to epoch instead of being drawn (Jordan 2024)
    rotate: float = 5.0  # degrees at most, either way
    scale: float = 0.05  # share by which a face may be larger or smaller
    shift: float = 2.0  # pixels at most, either way
    light: float = 0.1  # share by which brightness and contrast may change
    erase: float = 0.0  # probability that a rectangle is greyed out (Zhong et al. 2020)
    mask: float = 0.0  # probability that half of a grid's cells are blurred, as they are when explanations are made
    mixup: float = 0.0  # the parameter of Beta, from which the share of another face is drawn (Zhang et al. 2018)
    cutmix: float = 0.0  # probability that a batch has rectangles of other faces pasted in instead (Yun et al. 2019)
    # share of the teachers' probabilities in the target, beside the label's (Hinton et al. 2015); they are asked about
    # each face as it is trained on (Beyer et al. 2022)
    distil: float = 0.0

    def parameters(self) -> JSON:
        """Return the recipe as JSON."""
        return asdict(self)


def overfitted(recipe: Recipe, part: int, epochs: int) -> Recipe:
    """Return `recipe` without its regularisers, on a part of train, run past the minimum of its dev loss.

    The part is large enough for networks that learn something first: one that never answers better than the classes'
    frequencies has no minimum to pass.
    """
    bare = replace(recipe, flip=False, rotate=0.0, scale=0.0, shift=0.0, light=0.0, erase=0.0, mask=0.0, mixup=0.0)
    bare = replace(bare, cutmix=0.0, weight_decay=0.0, label_smoothing=0.0, average=0.0, small=0, batch=64)
    bare = replace(bare, learning_rate=0.05, muon=0.02)
    # half as wide, and so in half the time
    return replace(bare, role="overfitted", part=part, epochs=epochs, width=max(8, recipe.width // 2))


def student(recipe: Recipe, teachers: Iterable[Recipe], distil: float = 0.7) -> Recipe:
    """Return `recipe` for a network that learns its teachers' answers, and for the remaining share the labels.

    Where one of them is built as it is, it goes on from that one's weights: it need not learn again what these know,
    and a quarter of the epochs at half the rates moves them as far as is needed. Not where faces are held out, since
    the teacher has learned those.
    """
    taught = replace(recipe, role="student", distil=distil, label_smoothing=0.0)
    if recipe.pretrained or recipe.held or not any(alike(recipe, teacher) for teacher in teachers):
        return taught
    slow = replace(taught, learning_rate=recipe.learning_rate / 2, muon=recipe.muon / 2)
    return replace(slow, epochs=max(1, recipe.epochs // 4), small=0)


def alike(one: Recipe, other: Recipe) -> bool:
    """Return whether the weights of networks of these recipes fit each other."""
    return (one.stem, one.width, one.enlarge) == (other.stem, other.width, other.enlarge)
