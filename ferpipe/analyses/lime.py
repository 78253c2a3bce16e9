"""LIME: which parts of a face speak for an answer, for right and for wrong answers (Ribeiro et al. 2016)."""

import numpy as np

from ferpipe.analyses.faces import described, labels_of, predictions, typical
from ferpipe.analyses.study import Study
from ferpipe.data import fer2013
from ferpipe.explainers import surrogates
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.perturbation import log_odds
from ferpipe.explainers.superpixels import BLUR, KERNEL_WIDTH, RIDGE, Explanation, explain
from ferpipe.results.lime import ClassWeights, Explained, Explanations, Lime
from ferpipe.size import SIDE

SHOWN = 4  # faces a figure
CELLS = 8  # a side of the grid on which they are masked
FEWEST = 12  # right faces in a class's mean map that may be published of a restricted data set
DRAW, DRAW_FACES, DRAW_MASKS = 108, 109, 110  # mark this analysis's generators

Faces = list[tuple[int, Explanation]]  # dev faces' indices with their explanations


def analyse(study: Study) -> Lime:
    """Return signed weights on the segments of right and wrong faces, and each class's mean weights.

    A weight is the change of the class's log-odds when a segment is shown instead of hidden.
    """
    right = [(index, explanation(study, index)) for index in right_faces(study)]
    wrong = [(index, explanation(study, index)) for index in wrong_faces(study)]
    class_weights, used = class_means(study)
    right_pictures, wrong_pictures = pictures(study, right), pictures(study, wrong)
    entries = [[entry(study, *face) for face in faces] for faces in (right, wrong)]
    counts = [face.segments for face in entries[0] + entries[1]]
    return Lime(
        right=entries[0],
        wrong=entries[1],
        samples=study.effort["lime"].samples,
        segments=float(np.mean(counts)) if counts else None,
        ridge=RIDGE,
        kernel_width=KERNEL_WIDTH,
        blur=BLUR,
        seed=study.seed,
        class_weights_n=used,
        class_masks=study.effort["lime"].class_masks,
        arrays=ClassWeights(class_weights),
        private=Explanations(
            right_images=right_pictures[0],
            right_weights=right_pictures[1],
            right_segments=right_pictures[2],
            wrong_images=wrong_pictures[0],
            wrong_weights=wrong_pictures[1],
            wrong_segments=wrong_pictures[2],
            wrong_true_weights=maps([made.painted(int(study.labels[index])) for index, made in wrong], np.float32),
        ),
    )


def right_faces(study: Study) -> list[int]:
    """Return the rightly answered dev face of median confidence of each class that the original showed, if any."""
    return [index for label in labels_of(study, fer2013.RIGHT) if (index := typical(study, label)) is not None]


def wrong_faces(study: Study) -> list[int]:
    """Return up to four wrongly answered dev faces: of each true class the surest answer, the original's first.

    If fewer than four classes have wrong answers, the surest of the others follow. Where the truth is known, a face
    with a wrong label is none of them.
    """
    rightly = study.labels == study.dataset.truth.get("emotions", study.labels)
    missed = np.flatnonzero((predictions(study) != study.labels) & rightly)
    surest = missed[np.argsort(-study.probabilities[missed].max(1), kind="stable")]
    first_labels = labels_of(study, fer2013.WRONG)
    labels = [*first_labels, *(label for label in range(len(study.classes)) if label not in first_labels)]
    by_class = (surest[study.labels[surest] == label] for label in labels)
    first = [int(indices[0]) for indices in by_class if len(indices)]
    return [*first, *(int(index) for index in surest if index not in first)][:SHOWN]


def explanation(study: Study, index: int) -> Explanation:
    """Return lime's explanation of a dev face, for its predicted and its true class."""
    labels = sorted({int(predictions(study)[index]), int(study.labels[index])})
    seed = np.random.default_rng([study.seed, DRAW, index]).integers(2**31)
    samples = study.effort["lime"].samples
    image = study.dataset.dev.images[index]
    return explain(image, lambda images: log_odds(study.quick, images, study.device), labels, samples, int(seed))


def entry(study: Study, index: int, made: Explanation) -> Explained:
    """Return what is said of an explained face; fit and stability are those of the predicted class."""
    face = described(study, index)
    label = face.prediction
    r2, stability, segments = made.r2[label], made.stability[label], len(made.weights[label])
    return Explained(**vars(face), r2=r2, stability=stability, segments=segments)


def pictures(study: Study, faces: Faces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return images, the predicted class's weights and segments of explained faces, (k, 48, 48) each; k may be 0."""
    answers = predictions(study)
    return (
        maps([study.dataset.dev.images[index] for index, _ in faces], np.uint8),
        maps([made.painted(int(answers[index])) for index, made in faces], np.float32),
        maps([made.segments for _, made in faces], np.uint8),
    )


def maps(values: list[np.ndarray], dtype: type[np.generic]) -> np.ndarray:
    """Return maps (48, 48) as one array (k, 48, 48); k may be 0."""
    return np.array(values, dtype).reshape(-1, SIDE, SIDE)


def class_means(study: Study) -> tuple[np.ndarray, list[int]]:
    """Return each class's mean weights (classes, 48, 48) over up to CLASS_FACES right faces, and of how many.

    All faces share one grid and one set of masks, so that the weights are one product P @ answers. Zeros for a class
    without right faces, and of a restricted data set for one with fewer than CLASS_FACES.
    """
    count = study.effort["lime"].class_faces
    masks = common_masks(study)
    solution = surrogates.solution(masks, surrogates.proximity(masks, KERNEL_WIDTH), RIDGE)
    answers = predictions(study)
    means, used = np.zeros((len(study.classes), CELLS * CELLS), np.float32), []
    for label in range(len(study.classes)):
        right = np.flatnonzero((study.labels == label) & (answers == label))
        drawn = np.random.default_rng([study.seed, DRAW_FACES, label]).permutation(right)[:count]
        used.append(len(drawn) if len(drawn) >= (FEWEST if study.dataset.restricted else 1) else 0)
        if used[-1]:
            means[label] = np.mean([solution @ masked(study, index, masks)[:, label] for index in drawn], axis=0)
    side = SIDE // CELLS
    return means.reshape(-1, CELLS, CELLS).repeat(side, axis=1).repeat(side, axis=2), used


def common_masks(study: Study) -> np.ndarray:
    """Return masks (m, 64) of 0 and 1 on the common grid; the first shows everything, each other about half."""
    count = study.effort["lime"].class_masks
    masks = np.random.default_rng([study.seed, DRAW_MASKS]).integers(0, 2, (count, CELLS * CELLS))
    masks[0] = 1
    return masks


def masked(study: Study, index: int, masks: np.ndarray) -> np.ndarray:
    """Return the log-odds (m, classes) of a dev face where cells of the grid are hidden behind its blur."""
    side = SIDE // CELLS
    visible = masks.reshape(-1, CELLS, CELLS).repeat(side, axis=1).repeat(side, axis=2)  # (m, 48, 48)
    image = study.dataset.dev.images[index]
    hidden = blurred(image[None], BLUR)[0]
    return log_odds(study.quick, np.where(visible, image.astype(np.float32) / 255, hidden), study.device)
