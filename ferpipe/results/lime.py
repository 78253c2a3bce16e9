"""What `analyses/lime.py` found: which parts of a face speak for an answer."""

from dataclasses import dataclass

from ferpipe.results.common import Face, Mean, Single


@dataclass(frozen=True)
class Explained(Face):
    """An explained face; fit and stability are those of the predicted class, None if its answers never change."""

    r2: float | None
    stability: float | None  # rank correlation of two halves' weights
    segments: int


@dataclass(frozen=True)
class ClassWeights:
    """Each class's mean weights over right faces, (7, 48, 48); zeros for too few."""

    class_weights: Mean


@dataclass(frozen=True)
class Explanations:
    """Faces, segments (uint8) and signed weights in log-odds, (k, 48, 48) each; of wrong ones for the truth too."""

    right_images: Single
    right_weights: Single
    right_segments: Single
    wrong_images: Single
    wrong_weights: Single
    wrong_segments: Single
    wrong_true_weights: Single


@dataclass(frozen=True)
class Lime:
    """Explanations of right and of wrong answers."""

    right: list[Explained]
    wrong: list[Explained]
    samples: int
    segments: float | None  # mean number of them
    ridge: float
    kernel_width: float
    blur: float  # pixels
    seed: int
    class_weights_n: list[int]  # faces in each class's mean
    class_masks: int
    arrays: ClassWeights
    private: Explanations | None
