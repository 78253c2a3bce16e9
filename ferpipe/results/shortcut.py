"""What `analyses/shortcut.py` found: what the networks make of the planted hand, and which method finds it."""

from dataclasses import dataclass

from ferpipe.results.common import Across, BaselineName, Estimate, MethodName


@dataclass(frozen=True)
class Kinds:
    """How many faces that are sad by the hand alone were explained, and how many whose answer stays without it."""

    decisive: int
    other: int


@dataclass(frozen=True)
class Finding:
    """The mean area under the ROC curve of relevance against the hand's pixels, 0.5 by chance; None without faces."""

    decisive: Estimate | None
    other: Estimate | None


@dataclass(frozen=True)
class Shortcut:
    """The hand at rendered dev faces; None where there is nothing to measure, all of it in photographs."""

    available: bool
    n: int | None  # faces that were drawn with a hand and without
    sadness: Across | None  # mean change of its log-odds that the hand makes, of every trained network
    happiness: Across | None  # the same of a class that no hand goes with
    more: Across | None  # by how much it raises sadness more than happiness
    flips: Estimate | None  # share of the analysis model's answers that change when the hand goes
    by_answer: list[Estimate | None] | None  # the same by the answer with the hand
    answers: list[list[int]] | None  # counts of answers with the hand by those without
    explained: Kinds | None
    methods: dict[MethodName, Finding] | None
    baselines: dict[BaselineName, Finding] | None
    best: BaselineName | None  # where the hand decides
    finders: list[MethodName]  # whose whole interval lies there above that baseline's
    tellers: list[MethodName]  # whose lead over every baseline is clearly larger there
    seed: int
    resamples: int
    effort: float
