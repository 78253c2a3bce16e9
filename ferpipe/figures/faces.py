"""The data: six faces of each emotion, or the mean face of each where single ones may not be shown."""

from ferpipe.drawing import classes, grid, pictures
from ferpipe.drawing.figure import Figure, numbers_file
from ferpipe.results.common import SplitName
from ferpipe.results.data import Data
from ferpipe.size import SIDE
from ferpipe.text.formats import class_name, integer
from ferpipe.text.language import Language


def draw(data: Data, language: Language) -> Figure:
    """Return a strip of faces for each emotion, or the mean faces."""
    if data.private is None:
        return _means(data, language)
    files, rows = {}, []
    name: SplitName = "train" if data.splits["train"] else "dev"
    split = data.splits[name]
    sizes = (split and split.counts) or [0] * len(language.classes)
    where = language.words("page")[name]
    for label, key in enumerate(classes.keys(language)):
        count = data.examples[label]
        if not count:
            continue
        files[f"faces-{key}.webp"] = pictures.grey(pictures.tiled(data.private.examples[label][:count], count, 0))
        alt = language.words("faces")["strip"].format(count=count, name=class_name(language, label))
        strip = grid.image(f"faces-{key}.webp", alt, (SIDE * count, SIDE), "strip")
        size = language.words("faces")["n"].format(n=integer(sizes[label]), split=where)
        title = f'<b>{class_name(language, label)}</b><span class="cell-label">{size}</span>'
        rows.append(f'<li class="strip-{count}"><p class="row-title">{title}</p>{strip}</li>')
    files["faces.json"] = numbers_file(data)
    body = grid.grid([f'<ul class="strips">{"".join(rows)}</ul>'], 6)
    return Figure(body, "data", "faces.json", files)


def _means(data: Data, language: Language) -> Figure:
    cells, files = classes.means(data.arrays.mean_faces, language)
    files["faces.json"] = numbers_file(data)
    body = grid.grid([grid.row(cells)], 7)
    return Figure(body, "data", "faces.json", files, note=language.words("shared")["not_shown"])
