"""What sets each class apart before any network is asked: its mean face less the mean of all, brightness evened."""

from dataclasses import replace

import numpy as np

from ferpipe.drawing import classes, grid, pictures
from ferpipe.drawing.figure import SCALE, Figure, numbers_file
from ferpipe.drawing.words import over
from ferpipe.results.data import Data
from ferpipe.text.formats import class_names
from ferpipe.text.language import Language


def draw(data: Data, language: Language) -> Figure:
    """Return each class's difference over its mean face, all on one scale."""
    means, words = data.arrays.mean_faces, language.words("contrasts")
    known = np.array([mean.any() for mean in means])
    grand = means[known].mean(0) if known.any() else np.zeros(means.shape[1:])
    differences = np.where(known[:, None, None], means - grand, 0)
    differences = differences - differences.mean(
        (1, 2), keepdims=True
    )  # that a class is brighter as a whole says nothing
    limit = pictures.limit(differences)
    cells, files = classes.means(means, language)
    overlaid = []
    for cell, key, name, difference in zip(
        cells, classes.keys(language), class_names(language), differences, strict=True
    ):
        if not cell.face:
            overlaid.append(cell)
            continue
        file = f"contrasts-{key}.webp"
        files[file] = pictures.signed(difference, limit)
        overlaid.append(replace(over(language, cell, file, words["what"].format(label=name)), label=name))
    files |= {
        "contrasts.json": numbers_file({"n": data.mean_faces_n, "end_of_the_scale": limit}),
        SCALE: pictures.scale(),
    }
    foot = grid.scale(words["darker"], words["brighter"], language.words("shared")["zero"])
    body, single = grid.grid([grid.row(overlaid)], 7, foot), grid.one(overlaid, 7)
    return Figure(body, "data", "contrasts.json", files, fades=True, one=single)
