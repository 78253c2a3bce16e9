"""What `analyses/saliency.py` found: to which pixels the predicted class's logit answers."""

from dataclasses import dataclass

from ferpipe.results.common import Across, Face, Mean, RegionName, Single


@dataclass(frozen=True)
class Share:
    """The mean share of a face's saliency inside a region, with its interval over faces; None without the region."""

    value: float | None
    interval: list[float] | None
    area: float | None  # the region's share of the picture
    n: int


@dataclass(frozen=True)
class Confused:
    """One of the most frequent confusions."""

    label: int
    prediction: int
    n: int  # faces in its mean


@dataclass(frozen=True)
class ClassMaps:
    """Each class's mean map of the gradient's magnitude, (7, 48, 48); a face's sums to 1.

    And of each of `confusions` the mean face, (k, 48, 48) in [0, 1], and its mean map less that of the label's right
    faces.
    """

    class_maps: Mean
    confused_faces: Mean
    confused_maps: Mean


@dataclass(frozen=True)
class SaliencyFaces:
    """Faces (6, 48, 48) uint8 and their signed maps by method, (6, 48, 48) float32 in logits per unit of input."""

    images: Single
    gradient: Single
    smoothgrad: Single
    integrated: Single


@dataclass(frozen=True)
class Saliency:
    """Three methods' maps of six faces, and where the gradient's magnitude falls over dev."""

    faces: list[Face]
    n: int
    completeness_error: float | None  # of Integrated Gradients, as a share of the logit's change
    share: dict[RegionName, Share]
    class_maps_n: list[int]  # faces in each class's mean map
    confusions: list[Confused]  # the most frequent ones first
    methods: list[str]
    seed: int
    smoothgrad_samples: int
    smoothgrad_sigma: float  # the noise's deviation as a share of the face's range
    integrated_steps: int
    integrated_blur: float  # pixels
    locates: Across | None  # by how much the gradient's share on the face exceeds the face's area
    reads: Across | None  # the same of brows, eyes, nose and mouth
    arrays: ClassMaps
    private: SaliencyFaces | None
    ellipse: list[float] | None = None  # half-axes in pixels of what stands for the face, where its mask is not known
