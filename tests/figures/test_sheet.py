"""A grid as one picture: every cell in its place, faces pale under their maps."""

import io

import numpy as np
from PIL import Image

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.sheet import GAP, SCALE, sheet

SIDE = 48 * SCALE


def read(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_cells_stand_in_their_rows_enlarged_with_gaps_between():
    files = {f"{grey}.png": pictures.grey(np.full((48, 48), grey, np.uint8)) for grey in (10, 90, 170)}
    cells = [grid.Cell("", name) for name in files]
    body = grid.grid([grid.row(cells[:2]), grid.row(cells[2:])], 2)
    made = read(sheet(body, files))
    assert made.shape == (2 * SIDE + GAP, 2 * SIDE + GAP, 3)
    assert abs(int(made[0, 0, 0]) - 10) < 4 and abs(int(made[0, -1, 0]) - 90) < 4 and abs(int(made[-1, 0, 0]) - 170) < 4
    assert (made[SIDE + 1, 0] == 255).all() and (made[-1, -1] == 255).all()


def test_a_map_lies_over_its_pale_face():
    files = {"face": pictures.grey(np.zeros((48, 48), np.uint8)), "map": pictures.signed(np.ones((48, 48)), 1.0)}
    made = read(sheet(grid.grid([grid.row([grid.Cell("", "face", "map")])], 1), files))
    orange = read(files["map"])[0, 0].astype(int)
    assert (made[0, 0] == orange * 128 // 255).all()


def test_a_cell_that_may_show_nothing_is_white_and_a_grid_of_such_alone_is_one_too():
    files = {"face": pictures.grey(np.zeros((48, 48), np.uint8))}
    made = read(sheet(grid.grid([grid.row([grid.Cell("withheld"), grid.Cell("", "face")])], 2), files))
    assert (made[:, :SIDE] == 255).all() and not made[:, -SIDE:].any()
    assert (read(sheet(grid.grid([grid.row([grid.Cell("withheld")])], 1), {})) == 255).all()


def test_a_table_is_no_grid():
    assert sheet("<table></table>", {}) is None
