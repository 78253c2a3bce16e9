"""The READMEs' examples for a notebook are run as they stand, on a made picture."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
SECTIONS = {"README.md": "As a library", "README.zh.md": "作为库使用"}
WRITTEN = ("saliency.png", "speaks-for.png", "filter.png")  # by the three examples


def examples(name):
    section = (ROOT / name).read_text().split(f"\n## {SECTIONS[name]}\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.S)


@pytest.mark.parametrize("index", range(3))
def test_an_example_of_ten_lines_writes_its_picture(index, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "README.md"  # the other one has the same code
    noise = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC).save("picture.jpg")
    code = examples(name)[index]
    assert len(code.splitlines()) <= 10
    exec(compile(code, name, "exec"), {})
    written = np.asarray(Image.open(WRITTEN[index]))
    assert written.std() > 1 and sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["picture.jpg", WRITTEN[index]]
    )


def test_both_readmes_give_the_same_examples_but_for_their_comments():
    english, chinese = ([ast.dump(ast.parse(code)) for code in examples(name)] for name in SECTIONS)
    assert english == chinese and len(english) == len(WRITTEN)
