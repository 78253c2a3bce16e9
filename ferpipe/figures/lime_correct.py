"""LIME for faces that were answered rightly."""

from ferpipe.drawing.figure import Figure
from ferpipe.figures import explained
from ferpipe.results.data import Data
from ferpipe.results.lime import Lime
from ferpipe.text.language import Language


def draw(lime: Lime, data: Data, language: Language) -> Figure:
    """Return the faces with the evidence for their answers, or the classes' mean evidence."""
    if lime.private is None:
        return explained.means("lime-correct", lime, data, language)
    layers = [("right", lime.private.right_weights, "prediction")]
    return explained.faces("lime-correct", lime.right, lime.private.right_images, layers, language)
