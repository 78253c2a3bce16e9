"""A picture's square at 48 pixels, by whatever order Pillow takes its two passes in."""

import numpy as np
import pytest

from ferpipe.data.pictures import fitted, middle


@pytest.mark.parametrize("shape", [(49, 47), (400, 16), (376, 200), (417, 200), (200, 376)])
def test_a_tall_picture_gives_the_pixels_of_the_square_in_it(shape):
    """Pillow 13 goes down first where a picture is much taller than it becomes: other roundings, by a grey level."""
    grey = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    left, top, side = middle(*shape)
    square = np.ascontiguousarray(grey[top : top + side, left : left + side])
    edge = 12  # pixels there read beyond the square
    inner = (slice(edge, -edge),) * 2
    np.testing.assert_array_equal(fitted(grey, left, top, side)[inner], fitted(square, 0, 0, side)[inner])
