"""One photograph under every method, and what the first layer makes of it."""

from dataclasses import replace

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import PICTURE, SCALE, Figure, numbers_file
from ferpipe.drawing.words import legend, over
from ferpipe.figures.scores import starred
from ferpipe.results.photograph import Photograph
from ferpipe.results.scores import Scores
from ferpipe.text.language import Language


def draw(photograph: Photograph, scores: Scores, language: Language) -> Figure:
    """Return the photograph and its maps by method, each on a scale of its own with white at zero."""
    words, names = language.words("photograph"), language.words("scores.methods")
    bare, content = pictures.shared(PICTURE, photograph.arrays.image)
    files = {bare: content, SCALE: pictures.scale()}
    plain = grid.Cell(words["alt"], bare)
    cells, limits = [replace(plain, label=words["picture"])], {}
    for method, values in zip(photograph.methods, photograph.arrays.maps, strict=True):
        file = f"photograph-{method}.webp"
        limits[method] = pictures.limit(values)
        files[file] = pictures.signed(values, limits[method])
        what = language.words("methods")["map"].format(method=names[method])
        cells.append(over(language, plain, file, what, starred(scores, method, names[method])))
    files["photograph.json"] = numbers_file(photograph, ends_of_the_scales=limits)
    body = grid.grid([grid.row(cells)], 5, legend(language, "against", "for"))
    return Figure(body, "photograph", "photograph.json", files, fades=True)
