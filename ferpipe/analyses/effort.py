"""How much an analysis may ask; the table is build/effort.py's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How much an analysis asks of data and networks; what it does not ask for is 0."""

    resamples: int = 0  # of a bootstrap
    faces: int = 0  # of dev, by class
    networks: int = 0  # untrained ones
    pairs: int = 0  # of faces: of a wrong and a right one, of every network; of one with and without a hand
    samples: int = 0  # copies of a face: masked ones of LIME, noisy ones of SmoothGrad
    steps: int = 0  # of an ascent, a path integral, insertion and deletion
    starts: int = 0  # of an ascent
    share: float = 0.0  # of the methods' masks at full effort
    checked: int = 0  # faces of which further maps are asked
    own: int = 0  # faces of each network, which it answers surely and rightly
    least: int = 0  # faces with a part below which the part is left out
    permutations: int = 0  # of the labels
    class_faces: int = 0  # right faces a class in its mean map
    class_masks: int = 0  # masked copies of each of them
