"""Which explanation deserves belief: every method scored against what is true, beside baselines that ask no network.

On rendered faces the truth is known: a part's effect on this network (`counterfactuals`), and where the parts are. On
any faces a map can be played back (insertion, deletion), and must change with the network's weights. What decides is
asked of every trained network, since methods that are best on one need not be on the next; the rest of one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.stats import rankdata
from torch import nn

from ferpipe.analyses.counterfactuals import Counterfactual, available, counterfactuals, effects
from ferpipe.analyses.faces import described, labels_of, predictions, stratified, typical
from ferpipe.analyses.study import Study, softmax
from ferpipe.analyses.subjects import Subject, means, trained
from ferpipe.data import fer2013
from ferpipe.data.faces.rendered import RESTING
from ferpipe.explainers.inputs import logits
from ferpipe.explainers.methods import BASELINES, METHODS, Method, relevance
from ferpipe.explainers.surrogates import rank_correlation
from ferpipe.networks.folding import folded
from ferpipe.results.common import BaselineName, Estimate
from ferpipe.results.scores import Agreement, Good, MeanMaps, Score, ScoredFaces, Scores
from ferpipe.size import SIDE
from ferpipe.statistics.intervals import averaged, proportion
from ferpipe.statistics.verdicts import decided

SURE = 0.5  # probability from which on an answer counts as sure
PARTS = 3  # fewest parts that make a ranking
TOP = 0.1  # share of the pixels whose overlap is counted
ENOUGH = 10  # faces of each network below which nothing is trusted: an interval over a handful is too narrow
ALIKE = 0.5  # rank correlation from which on two maps count as alike
AREA: BaselineName = "area"  # the parts' mere sizes, which only rendered faces tell
DRAW = 121  # marks this analysis's generators

# Forward passes: a face's maps by all methods cost some 700 (LIME and RISE 300 each, occlusion 65, the gradients 35
# with as many backward), and are made 40 + 3 x 10 times, and 30 more for every network: 150,000 of five. Insertion and
# deletion add 2 x 25 x 13 maps x 40 faces = 26,000, the parts' effects some 1,000; where insertion less deletion
# decides, 2 x 25 x 21 maps x 30 faces for every network are 160,000 more of five.

TRUTH = ("rank_correlation", "mass_accuracy", "rank_accuracy", "pointing_game")  # of rendered faces alone
PLAYED = ("insertion", "deletion", "difference")
CHECKS = ("randomisation", "seeds", "members")
STATISTICS = (*TRUTH, *PLAYED, *CHECKS, "agreement", "overlap")
ORDER, NETWORKS = 3 + len(STATISTICS), 4 + len(STATISTICS)  # mark generators beside those of STATISTICS

Values = Mapping[str, np.ndarray | None]  # by statistic: one value a face; bool, or float with NaN where there is none


@dataclass(frozen=True)
class Truth:
    """The rightly and surely answered faces of the sample that show a part, what their parts are and do."""

    places: np.ndarray  # (k,) in the sample
    parts: list[Counterfactual]
    effects: list[np.ndarray]

    @property
    def masks(self) -> np.ndarray:
        """The union of each face's parts, (k, 48, 48) bool."""
        return np.array([face.masks.any(0) for face in self.parts], bool).reshape(-1, SIDE, SIDE)


def analyse(study: Study) -> Scores:
    """Return each method's and baseline's scores, how far the methods agree, and which of them is trusted.

    All explain the analysis model's answer. Each statistic is a mean over faces with a bootstrap interval and n (the
    pointing game a share with Wilson's); the one that decides is asked of the other networks too. `trusted` says which
    method the report believes, by the rule there.
    """
    chosen, checked = sampled(study)
    images, targets = study.dataset.dev.images[chosen], predictions(study)[chosen]
    asked = Asked(study, images, targets, study.quick)
    maps = {name: asked.maps(name) for name in (*METHODS, *BASELINES)}
    indices = [index for label in labels_of(study, fer2013.RIGHT) if (index := typical(study, label)) is not None]
    truth = known(study, chosen, asked)
    checks = Checks(asked, checked)
    values: dict[str, Values] = {
        name: {**against(truth, relevances), **played(asked, relevances), **checks.values(name, relevances)}
        for name, relevances in maps.items()
    }
    rivals: tuple[BaselineName, ...] = BASELINES
    if available(study):
        rivals, values[AREA] = (*BASELINES, AREA), areas(truth)
    contest = Contest(study, METHODS, rivals)
    methods = {name: contest.entered(name, score(study, values[name])) for name in METHODS}
    baselines = {name: contest.entered(name, score(study, values[name])) for name in rivals}
    pictures = Asked(study, study.dataset.dev.images[indices], predictions(study)[indices], study.quick)
    return Scores(
        methods=methods,
        baselines=baselines,
        agreement=agreement(study, {name: maps[name] for name in METHODS}),
        criterion=contest.criterion,
        faces=contest.faces,
        best=contest.best,
        trusted=trusted(methods, contest.faces),
        good=good(methods, baselines),
        shown=[described(study, index) for index in indices],
        n=len(chosen),
        checked=checked,
        seed=study.seed,
        resamples=study.effort["scores"].resamples,
        effort=study.effort["scores"].share,
        steps=study.effort["scores"].steps,
        sure=SURE,
        parts=PARTS,
        top=TOP,
        enough=ENOUGH,
        alike=ALIKE,
        arrays=MeanMaps(np.stack([maps[name].mean(0) for name in METHODS])),
        private=ScoredFaces(pictures.images, np.stack([pictures.maps(name) for name in METHODS])),
    )


def trusted(methods: Mapping[Method, Score], faces: Sequence[int]) -> Method | None:
    """Return the method that the report trusts; None if none passes, as of one network.

    The criterion is, on rendered faces, the rank correlation of the parts' relevance with their true effects; on other
    data insertion minus deletion. A method passes if in every network it lies above that network's best baseline, and
    above the mean of its own maps of other faces, by a difference whose interval over networks and faces is clear of
    zero, corrected for as many methods as are asked; each network must have been asked of ENOUGH `faces`. Of those that
    pass, the one with the highest mean is trusted, of equal ones the first of METHODS.
    """
    if min(faces, default=0) < ENOUGH:
        return None
    passed: dict[Method, float] = {
        name: float(np.mean(score.criterion.values))
        for name, score in methods.items()
        if score.criterion and score.lead and decided(score.lead, 0.0, "above", len(methods)).verdict == "holds"
    }
    return max(passed, key=lambda name: passed[name], default=None)


def good(methods: Mapping[Method, Score], baselines: Mapping[BaselineName, Score]) -> Good:
    """Return what each method is good for, where its whole interval says so."""

    def beyond(key: str, score: Score) -> bool:
        estimate = score.statistics()[key]
        bars = [other.interval[1] for baseline in baselines.values() if (other := baseline.statistics()[key])]
        return estimate is not None and bool(bars) and estimate.interval[0] > max(bars)

    def having(has: Callable[[Score], bool]) -> list[Method]:
        return [name for name, score in methods.items() if has(score)]

    return Good(
        mass=having(lambda score: beyond("mass_accuracy", score)),
        top=having(lambda score: beyond("rank_accuracy", score)),
        ranks=having(lambda score: score.lead is not None and min(score.lead.values) > 0),
        depends=having(lambda score: score.randomisation is not None and score.randomisation.interval[1] < ALIKE),
        stable=having(lambda score: score.seeds is not None and score.seeds.interval[0] > ALIKE),
    )


class Contest:
    """What decides, of every trained network, each asked about faces that it answers surely and rightly.

    On rendered faces it is the rank correlation, on others insertion less deletion. The faces are the first of one
    drawn order, so that networks share what they can. A value is NaN where a network was not asked about a face, or the
    face has none.
    """

    def __init__(self, study: Study, methods: Sequence[Method], rivals: Sequence[BaselineName]) -> None:
        self.study, self.methods, self.rivals = study, methods, rivals
        self.criterion = "rank_correlation" if available(study) else "difference"
        subjects = trained(study)
        by_subject = [answerable(study, subject) for subject in subjects]
        every = np.unique(np.concatenate([np.zeros(0, int), *by_subject]))
        parts = counterfactuals(study, every) if available(study) else None
        self.values: dict[str, list[np.ndarray]] = {name: [] for name in (*methods, *rivals)}
        self.habits: dict[str, list[np.ndarray]] = {name: [] for name in methods}
        for subject, faces in zip(subjects, by_subject, strict=True):
            places = np.searchsorted(every, faces)
            asked = Asked(study, study.dataset.dev.images[faces], subject.answers[faces], subject.quick)
            truth = None
            if parts is not None:
                truth = truly(subject.network, asked, np.arange(len(faces)), [parts[place] for place in places])
            for name, values in self.values.items():
                values.append(np.full(len(every), np.nan))
                if name == AREA:
                    values[-1][places] = areas(truth)["rank_correlation"]
                    continue
                maps = asked.maps(name)
                values[-1][places] = self._scored(maps, asked, truth)
                if name in methods:
                    self.habits[name].append(np.full(len(every), np.nan))
                    self.habits[name][-1][places] = self._scored(of_others(maps), asked, truth)
        self.faces = [int((~np.isnan(values)).sum()) for values in self.values[rivals[0]]]
        self.best = [self._best(k) for k in range(len(subjects)) if self.faces[k]]

    def entered(self, name: Method | BaselineName, score: Score) -> Score:
        """Return the score with what the contest says of the method or baseline; a baseline has no lead."""
        if not len(self.best) or len(self.best) < len(self.faces):  # a network without a face: nothing is over all
            return score
        values, lead, habit = self.values[name], None, None
        if name in self.methods:
            habit = means(self.study, (DRAW, NETWORKS), self.habits[name])
            rivals = [self._rival(name, k) for k in range(len(self.best))]
            lead = means(
                self.study,
                (DRAW, NETWORKS),
                [of_method - other for of_method, other in zip(values, rivals, strict=True)],
            )
        decision = decided(lead, 0.0, "above", len(self.methods)) if lead else None
        return replace(
            score,
            criterion=means(self.study, (DRAW, NETWORKS), values),
            habit=habit,
            lead=lead,
            margin=Estimate(decision.value, list(decision.interval), lead.n) if lead and decision else None,
        )

    def _scored(self, maps: np.ndarray, asked: "Asked", truth: "Truth | None") -> np.ndarray | None:
        return (played(asked, maps) if truth is None else against(truth, maps))[self.criterion]

    def _rival(self, name: str, network: int) -> np.ndarray:
        """Return the values of what a method has to beat in a network: the best baseline, or its own habit."""
        return max(
            (self.values[self.best[network]][network], self.habits[name][network]),
            key=lambda values: float(np.nanmean(values)),
        )

    def _best(self, network: int) -> BaselineName:
        """Return the baseline that is best in a network, of equal ones the first."""
        return max(self.rivals, key=lambda name: float(np.nanmean(self.values[name][network])))


def of_others(maps: np.ndarray) -> np.ndarray:
    """Return for each face the mean of the others' maps (n, 48, 48), each of as much relevance in all.

    This is what a method marks whatever face it is shown: it knows the network's habits, and nothing of this face.
    """
    sizes = np.abs(maps).sum((1, 2), keepdims=True, dtype=np.float64)
    shares = np.divide(maps, sizes, out=np.zeros(maps.shape), where=sizes > 0)
    means: np.ndarray = (shares.sum(0) - shares) / max(len(maps) - 1, 1)
    return means


def answerable(study: Study, subject: Subject) -> np.ndarray:
    """Return the dev faces about which a network is asked, sorted; of rendered ones those with parts to rank."""
    usable = surely_right(study, subject)
    if available(study):
        truth = study.dataset.truth
        usable = usable & ((truth["units"] > RESTING).sum(1) + truth["hands"] >= PARTS)
    drawn = np.random.default_rng([study.seed, DRAW, ORDER]).permutation(len(usable))
    return np.sort(drawn[usable[drawn]][: study.effort["scores"].own])


def sampled(study: Study) -> tuple[np.ndarray, int]:
    """Return the dev faces that are explained, and how many of them, which stand first, are also checked.

    First, so that a method draws for them as it did before: a check then changes one thing alone. Where the truth is
    known they are taken from the faces that count for it, if those suffice.
    """
    count, fewer = study.effort["scores"].faces, study.effort["scores"].checked
    places = np.arange(len(study.labels))
    if available(study):
        places = np.flatnonzero(surely_right(study, trained(study)[0]))
    if len(places) < count:
        places = np.arange(len(study.labels))
    chosen = places[stratified(study.labels[places], count, np.random.default_rng([study.seed, DRAW, 0]))]
    first = stratified(study.labels[chosen], fewer, np.random.default_rng([study.seed, DRAW, 1]))
    return np.concatenate([chosen[first], np.delete(chosen, first)]), len(first)


@dataclass(frozen=True)
class Asked:
    """The faces that are explained, for which classes, and of which network."""

    study: Study
    images: np.ndarray  # (n, 48, 48) uint8
    targets: np.ndarray  # (n,) int64
    network: nn.Module  # in evaluation mode

    def maps(
        self, name: str, network: nn.Module | None = None, seed: int | None = None, first: int | None = None
    ) -> np.ndarray:
        """Return a method's maps (n, 48, 48), of the faces' network unless another, or another seed, is given."""
        study = self.study
        return relevance(
            name,
            self.network if network is None else network,
            self.images[:first],
            self.targets[:first],
            study.device,
            study.seed if seed is None else seed,
            study.effort["scores"].share,
        )


def surely_right(study: Study, subject: Subject) -> np.ndarray:
    """Return which dev faces a network answers surely and rightly, (n,) bool: by the truth where it is known."""
    truth = study.dataset.truth["emotions"] if available(study) else study.labels
    right: np.ndarray = (subject.confidence >= SURE) & (subject.answers == truth)
    return right


def known(study: Study, chosen: np.ndarray, asked: Asked) -> Truth | None:
    """Return the truth about the sample's faces, None where it is not known."""
    if not available(study):
        return None
    places = np.flatnonzero(surely_right(study, trained(study)[0])[chosen])
    parts = counterfactuals(study, chosen[places])
    visible = [k for k, face in enumerate(parts) if face.parts]
    return truly(study.model, asked, places[visible], [parts[k] for k in visible])


def truly(network: nn.Module, asked: Asked, places: np.ndarray, parts: list[Counterfactual]) -> Truth:
    """Return the truth about a network's faces at these places, of which the parts are given."""
    images, targets = asked.images[places], asked.targets[places]
    return Truth(places, parts, effects(network, images, targets, parts, asked.study.device))


def against(truth: Truth | None, maps: np.ndarray) -> Values:
    """Return how maps (n, 48, 48) of a sample stand to the truth, one value for each of its faces.

    Mass accuracy is the share of the positive relevance inside the parts' masks, rank accuracy the share of the K most
    relevant pixels, K being the masks' size (Arras et al. 2022); the pointing game is won if the most relevant pixel
    lies inside (Zhang et al. 2018), here without a margin, since the masks are exact. These three say where the
    expression is, not what the network used. A map without positive relevance has none inside.
    """
    if truth is None:
        return dict.fromkeys(TRUTH)
    maps = maps[truth.places]
    positive, masks, places = np.maximum(maps, 0).astype(np.float64), truth.masks, order(maps)
    total, size = positive.sum((1, 2)), masks.sum((1, 2))
    inside = (positive * masks).sum((1, 2))
    top = (places < size[:, None, None]) & masks
    return {
        "rank_correlation": np.array(
            [part_correlation(*face) for face in zip(maps, truth.parts, truth.effects, strict=True)], float
        ),
        "mass_accuracy": np.divide(inside, total, out=np.zeros_like(total), where=total > 0),
        "rank_accuracy": top.sum((1, 2)) / size,
        "pointing_game": ((places == 0) & masks).any((1, 2)),
    }


def part_correlation(relevances: np.ndarray, face: Counterfactual, effect: np.ndarray) -> float:
    """Return Spearman's correlation of a map's (48, 48) relevance in each part with the parts' effects.

    NaN where the effects make no ranking; 0 for a map that makes none. The relevance is summed over a part's mask, not
    averaged: an effect is the whole part's, and a map that shares the answer out among pixels gives a part the sum of
    theirs. A sum grows with the mask, as effects do; what that alone achieves is the baseline AREA.
    """
    if len(effect) < PARTS or np.ptp(effect) == 0:
        return float("nan")
    return rank_correlation((relevances.astype(np.float64) * face.masks).sum((1, 2)), effect) or 0.0


def areas(truth: Truth | None) -> Values:
    """Return how far the parts' mere sizes rank their effects, and the share of each face that they cover.

    This is what an even map scores, which has no order of pixels.
    """
    if truth is None:
        return {}
    even = np.ones((SIDE, SIDE))
    ranked = [part_correlation(even, *face) for face in zip(truth.parts, truth.effects, strict=True)]
    return {"rank_correlation": np.array(ranked, float), "mass_accuracy": truth.masks.mean((1, 2))}


def order(maps: np.ndarray) -> np.ndarray:
    """Return each pixel's place in its map, (n, 48, 48), 0 for the most relevant one.

    Equal pixels, of which segments and patches have many, stand in one drawn order, the same for every map.
    """
    drawn = np.random.default_rng(DRAW).permutation(SIDE * SIDE)
    sequence = drawn[np.argsort(-maps.reshape(-1, SIDE * SIDE)[:, drawn], axis=1, kind="stable")]
    places = np.empty_like(sequence)
    np.put_along_axis(places, sequence, np.arange(SIDE * SIDE)[None], axis=1)
    return places.reshape(maps.shape)


def played(asked: Asked, maps: np.ndarray) -> Values:
    """Return each face's areas under the target's probability while pixels come or go, most relevant first, in [0, 1].

    Insertion begins with the hidden face, deletion with the face (Petsiuk et al. 2018): a good map's insertion is
    high, its deletion low. What hides a face is its own mean grey: LIME, RISE, occlusion and integrated gradients hide
    it behind its blur, and a metric that did so too would score them by what they were made with.
    """
    study, places = asked.study, order(maps)
    whole = asked.images.astype(np.float32) / 255
    blank = whole.mean((1, 2), keepdims=True)

    def probability(visible: np.ndarray) -> np.ndarray:
        answers = softmax(logits(asked.network, np.where(visible, whole, blank), study.device))
        return answers[np.arange(len(answers)), asked.targets]

    cuts = np.linspace(0, SIDE * SIDE, study.effort["scores"].steps + 1)
    insertion = under([probability(places < cut) for cut in cuts])
    deletion = under([probability(places >= cut) for cut in cuts])
    return {"insertion": insertion, "deletion": deletion, "difference": insertion - deletion}


def under(curve: Sequence[np.ndarray]) -> np.ndarray:
    """Return the area (n,) under values (n,) at equal steps from 0 to 1, by trapezoids."""
    values = np.stack(curve)
    return (values[1:] + values[:-1]).mean(0) / 2


class Checks:
    """Whether a map depends on the network, and on nothing else: correlations with further maps of the first faces."""

    def __init__(self, asked: Asked, first: int) -> None:
        study = asked.study
        seeds = np.random.default_rng([study.seed, DRAW, 2]).integers(2**31, size=2).tolist()
        untrained = folded(study.untrained(seeds[0]))
        second = study.members[1] if len(study.members) > 1 else None
        other = folded(second.network(study.device)) if second is not None and second.weights is not None else None
        self.first = first
        self.random = partial(asked.maps, network=untrained, first=first)
        self.reseeded = partial(asked.maps, seed=seeds[1], first=first)
        self.second = partial(asked.maps, network=other, first=first) if other is not None else None

    def values(self, name: str, maps: np.ndarray) -> Values:
        """Return each face's rank correlation of its map with the map of randomised weights (Adebayo et al. 2018), of
        another seed, and of the second member, None without one.

        Of randomised weights sizes are compared, and near 0 is good; of the others near 1 is. NaN for a constant map.
        """
        maps = maps[: self.first]
        ranks = ranked(maps)
        return {
            "randomisation": (ranked(np.abs(maps)) * ranked(np.abs(self.random(name)))).sum(1),
            "seeds": (ranks * ranked(self.reseeded(name))).sum(1),
            "members": (ranks * ranked(self.second(name))).sum(1) if self.second else None,
        }


def ranked(maps: np.ndarray) -> np.ndarray:
    """Return maps' ranks (n, 2304) such that the product of two sums to Spearman's correlation; NaN if constant."""
    ranks = rankdata(maps.reshape(-1, SIDE * SIDE), axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    length = np.linalg.norm(ranks, axis=1, keepdims=True)
    return np.divide(ranks, length, out=np.full_like(ranks, np.nan), where=length > 0)


def agreement(study: Study, maps: Mapping[Method, np.ndarray]) -> Agreement:
    """Return each two methods' mean rank correlation, and overlap of their largest pixels (Krishna et al. 2022)."""
    ranks = {name: ranked(relevances) for name, relevances in maps.items()}
    tops = {name: order(np.abs(relevances)) < round(TOP * SIDE * SIDE) for name, relevances in maps.items()}
    counts = {name: pixels.sum((1, 2)) for name, pixels in tops.items()}

    def matrix(key: str, pair: Callable[[Method, Method], np.ndarray]) -> list[list[Estimate | None]]:
        return [[statistic(study, key, pair(a, b)) for b in maps] for a in maps]

    return Agreement(
        methods=list(maps),
        rank_correlation=matrix("agreement", lambda a, b: (ranks[a] * ranks[b]).sum(1)),
        overlap=matrix("overlap", lambda a, b: (tops[a] & tops[b]).sum((1, 2)) / counts[a]),
    )


def score(study: Study, values: Values) -> Score:
    """Return a method's statistics, each a mean over its faces with interval and n; None without faces.

    What decides is entered by Contest.
    """

    def mean(key: str) -> Estimate | None:
        return statistic(study, key, values.get(key))

    return Score(
        rank_correlation=mean("rank_correlation"),
        mass_accuracy=mean("mass_accuracy"),
        rank_accuracy=mean("rank_accuracy"),
        pointing_game=mean("pointing_game"),
        insertion=mean("insertion"),
        deletion=mean("deletion"),
        difference=mean("difference"),
        randomisation=mean("randomisation"),
        seeds=mean("seeds"),
        members=mean("members"),
        criterion=None,
        habit=None,
        lead=None,
        margin=None,
    )


def statistic(study: Study, key: str, values: np.ndarray | None) -> Estimate | None:
    """Return the mean of `values` with its interval and n, of bool values the share; NaN are left out.

    Every method's values of a statistic are resampled alike, so that their intervals differ by the maps alone.
    """
    if values is not None and values.dtype != bool:
        values = values[~np.isnan(values)]
    if values is None or not len(values):
        return None
    if values.dtype == bool:
        return proportion(values)
    rng = np.random.default_rng([study.seed, DRAW, 3 + STATISTICS.index(key)])
    return averaged(values, rng, study.effort["scores"].resamples)
