"""The planted shortcut: in rendered faces a hand goes with sadness. What the networks make of it, and who finds it.

What a hand does to an answer is known: the same face is drawn with it and without. A method that shows what decides
must mark the hand where it did.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from ferpipe.analyses.counterfactuals import CHANGED, HAND, available, dev_faces
from ferpipe.analyses.study import Study
from ferpipe.analyses.subjects import each, means
from ferpipe.data import fer2013
from ferpipe.data.faces.rendered import draw, without
from ferpipe.explainers.methods import BASELINES, METHODS, Baseline, Method, relevance
from ferpipe.explainers.perturbation import log_odds
from ferpipe.results.common import Across, Estimate
from ferpipe.results.shortcut import Finding, Kinds, Shortcut
from ferpipe.size import SIDE
from ferpipe.statistics.intervals import averaged, contrast, proportion

DRAW = 122  # marks this module's generators

Marks = dict[Method | Baseline, tuple[np.ndarray, np.ndarray]]  # of each face where the hand decides, and of others


def analyse(study: Study) -> Shortcut:
    """Return what the hand does to the networks' answers, and how surely each method finds it.

    Dev faces of all classes are drawn with a hand and without, whether or not they had one: where a hand goes with
    sadness, faces that have one are sad for other reasons too. The effects are of every trained network, the rest of
    the analysis model; methods explain its answer with the hand, over some faces that are sad to it by the hand alone,
    and over others whose answer stays. A hand that only hides a smile is neither.
    """
    effort = study.effort["shortcut"]
    nothing = Shortcut(
        available=False, n=None, sadness=None, happiness=None, more=None, flips=None, by_answer=None, answers=None,
        explained=None, methods=None, baselines=None, best=None, finders=[], tellers=[],
        seed=study.seed, resamples=effort.resamples, effort=effort.share,
    )  # fmt: skip
    if not available(study):
        return nothing
    images, lacking = pairs(study)
    masks = np.abs(images.astype(int) - lacking) >= CHANGED
    odds, control = each(
        study,
        lambda subject: np.stack([log_odds(subject.quick, faces, study.device) for faces in (images, lacking)]),
    )
    answers, others = (by_class.argmax(1) for by_class in odds[0])
    flips, sad, happy = answers != others, study.classes.index(fer2013.SAD), study.classes.index(fer2013.HAPPY)
    counts = np.zeros((len(study.classes), len(study.classes)), int)
    np.add.at(counts, (answers, others), 1)
    drawn = [chosen(study, k, among) for k, among in enumerate((flips & (answers == sad), ~flips))]
    marked = marks(study, images, masks, answers, drawn)
    findings = {
        name: Finding(mean(study, decisive, 1), mean(study, other, 2)) for name, (decisive, other) in marked.items()
    }
    changes, drawn_weights = ([before - after for before, after in group] for group in (odds, control))

    def over(effect: Callable[[np.ndarray], np.ndarray]) -> Across | None:
        return means(study, (DRAW, 0), [effect(shift) for shift in changes], [effect(shift) for shift in drawn_weights])

    best, finders = found(findings)
    return replace(
        nothing,
        available=True,
        n=len(images),
        sadness=over(lambda shift: shift[:, sad]),
        happiness=over(lambda shift: shift[:, happy]),
        more=over(lambda shift: shift[:, sad] - shift[:, happy]),
        flips=share(flips),
        by_answer=[share(flips[answers == label]) for label in range(len(study.classes))],
        answers=counts.tolist(),
        explained=Kinds(*map(len, drawn)),
        methods={name: findings[name] for name in METHODS},
        baselines={name: findings[name] for name in BASELINES},
        best=best,
        finders=finders,
        tellers=[name for name in METHODS if tells(study, marked, name)],
    )


def pairs(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """Return some dev faces drawn with a hand, and without, (n, 48, 48) uint8; those on which the hand shows."""
    faces = dev_faces(study)
    some = np.random.default_rng([study.seed, DRAW, 1]).permutation(len(faces))[: study.effort["shortcut"].pairs]
    faces = faces[np.sort(some)]
    images, lacking = draw(replace(faces, hands=np.ones_like(faces.hands))), draw(without(faces, HAND))
    shows = (np.abs(images.astype(int) - lacking) >= CHANGED).any((1, 2))
    return images[shows], lacking[shows]


def found(findings: dict[Method | Baseline, Finding]) -> tuple[Baseline | None, list[Method]]:
    """Return the baseline that is best where the hand decides, and the methods whose interval lies above its own."""
    known = {name: bar for name in BASELINES if (bar := findings[name].decisive)}
    if not known:
        return None, []
    best = max(known, key=lambda name: known[name].value)
    above = [n for n in METHODS if (score := findings[n].decisive) and score.interval[0] > known[best].interval[1]]
    return best, above


def tells(study: Study, marked: Marks, name: Method) -> bool:
    """Return whether a method's lead over every baseline is clearly larger where the hand decides.

    Its lead, since the hands of one kind of faces can be easier to mark than those of the other, for a method that
    never asks the network as well.
    """
    rng, count = np.random.default_rng([study.seed, DRAW, 6]), study.effort["shortcut"].resamples
    leads = [[own - base for own, base in zip(marked[name], marked[bar], strict=True)] for bar in BASELINES]
    more = [contrast(decisive, other, rng, count) for decisive, other in leads]
    return all(lead is not None and lead.interval[0] > 0 for lead in more)


def marks(study: Study, images: np.ndarray, masks: np.ndarray, answers: np.ndarray, drawn: list[np.ndarray]) -> Marks:
    """Return the area under the ROC curve by method for the `drawn` faces of each kind."""
    places, effort = np.concatenate(drawn), study.effort["shortcut"].share
    marked: Marks = {}
    for name in (*METHODS, *BASELINES):
        maps = relevance(name, study.quick, images[places], answers[places], study.device, study.seed, effort)
        decisive, other = np.split(auc(maps, masks[places]), [len(drawn[0])])
        marked[name] = decisive, other
    return marked


def chosen(study: Study, kind: int, among: np.ndarray) -> np.ndarray:
    """Return the places of some of the faces `among` (n,) bool, drawn and then sorted."""
    rng = np.random.default_rng([study.seed, DRAW, 2 + kind])
    return np.sort(rng.permutation(np.flatnonzero(among))[: study.effort["shortcut"].faces])


def auc(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return how surely a pixel inside a mask ranks above one outside, (n,) in [0, 1]: the area under the ROC curve.

    For maps (n, 48, 48) and masks bool, neither empty nor full; equal pixels count one half (Mann & Whitney 1947).
    """
    pixels = SIDE * SIDE
    ranks, inside = rankdata(maps.reshape(-1, pixels), axis=1), masks.reshape(-1, pixels)
    n = inside.sum(1)
    above: np.ndarray = (ranks * inside).sum(1) - n * (n + 1) / 2
    return above / (n * (pixels - n))


def share(values: np.ndarray) -> Estimate | None:
    """Return the share of true values (n,) bool with its interval and n; None without any."""
    return proportion(values) if len(values) else None


def mean(study: Study, values: np.ndarray, index: int) -> Estimate | None:
    """Return the mean of `values` (n,) with its interval and n; None without any."""
    if not len(values):
        return None
    rng = np.random.default_rng([study.seed, DRAW, 3 + index])
    return averaged(values, rng, study.effort["shortcut"].resamples)
