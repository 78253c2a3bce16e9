"""The report's own languages."""

from pathlib import Path

from ferpipe.text.language import Language

WORDS = Path(__file__).parents[1] / "report" / "words"
EN, ZH = LANGUAGES = [Language(code, WORDS) for code in ("en", "zh")]
