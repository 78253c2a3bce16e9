"""Words that several figures share, in both languages."""

from markupsafe import Markup

from ferpipe.results.common import Face
from ferpipe.text.formats import emotion, percent
from ferpipe.text.language import Language


def described(language: Language, face: Face) -> str:
    """Return a face's label and prediction in words: an alt."""
    label, prediction = emotion(language, face.label), emotion(language, face.prediction)
    return language.words("shared")["predicted"].format(label=label, prediction=prediction)


def over(language: Language, what: str, face: str) -> str:
    """Return the alt of a map that lies over a face."""
    return language.words("shared")["over"].format(what=what, face=face)


def answer(language: Language, face: Face) -> Markup:
    """Return the label under a face: its emotion, then prediction and probability."""
    right = face.label == face.prediction
    return Markup('<b>{}</b> <span class="{}">{} {} {}</span>').format(
        emotion(language, face.label),
        "right" if right else "wrong",
        "\N{RIGHTWARDS ARROW}",
        emotion(language, face.prediction),
        percent(face.probability, 0),
    )
