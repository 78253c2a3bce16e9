"""Words that several figures share, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from ferpipe.text.formats import emotion, percent

if TYPE_CHECKING:
    from ferpipe.results.common import Face

WORDS = {
    "en": {
        "face": "Face",
        "mean_face": "Mean face of the class",
        "labelled": "face labelled {label}",
        "predicted": "face labelled {label}, predicted {prediction}",
        "mean_of": "mean face of {label}",
        "over": "{what} over a {face}",
        "against": "against the emotion",
        "for": "for it",
        "lowers": "lowers the logit",
        "raises": "raises it",
        "zero": "0 (white)",
        "not_shown": "Single faces of this data set may not be published: shown is the mean face of each class.",
        "none_shown": "No such face was found in this run.",
        "fewer": "This run had {found} of the {wanted} faces wanted.",
    },
    "zh": {
        "face": "人脸",
        "mean_face": "各类平均脸",
        "labelled": "标注为{label}的人脸",
        "predicted": "标注为{label}、预测为{prediction}的人脸",
        "mean_of": "{label}类的平均脸",
        "over": "叠加在{face}上的{what}",
        "against": "反对该情绪",
        "for": "支持该情绪",
        "lowers": "降低 logit",
        "raises": "提高 logit",
        "zero": "0（白色）",
        "not_shown": "该数据集的单张人脸不得公开，因此图中使用各类的平均脸。",
        "none_shown": "本次运行中没有找到这样的人脸。",
        "fewer": "本次运行只找到{found}张这样的人脸，原计划为{wanted}张。",
    },
}


def described(language: str, face: Face) -> str:
    """Return a face's label and prediction in words: an alt."""
    label, prediction = emotion(language, face.label), emotion(language, face.prediction)
    return WORDS[language]["predicted"].format(label=label, prediction=prediction)


def over(language: str, what: str, face: str) -> str:
    """Return the alt of a map that lies over a face."""
    return WORDS[language]["over"].format(what=what, face=face)


def answer(language: str, face: Face) -> Markup:
    """Return the label under a face: its emotion, then prediction and probability."""
    right = face.label == face.prediction
    return Markup('<b>{}</b> <span class="{}">{} {} {}</span>').format(
        emotion(language, face.label),
        "right" if right else "wrong",
        "\N{RIGHTWARDS ARROW}",
        emotion(language, face.prediction),
        percent(face.probability, 0),
    )
