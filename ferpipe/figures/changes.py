"""One drawn face changed in one thing at a time: what the network predicts of each, and on what it rests."""

from markupsafe import Markup

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import RISE, SCALE, Figure, numbers_file
from ferpipe.drawing.words import legend, over
from ferpipe.figures.hero import believed
from ferpipe.results.portraits import Portraits
from ferpipe.results.scores import Scores
from ferpipe.text.formats import class_name, percent
from ferpipe.text.language import Language

UNSIGNED = ("magnitude", "layercam", "rise")  # methods whose maps are nowhere below zero


def draw(portraits: Portraits, scores: Scores, language: Language) -> Figure:
    """Return the faces under the map of the method that may be believed, each with its change and prediction."""
    words, private = language.words("changes"), portraits.private
    files, cells = {"changes.json": numbers_file(portraits.changes), SCALE: pictures.scale()}, []
    if private is None or not portraits.changes:
        return Figure(f'<p class="note">{words["none_drawn"]}</p>', "portraits", "changes.json", files)
    method, maps = believed(scores, portraits.methods, private.changed_maps)
    limits = [pictures.limit(values) for values in maps]  # one each, or a sure prediction's would be blank
    what = language.words("methods")["map"].format(method=language.words("scores.methods")[method])
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
    saliency, rule = language.words("saliency"), legend(language, "against", "for")
    if method in UNSIGNED:
        files[RISE], rule = pictures.rise(), grid.rise(saliency["least"], saliency["most"])
    body = grid.grid([grid.row(cells)], 6, rule)
    return Figure(body, "portraits", "changes.json", files, wide=True, fades=True)
