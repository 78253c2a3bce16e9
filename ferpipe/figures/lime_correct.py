"""LIME for faces that were answered rightly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ferpipe.drawing.figure import Figure, picture
from ferpipe.figures import explained

if TYPE_CHECKING:
    from ferpipe.results.stored import Result

ANALYSES = ("lime", "data")


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return the faces with the evidence for their answers, or the classes' mean evidence."""
    images, weights = (picture(results["lime"], name) for name in ("right_images", "right_weights"))
    if images is None or weights is None:
        return explained.classes("lime-correct", results, language)
    layers = [("right", weights, "prediction")]
    return explained.faces("lime-correct", results["lime"].numbers["right"], images, layers, language)
