"""Saliency: what the prediction's logit answers to, pixel by pixel, by three methods."""

from dataclasses import replace

from ferpipe.drawing import classes, grid, pictures
from ferpipe.drawing.figure import FACE, RISE, SCALE, Figure, numbers_file
from ferpipe.drawing.words import answer, described, legend, over
from ferpipe.results.data import Data
from ferpipe.results.saliency import Saliency
from ferpipe.text.language import Language


def draw(saliency: Saliency, data: Data, language: Language) -> Figure:
    """Return faces by methods, or the classes' mean maps over their mean faces."""
    private, files = saliency.private, {SCALE: pictures.scale()}
    if private is None:
        return _classes(saliency, data, language)
    words, cells = language.words("saliency"), []
    for image, face in zip(private.images, saliency.faces, strict=True):
        file, content = pictures.shared(FACE, image)
        files[file] = content
        cells.append(grid.Cell(described(language, face), face=file, label=answer(language, face)))
    bare = language.words("shared")["face"]
    rows, first, limits = [grid.row(cells, bare)], [replace(cells[0], label=bare)], {}
    of_method = {"gradient": private.gradient, "smoothgrad": private.smoothgrad, "integrated": private.integrated}
    for method in saliency.methods:
        limits[method] = pictures.limit(of_method[method])
        what = words["map"].format(method=words[method])
        painted = [pictures.signed(values, limits[method]) for values in of_method[method]]
        names = [f"saliency-{method}-{index}.webp" for index in range(len(painted))]
        files |= dict(zip(names, painted, strict=True))
        maps = [over(language, cell, file, what) for cell, file in zip(cells, names, strict=True)]
        rows.append(grid.row(maps, words[method]))
        first.append(replace(maps[0], label=words[method]))
    files["saliency.json"] = numbers_file(saliency, ends_of_the_scales=limits)
    body = grid.grid(rows, 6, legend(language, "lowers", "raises"))
    return Figure(body, "saliency", "saliency.json", files, wide=True, fades=True, one=grid.one(first, 7))


def _classes(saliency: Saliency, data: Data, language: Language) -> Figure:
    maps = saliency.arrays.class_maps  # (7, 48, 48), each sums to 1
    limit = pictures.limit(maps)
    words = language.words("saliency")
    means, title = data.arrays.mean_faces, words["class"]
    rows, files = classes.rows("saliency", means, maps, limit, language, title, title)
    files |= {"saliency.json": numbers_file(saliency, end_of_the_scale=limit), RISE: pictures.rise()}
    body = grid.grid(rows, 7, grid.rise(words["least"], words["most"]))
    return Figure(body, "saliency", "saliency.json", files, fades=True, note=language.words("shared")["not_shown"])
