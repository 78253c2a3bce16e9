"""A report in one language, and in a third one that is files alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Trial

from ferpipe.text.problems import Problems

KEYS = re.compile(r"^((?:\w+\.)*)(en|zh)( = .*)$", re.MULTILINE)


def listed(trial: Trial, languages: list[str]) -> None:
    path = trial.report / "report.toml"
    text = re.sub(r"^languages = .*$", f"languages = {languages}", path.read_text(), flags=re.MULTILINE)
    for table in ("title", "description"):
        text = re.sub(rf"(\[{table}\]\n)", r'\1fr = "Que regardent les réseaux ?"\n', text)
    path.write_text(text)


def french(section: str) -> str:
    """What stands beside a section: its English, called French."""
    front, body = re.fullmatch(r"\+\+\+\n(.*?)\+\+\+\n.*?<!-- en -->\n(.*?)<!-- zh -->.*", section, re.DOTALL).groups()  # type: ignore[union-attr]
    front = KEYS.sub(lambda line: f"{line[1]}fr{line[3]}" if line[2] == "en" else "", front)
    return f"+++\n{front}+++\n<!-- fr -->\n{body}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_report_may_be_in_one_language(trial: Trial, tmp_path: Path, language: str) -> None:
    listed(trial, [language])
    trial.render(tmp_path / "site", editions=["rendered"], strict=True)
    assert [path.parent.name for path in sorted((tmp_path / "site").glob("*/index.html"))] == [language]
    page = (tmp_path / "site" / language / "index.html").read_text()
    assert 'class="language"' not in page and "hreflang" in page


def test_a_third_language_is_files_alone(trial: Trial, tmp_path: Path) -> None:
    listed(trial, ["en", "zh", "fr"])
    words = (trial.report / "words" / "en.toml").read_text().replace('html = "en"', 'html = "fr"')
    (trial.report / "words" / "fr.toml").write_text(words.replace('contents = "Contents"', 'contents = "Sommaire"'))
    for path in (trial.report / "sections").glob("*.md"):
        (path.with_name(f"{path.stem}.fr.md")).write_text(french(path.read_text()))
    trial.render(tmp_path / "site", editions=["rendered", "fer2013"], strict=True)
    page, english = ((tmp_path / "site" / name / "index.html").read_text() for name in ("fr", "en"))
    assert '<html lang="fr">' in page and "Sommaire" in page and 'hreflang="fr"' in english
    assert (tmp_path / "site" / "fer2013" / "fr" / "index.html").is_file()
    (trial.report / "sections" / "light.fr.md").write_text(
        french((trial.report / "sections" / "light.md").read_text()).replace("caption.fr", "caption.de")
    )
    with pytest.raises(Problems) as slip:
        trial.render(tmp_path / "other", editions=["rendered"])
    assert any("sections/light.fr.md:" in line and "no caption of" in line for line in slip.value.problems)
