"""What all filters of the first convolution make of one face, or of a mean one: kernel and response in pairs."""

import numpy as np

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import ALT, FACE, SCALE, Figure, numbers_file
from ferpipe.drawing.words import answer, described
from ferpipe.results.conv1_outputs import Conv1Outputs
from ferpipe.text.language import Language

LEVELS = 12  # on each side of zero: what tells a small picture's greys apart
_COLUMNS = 8
_SHOWN = 48  # pixels of a response in the sprite: a whole multiple of its own


def draw(conv1_outputs: Conv1Outputs, language: Language) -> Figure:
    """Return the sprite of pairs in the result's order, or of kernels alone."""
    words, order, private = language.words("conv1_outputs"), conv1_outputs.order, conv1_outputs.private
    files = {"conv1-outputs.json": numbers_file(conv1_outputs), SCALE: pictures.scale()}
    responses = private.outputs if private else conv1_outputs.arrays.mean_outputs if conv1_outputs.mean_n else None
    tiles = _pairs(conv1_outputs.arrays.kernels[order], None if responses is None else responses[order])
    sheet = pictures.tiled(tiles, _COLUMNS, 8)
    sheet = (sheet * LEVELS).round() / LEVELS  # a third fewer bytes in the page's largest picture
    files["conv1-outputs.webp"] = pictures.signed(sheet, 1.0)
    sprite = grid.image("conv1-outputs.webp", ALT, (sheet.shape[1], sheet.shape[0]), "sprite")
    rows, single = [f'<div class="sprite-box">{sprite}</div>'], ""
    if private:
        file, content = pictures.shared(FACE, private.image)
        files[file] = content
        face = conv1_outputs.face
        cell = grid.Cell(described(language, face), face=file, label=answer(language, face))
        rows.insert(0, grid.row([cell]))
        single = f'<div class="grid columns-1">{"".join(rows).replace(ALT, described(language, face))}</div>'
    body = grid.grid(rows, 1, grid.scale(words["low"], words["high"], language.words("shared")["zero"]))
    note = "" if responses is not None else words["kernels"]
    body = body.replace(f' role="group" aria-label="{ALT}"', "")  # the sprite itself carries it
    return Figure(body, "conv1_outputs", "conv1-outputs.json", files, note=note, one=single)


def _pairs(kernels: np.ndarray, responses: np.ndarray | None) -> np.ndarray:
    """Return kernel and response side by side, each kind on one symmetric scale from -1 to 1."""
    left = enlarged(kernels / (pictures.limit(kernels, 1.0) or 1.0))
    if responses is None:
        return left
    right = enlarged(responses / (pictures.limit(responses) or 1.0))
    return np.concatenate([left, np.zeros((len(left), left.shape[1], 2)), right], axis=2)


def enlarged(tiles: np.ndarray) -> np.ndarray:
    """Return tiles (n, h, w) in whole multiples, centred in squares of the shown size; white is zero."""
    factor = max(_SHOWN // max(tiles.shape[1:]), 1)
    large = tiles.repeat(factor, axis=1).repeat(factor, axis=2)
    height, width = large.shape[1:]
    out = np.zeros((len(tiles), max(_SHOWN, height), max(_SHOWN, width)))
    top, left = (out.shape[1] - height) // 2, (out.shape[2] - width) // 2
    out[:, top : top + height, left : left + width] = large
    return out
