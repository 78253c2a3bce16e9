"""What all filters of the first convolution make of the photograph, one sprite."""

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import ALT, SCALE, Figure, numbers_file
from ferpipe.figures.conv1_outputs import LEVELS, enlarged
from ferpipe.results.conv1_outputs import Conv1Outputs
from ferpipe.results.photograph import Photograph
from ferpipe.text.language import Language

COLUMNS = 16


def draw(photograph: Photograph, conv1_outputs: Conv1Outputs, language: Language) -> Figure:
    """Return the outputs in the order of the first layer's figure, on one scale."""
    outputs = photograph.arrays.outputs[conv1_outputs.order]
    sheet = pictures.tiled(enlarged(outputs / (pictures.limit(outputs) or 1.0)), COLUMNS, 4)
    file = "photograph-outputs.webp"
    files = {
        file: pictures.signed((sheet * LEVELS).round() / LEVELS, 1.0),
        "photograph-outputs.json": numbers_file({"order": conv1_outputs.order}),
        SCALE: pictures.scale(),
    }
    words = language.words("conv1_outputs")
    sprite = grid.image(file, ALT, (sheet.shape[1], sheet.shape[0]), "sprite")
    foot = grid.scale(words["low"], words["high"], language.words("shared")["zero"])
    body = grid.grid([f'<div class="sprite-box">{sprite}</div>'], 1, foot)
    body = body.replace(f' role="group" aria-label="{ALT}"', "")  # the sprite itself carries it
    return Figure(body, "photograph", "photograph-outputs.json", files)
