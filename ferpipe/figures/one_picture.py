"""One picture of somebody's: as it was given, every method's map in the score card's order, and what changes it."""

import io

import numpy as np
from markupsafe import Markup
from PIL import Image, ImageDraw

from ferpipe.drawing import grid, pictures, table
from ferpipe.drawing.figure import SCALE, Figure
from ferpipe.drawing.table import Td, number_cell
from ferpipe.drawing.words import legend, over
from ferpipe.results.common import MethodName
from ferpipe.results.one_picture import OnePicture
from ferpipe.results.scores import Scores
from ferpipe.results.stored import plain
from ferpipe.text import formats
from ferpipe.text.formats import class_name, number, percent, points
from ferpipe.text.language import Language

FACE, PREVIEW = "face.webp", "preview.webp"
FRAME = (217, 119, 6)  # of the square that is looked at
LEAST = 0.1  # a change of the probability below it stands in plain type


def order(explanation: OnePicture, scores: Scores | None) -> list[MethodName]:
    """Return the methods, those that beat the baselines by most first; as they are where none was scored."""
    if scores is None:
        return [*explanation.methods]
    margins = {name: score.margin.value for name, score in scores.methods.items() if score.margin}
    return sorted(explanation.methods, key=lambda name: -margins.get(name, -np.inf))


def passing(scores: Scores | None) -> list[str]:
    """Return the methods that pass the score card; none where none was scored."""
    return [] if scores is None else formats.passing(plain(scores.methods))


def given(explanation: OnePicture, language: Language) -> Figure:
    """Return the picture as it was given, with the square that is looked at, and as the networks see it."""
    words, picture = language.words("explain"), explanation.given
    size = picture.preview.shape[1], picture.preview.shape[0]
    cells = [
        grid.Cell(words["given_alt"], PREVIEW, label=words["given"], size=size),
        grid.Cell(words["face_alt"], FACE, label=words["seen"]),
    ]
    files = {PREVIEW: _framed(picture.preview, picture.square), FACE: pictures.grey(picture.image, 256)}
    return Figure(grid.grid([grid.row(cells)], 2), "one_picture", "", files)


def answers(explanation: OnePicture, language: Language) -> Figure:
    """Return a table of every network's probabilities, and of their mean."""
    words, names = language.words("explain"), [class_name(language, name) for name in explanation.classes]
    rows: list[list[str | Td]] = [
        [Td(Markup("<code>{}</code>").format(told.name)), *_chances(row)]
        for told, row in zip(explanation.networks, explanation.probabilities, strict=True)
    ]
    if len(rows) > 1:
        rows.insert(0, [words["mean"], *_chances(explanation.together)])
    inside = table.head([words["network"], *names], rows) + table.body(rows)
    return Figure(table.framed(inside, "chances", words["networks"]), "one_picture", "")


def maps(explanation: OnePicture, scores: Scores | None, language: Language) -> Figure:
    """Return every method's map over the picture, each on a scale of its own with white at zero."""
    words, names = language.words("explain"), language.words("scores.methods")
    plain = grid.Cell(words["face_alt"], FACE)
    files = {FACE: pictures.grey(explanation.given.image, 256), SCALE: pictures.scale()}
    cells, good = [], passing(scores)
    by_name = dict(zip(explanation.methods, explanation.maps, strict=True))
    for method in order(explanation, scores):
        file = f"map-{method}.webp"
        files[file] = pictures.signed(by_name[method], pictures.limit(by_name[method]))
        label = Markup("<b>{}</b>" if method in good else "{}").format(names[method])
        score = scores.methods.get(method) if scores else None
        if score and score.margin:
            word = words["passes" if method in good else "fails"]
            label += Markup("\n{} ({})").format(word, _signed(score.margin.value))
        cells.append(over(language, plain, file, language.words("methods")["map"].format(method=names[method]), label))
    return Figure(grid.grid([grid.row(cells)], 5, legend(language, "against", "for")), "one_picture", "", files)


def changes(explanation: OnePicture, language: Language) -> Figure:
    """Return the picture under each change, with what is then predicted and by how much the first answer loses."""
    words, cells, files = language.words("explain"), [], {}
    before = explanation.changes[0].probabilities[explanation.label]
    for change in explanation.changes:
        file = f"{change.what}.webp"
        files[file] = pictures.grey(change.image, 256)
        answer = int(np.argmax(change.probabilities))
        told = f"{class_name(language, answer)} {percent(change.probabilities[answer], 0)}"
        label = Markup("<b>{}</b>\n{}").format(words[change.what], told)
        lost = change.probabilities[explanation.label] - before
        if change.what != "itself":
            what = f"{class_name(language, explanation.label)} {points(language, lost, 0)}"
            strong = abs(lost) >= LEAST
            label += Markup('\n<span class="wrong">{}</span>' if strong else "\n{}").format(what)
        cells.append(grid.Cell(words["changed_alt"].format(what=words[change.what]), file, label=label))
    return Figure(grid.grid([grid.row(cells)], 5), "one_picture", "", files)


def _chances(row: list[float]) -> list[Td]:
    best = int(np.argmax(row))
    return [
        number_cell(Markup("<b>{}</b>").format(percent(chance)) if k == best else percent(chance))
        for k, chance in enumerate(row)
    ]


def _signed(value: float) -> str:
    text = number(value)
    return text if value <= 0 or text.startswith("<") else f"+{text}"


def _framed(preview: np.ndarray, square: tuple[float, float, float]) -> bytes:
    image = Image.fromarray(preview).convert("RGB")
    left, top, side = square
    x, y = round(left), round(top)
    box = (x, y, max(x, round(left + side) - 1), max(y, round(top + side) - 1))  # of a thin picture it is a line
    ImageDraw.Draw(image).rectangle(box, outline=FRAME, width=2)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80, method=4)
    return buffer.getvalue()
