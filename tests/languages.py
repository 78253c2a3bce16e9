"""The report's own languages."""

from pathlib import Path

from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.text.language import Language

WORDS = Path(__file__).parents[1] / "report" / "words"
EN, ZH = LANGUAGES = [Language(code, WORDS).about("face", EMOTIONS) for code in ("en", "zh")]
