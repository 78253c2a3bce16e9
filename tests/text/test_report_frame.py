from __future__ import annotations

from pathlib import Path

import pytest
from languages import LANGUAGES

from ferpipe.errors import Slip
from ferpipe.storage.fingerprints import PACKAGE
from ferpipe.text import report

FRAME = """languages = ["en", "zh"]
editions = ["rendered"]
sections = ["one"]
site_url = "https://example.org/x/"
title = { en = "T", zh = "题" }
description = { en = "D", zh = "述" }
"""


def read(tmp_path: Path, text: str) -> report.Report:
    (tmp_path / "report.toml").write_text(text, encoding="utf-8")
    (tmp_path / "words").mkdir()
    for language in LANGUAGES:
        (tmp_path / "words" / language.file.name).write_bytes(language.file.read_bytes())
    return report.read(tmp_path)


def test_a_whole_frame_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, FRAME).title["zh"] == "题"


def test_our_own_frame_holds_the_original_table() -> None:
    table = report.read(PACKAGE.parent / "report").original["filter_emotions"]
    assert [len(row) for row in table] == [5] * 6


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("editions =", "edition =", "unknown key 'edition'"),
        ('sections = ["one"]\n', "", "lacks 'sections'"),
        ('"zh"]', '"fr"]', "languages are"),
        ('zh = "题"', 'fr = "T"', "no title in 'zh'"),
        ("/x/", "/x", "end with a slash"),
        ("languages = [", "languages = ", "cannot be read"),
        ('["rendered"]', "[]", "editions is empty"),
        ('["rendered"]', '["../x"]', "'../x' is no name"),
        ('["one"]', '["a/b"]', "'a/b' is no name"),
        ('["one"]', '[""]', "'' is no name"),
        ('["one"]', '["a\\n<b>"]', "is no name"),
        ('["one"]', "[3]", "sections is .* wanted a list of words"),
        ('["one"]', "3", "sections is 3; wanted a list of words"),
        ('{ en = "T", zh = "题" }', "3", "title is 3; wanted a table"),
        ('"https://example.org/x/"', "3", "site_url is 3; wanted a text"),
        ('["one"]', "[" * 10**5, "cannot be read"),
        ("title =", 'date = "yesterday"\ntitle =', "date is 'yesterday'; wanted a day"),
        ("title =", 'logo = "none.svg"\ntitle =', "logo is 'none.svg'; wanted the name of a picture beside it"),
        ("title =", 'logo = "../x.svg"\ntitle =', "wanted the name of a picture beside it"),
        ("title =", 'colours = { accent = "blue" }\ntitle =', "colours.accent is 'blue'; wanted one of paper"),
        ("title =", 'colours = { red = ["#ff0000", "#ff0000"] }\ntitle =', "colours.red is"),
    ],
)
def test_a_faulty_frame_is_a_slip(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(Slip, match=told):
        read(tmp_path, FRAME.replace(old, new))


def test_a_missing_frame_is_a_slip(tmp_path: Path) -> None:
    with pytest.raises(Slip, match=r"report\.toml is missing"):
        report.read(tmp_path)
