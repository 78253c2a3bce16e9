"""The ensemble against its members: mean of probabilities and simplest vote, and what each further member adds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import combinations, permutations
from math import comb

import numpy as np

from ferpipe.analyses import subjects
from ferpipe.analyses.study import Study, softmax
from ferpipe.explainers.inputs import logits
from ferpipe.results.common import Across
from ferpipe.results.ensemble import Accuracy, Ensemble, Gain, Named, OfSize, OneMember, Scored, Student, Tested, Views
from ferpipe.statistics import across as over
from ferpipe.statistics.intervals import bootstrap, mcnemar, wilson

SUBSETS = 252  # of one size at most: all of ten members; of more members as many are drawn
DRAW = 102  # marks this analysis's generators


def analyse(study: Study) -> Ensemble:
    """Return accuracies and losses on dev of members, mean and vote, with a paired test and interval of the gain."""
    labels = study.labels
    probabilities = np.stack([softmax(member.dev_logits) for member in study.members])  # (members, n, 7)
    right = probabilities.argmax(2) == labels  # (members, n)
    mean = probabilities.mean(0)
    together = mean.argmax(1) == labels
    same, chance = shared(study, probabilities.argmax(2))
    return Ensemble(
        members=members(study, probabilities, right),
        kinds=kinds(study),
        mean=Scored(**vars(accuracy(together)), loss=loss(mean, labels)),
        vote=accuracy(vote(probabilities) == labels),
        gain=gain(together - right.mean(0), study, 0),
        mcnemar=[mcnemar(together, single) for single in right],
        by_size=by_size(probabilities, labels, study.seed),
        disagreement=disagreement(probabilities.argmax(2)),
        shared=same,
        shared_chance=chance,
        helped=helped(study, probabilities),
        n=len(labels),
        views=views(study, labels),
        student=student(study, right),
        test=on_test(study),
    )


def kinds(study: Study) -> int:
    """Return how many recipes there are among the members, their seeds aside."""
    return len({replace(member.recipe, seed=0) for member in study.members})


def accuracy(right: np.ndarray) -> Accuracy:
    """Return the accuracy and its Wilson interval for answers right or not, (n,) bool."""
    return Accuracy(float(right.mean()), wilson(int(right.sum()), len(right)))


def loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean cross-entropy of probabilities (n, 7), in nats."""
    true = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(true, np.finfo(np.float64).tiny)).mean())


def members(study: Study, probabilities: np.ndarray, right: np.ndarray) -> list[OneMember]:
    """Return each member's name, what makes it differ, and its accuracy and loss."""
    return [
        OneMember(
            **vars(accuracy(right[index])),
            loss=loss(probabilities[index], study.labels),
            name=member.name,
            seed=member.recipe.seed,
            stem=member.recipe.stem,
            width=member.recipe.width,
            taught=member.recipe.distil > 0,
        )
        for index, member in enumerate(study.members)
    ]


def views(study: Study, labels: np.ndarray) -> Views:
    """Return the accuracies of members and of their mean when each answer is averaged over views of the face."""
    probabilities = np.stack([softmax(member.view_logits.astype(np.float64)) for member in study.members])
    members = [accuracy(of_member.argmax(1) == labels) for of_member in probabilities]
    return Views(members, accuracy(probabilities.mean(0).argmax(1) == labels))


def student(study: Study, right: np.ndarray) -> Student | None:
    """Return the student's accuracy and its paired test against the best member; None where none was taught."""
    if study.student is None:
        return None
    taught = study.student.dev_logits.argmax(1) == study.labels
    best = int(right.mean(1).argmax())
    return Student(
        **vars(accuracy(taught)),
        name=study.student.name,
        goes_on=study.student.goes_on,
        views=accuracy(study.student.view_logits.argmax(1) == study.labels),
        best=Named(**vars(accuracy(right[best])), name=study.members[best].name),
        difference=gain(taught.astype(float) - right[best], study, 1_000),
        mcnemar=mcnemar(taught, right[best]),
    )


def vote(probabilities: np.ndarray) -> np.ndarray:
    """Return the answer (n,) that most members give; a tie goes to the class of the higher mean probability."""
    answers = probabilities.argmax(2)  # (members, n)
    votes = (answers[:, :, None] == np.arange(probabilities.shape[2])).sum(0)
    winner: np.ndarray = (votes + probabilities.mean(0) / 2).argmax(1)  # half a vote at most: it only breaks ties
    return winner


def gain(difference: np.ndarray, study: Study, draw: int) -> Gain:
    """Return the mean of a paired difference of right answers, (n,) in [-1, 1], with its interval."""
    count = study.effort["ensemble"].resamples
    interval = bootstrap(difference, np.random.default_rng([study.seed, DRAW, draw]), count)
    return Gain(float(difference.mean()), interval, count)


def by_size(probabilities: np.ndarray, labels: np.ndarray, seed: int) -> list[OfSize]:
    """Return mean, lowest and highest accuracy of the mean of probabilities, for every size of ensemble."""
    total = len(probabilities)
    sizes = []
    for size in range(1, total + 1):
        subsets = chosen(total, size, np.random.default_rng([seed, DRAW, size]))
        each = [float((probabilities[subset].mean(0).argmax(1) == labels).mean()) for subset in subsets]
        sizes.append(OfSize(size, float(np.mean(each)), min(each), max(each), len(each)))
    return sizes


def chosen(total: int, size: int, rng: np.random.Generator) -> list[list[int]]:
    """Return all subsets of `size` out of `total` members or, of more than SUBSETS, as many drawn ones."""
    if comb(total, size) <= SUBSETS:
        return [list(subset) for subset in combinations(range(total), size)]
    drawn: set[tuple[int, ...]] = set()
    while len(drawn) < SUBSETS:
        drawn.add(tuple(sorted(rng.permutation(total)[:size].tolist())))
    return [list(subset) for subset in sorted(drawn)]


def disagreement(answers: np.ndarray) -> float | None:
    """Return the share of faces that two members answer differently, mean over pairs; None for one member."""
    pairs = list(combinations(answers, 2))
    return float(np.mean([(a != b).mean() for a, b in pairs])) if pairs else None


def shared(study: Study, answers: np.ndarray) -> tuple[Across | None, Across | None]:
    """Return the share of a member's errors to which another gives the same wrong answer, and what chance gives.

    The mean over pairs of members. Each network is in many of these: its value is its pseudo-value, which varies as
    other networks would, and may lie outside [0, 1]. Members that others taught share errors by teaching and are not
    asked. Errors are those against the true emotion, where that is known: a wrong label would make the same error of
    all. By chance two members whose errors are independent, given the true class, agree as often as the shares of their
    wrong answers say. None for no error, and for fewer than three members: one pair says nothing of how pairs vary.
    """
    truth = study.dataset.truth.get("emotions", study.labels)
    rows = subjects.rows(study, (DRAW, 10**6), len(truth))
    asked = [predicted for predicted, member in zip(answers, study.members, strict=True) if not member.recipe.distil]
    if len(asked) < 3:
        return None, None
    expected = [likely(predicted, truth, len(study.classes)) for predicted in asked]

    def drawn(values: np.ndarray, _: np.ndarray) -> np.ndarray:
        return values

    def over_pairs(alike: Callable[[int, int], np.ndarray]) -> Across | None:
        of_pair = {
            (erring, other): over.mean(np.where(asked[erring] != truth, alike(erring, other), np.nan))(rows)
            for erring, other in permutations(range(len(asked)), 2)
        }
        return over.across([partial(drawn, values) for values in pseudo_values(of_pair, len(asked))], rows)

    return (
        over_pairs(lambda erring, other: asked[other] == asked[erring]),
        over_pairs(lambda erring, other: expected[other][truth, asked[erring]]),
    )


def pseudo_values(of_pair: Mapping[tuple[int, int], np.ndarray], networks: int) -> list[np.ndarray]:
    """Return the jackknife's pseudo-value of each network for a mean over ordered pairs of networks.

    Their mean is the mean over pairs, their variance tends to be too large (Efron & Stein 1981). Of three networks or
    more: without one of two no pair is left.
    """
    every = np.mean(list(of_pair.values()), axis=0)
    without = [np.mean([v for pair, v in of_pair.items() if k not in pair], axis=0) for k in range(networks)]
    return [networks * every - (networks - 1) * rest for rest in without]


def likely(answers: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """Return how often each answer is given to each true class, (classes, classes), rows of a class without faces 0."""
    counts = np.bincount(truth * classes + answers, minlength=classes**2).reshape(classes, classes)
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def helped(study: Study, probabilities: np.ndarray) -> Across | None:
    """Return how much more often the simplest vote is right than each member; None for one member."""
    if len(probabilities) < 2:
        return None
    right = probabilities.argmax(2) == study.labels
    voted = vote(probabilities) == study.labels
    return subjects.means(study, (DRAW, 10**6 + 1), [voted.astype(float) - correct for correct in right])


def on_test(study: Study) -> Tested | None:
    """Return the accuracy of the mean of probabilities on test; None where labels or weights are not at hand."""
    test = study.dataset.test
    if test is None or test.labels is None or not len(test) or any(m.weights is None for m in study.members):
        return None
    parts = [softmax(logits(m.network(study.device), test.images, study.device)) for m in study.members]
    return Tested(**vars(accuracy(np.mean(parts, axis=0).argmax(1) == test.labels)), n=len(test))
