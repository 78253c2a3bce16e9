"""The most frequent confusions: their mean faces, and where the gradient lies more than on right predictions."""

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import SCALE, Figure, numbers_file
from ferpipe.drawing.words import over
from ferpipe.results.saliency import Saliency
from ferpipe.text.formats import class_name, integer
from ferpipe.text.language import Language


def draw(saliency: Saliency, language: Language) -> Figure:
    """Return a mean face for each confusion under the difference of the mean maps, all on one scale."""
    words, maps = language.words("confused_maps"), saliency.arrays.confused_maps
    files = {"confused-maps.json": numbers_file(saliency.confusions), SCALE: pictures.scale()}
    if not saliency.confusions:
        return Figure(f'<p class="note">{words["none"]}</p>', "saliency", "confused-maps.json", files)
    limit, cells = pictures.limit(maps), []
    faces = saliency.arrays.confused_faces
    for index, (confusion, face, difference) in enumerate(zip(saliency.confusions, faces, maps, strict=True)):
        names = class_name(language, confusion.label), class_name(language, confusion.prediction)
        title = words["pair"].format(label=names[0], prediction=names[1])
        file, layer = f"confused-mean-{index}.webp", f"confused-map-{index}.webp"
        files |= {file: pictures.grey(face), layer: pictures.signed(difference, limit)}
        label = f"{title}\n{words['n'].format(n=integer(confusion.n))}"
        cells.append(over(language, grid.Cell(title, file), layer, words["what"], label))
    foot = grid.scale(words["less"], words["more"], language.words("shared")["zero"])
    body, single = grid.grid([grid.row(cells)], 6, foot), grid.one(cells, 6)
    return Figure(body, "saliency", "confused-maps.json", files, fades=True, one=single)
