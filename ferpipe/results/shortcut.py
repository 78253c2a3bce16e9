"""What `analyses/shortcut.py` found: what the network makes of the planted hand, and which method finds it."""

from dataclasses import dataclass

from ferpipe.results.common import BaselineName, Estimate, MethodName


@dataclass(frozen=True)
class Kinds:
    """How many faces whose answer the hand decides were explained, and how many others."""

    decisive: int
    other: int


@dataclass(frozen=True)
class Finding:
    """The mean area under the ROC curve of relevance against the hand's pixels, 0.5 by chance; None without faces."""

    decisive: Estimate | None
    other: Estimate | None


@dataclass(frozen=True)
class Shortcut:
    """The hand in rendered dev faces; None where there is nothing to measure, all of it in photographs."""

    available: bool
    n: int | None
    flips: Estimate | None  # share of answers that change when the hand goes
    by_answer: list[Estimate | None] | None  # the same by the answer with the hand
    answers: list[list[int]] | None  # counts of answers with the hand by those without
    sad_effect: Estimate | None  # mean change of sadness's log-odds that the hand makes
    explained: Kinds | None
    methods: dict[MethodName, Finding] | None
    baselines: dict[BaselineName, Finding] | None
    seed: int
    resamples: int
    effort: float
