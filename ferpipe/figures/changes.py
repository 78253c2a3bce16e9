"""One drawn face changed in one thing at a time: what the network predicts of each, and what that is sensitive to."""

from markupsafe import Markup

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import RISE, Figure, numbers_file
from ferpipe.drawing.words import over
from ferpipe.figures.hero import GRADIENT, smoothed
from ferpipe.results.portraits import Portraits
from ferpipe.text.formats import class_name, percent
from ferpipe.text.language import Language


def draw(portraits: Portraits, language: Language) -> Figure:
    """Return the faces under the gradient's size, each with its change and prediction."""
    words, private = language.words("changes"), portraits.private
    files, cells = {"changes.json": numbers_file(portraits.changes), RISE: pictures.rise()}, []
    if private is None or not portraits.changes:
        return Figure(f'<p class="note">{words["none_drawn"]}</p>', "portraits", "changes.json", files)
    maps = smoothed(private.changed_maps[portraits.methods.index(GRADIENT)])
    limits = [pictures.limit(values) for values in maps]  # one each, or a sure prediction's would be blank
    what = language.words("methods")["map"].format(method=language.words("scores.methods")[GRADIENT])
    for index, (image, values, change) in enumerate(zip(private.changed_images, maps, portraits.changes, strict=True)):
        face, file = f"changes-face-{index}.webp", f"changes-map-{index}.webp"
        files |= {face: pictures.grey(image), file: pictures.signed(values, limits[index])}
        unchanged = change.prediction == portraits.changes[0].prediction
        label = Markup('<b>{}</b> <span class="{}">{} {} {}</span>').format(
            words[change.what],
            "right" if unchanged else "wrong",
            "\N{RIGHTWARDS ARROW}",
            class_name(language, change.prediction),
            percent(change.probability, 0),
        )
        cells.append(over(language, grid.Cell(words[change.what], face), file, what, label))
    ends = language.words("saliency")
    body = grid.grid([grid.row(cells)], 6, grid.rise(ends["least"], ends["most"]))
    return Figure(body, "portraits", "changes.json", files, wide=True, fades=True)
