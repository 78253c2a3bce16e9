"""What `analyses/scores.py` found: which explanation deserves belief, over all networks."""

from dataclasses import dataclass

from ferpipe.results.common import Across, BaselineName, Estimate, Face, Mean, MethodName, Single


@dataclass(frozen=True)
class Score:
    """A method's statistics, means over the analysis model's faces, and over all networks the one that decides.

    None where one cannot be computed.
    """

    rank_correlation: Estimate | None  # of the parts' relevance with their true effects; of rendered faces, as the next
    mass_accuracy: Estimate | None  # share of the positive relevance inside the parts
    rank_accuracy: Estimate | None  # share of the most relevant pixels inside, as many as the parts have
    pointing_game: Estimate | None  # share of faces whose most relevant pixel lies inside
    insertion: Estimate | None  # area under the probability while pixels come, most relevant first
    deletion: Estimate | None  # while they go
    difference: Estimate | None  # of the two
    randomisation: Estimate | None  # rank correlation with the map of random weights
    seeds: Estimate | None  # of another seed
    members: Estimate | None  # of the second member
    criterion: Across | None  # the one that decides, of every trained network on faces of its own
    habit: Across | None  # the same of the mean of its own maps of other faces; of a method alone, as the next two
    lead: Across | None  # less that of each network's best baseline, the habit among them, on the same faces
    margin: Estimate | None  # the mean of `lead`, its interval widened for as many methods as are asked

    def statistics(self) -> dict[str, Estimate | None]:
        """Return all of them by name, in the order of the report's table."""
        return {
            "rank_correlation": self.rank_correlation,
            "mass_accuracy": self.mass_accuracy,
            "rank_accuracy": self.rank_accuracy,
            "pointing_game": self.pointing_game,
            "insertion": self.insertion,
            "deletion": self.deletion,
            "difference": self.difference,
            "randomisation": self.randomisation,
            "seeds": self.seeds,
            "members": self.members,
        }


@dataclass(frozen=True)
class Agreement:
    """Each two methods' rank correlation, and overlap of the pixels of largest size: matrices by `methods`."""

    methods: list[MethodName]
    rank_correlation: list[list[Estimate | None]]
    overlap: list[list[Estimate | None]]


@dataclass(frozen=True)
class Good:
    """What the analysis model's numbers say that methods are good for, whether or not one is trusted."""

    mass: list[MethodName]  # more of the relevance inside the parts than any baseline's
    top: list[MethodName]  # more of the top pixels inside them
    ranks: list[MethodName]  # above the best baseline in every network, clear of it or not
    depends: list[MethodName]  # less than `alike` with random weights
    stable: list[MethodName]  # more than `alike` with another seed


@dataclass(frozen=True)
class MeanMaps:
    """Each method's mean map over the sample, (methods, 48, 48)."""

    means: Mean


@dataclass(frozen=True)
class ScoredFaces:
    """The faces of `shown`, (k, 48, 48) uint8, and their maps, (methods, k, 48, 48)."""

    images: Single
    maps: Single


@dataclass(frozen=True)
class Scores:
    """Each method's and baseline's scores, how far the methods agree, and which of them is trusted."""

    methods: dict[MethodName, Score]
    baselines: dict[BaselineName, Score]
    agreement: Agreement
    criterion: str  # the statistic that decides
    faces: list[int]  # on which it could be computed, by network
    best: list[BaselineName]  # by network
    trusted: MethodName | None
    good: Good
    shown: list[Face]
    n: int
    checked: int  # faces of randomisation, seeds and members
    seed: int
    resamples: int
    effort: float
    steps: int  # of insertion and deletion
    sure: float  # probability from which on an answer counts
    parts: int  # fewest that make a ranking
    top: float  # share of the pixels whose overlap is counted
    enough: int  # faces of each network below which nothing is trusted
    alike: float  # rank correlation from which on two maps count as alike
    arrays: MeanMaps
    private: ScoredFaces | None
