"""Documentation is held against the code."""

import re
from pathlib import Path

import pytest

import build
from ferpipe.analyses import ANALYSES
from ferpipe.training.presets import PRESETS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def commands():
    return [line.strip() for line in README.splitlines() if line.startswith("    python3 -m venv")]


def test_ci_runs_the_readmes_own_test_command():
    assert commands()[1] in (ROOT / ".ci" / "run").read_text()
    assert commands()[0].split("build.py")[0] == commands()[1].split("-m pytest")[0]


def test_both_readmes_give_the_same_commands():
    def code(text):
        return [line for line in text.splitlines() if line.startswith("    ") and "{{" not in line and ".py" in line]

    other = (ROOT / "README.zh.md").read_text()
    assert [line.split("  ")[0] for line in code(README)] == [line.split("  ")[0] for line in code(other)]


def test_every_flag_in_the_readme_is_understood():
    of_others = {"--extra", "--nproc", "--depth", "--quiet", "--editable"}  # of torchrun, git and pip
    for flag in set(re.findall(r"(?<![\w-])--[a-z]+", README)) - of_others:
        assert flag in Path(build.__file__).read_text(), flag


def test_every_file_that_the_readme_names_is_there():
    for name in re.findall(r"\]\(([\w./]+)\)", README):
        assert (ROOT / name).exists(), name


def test_every_analysis_has_a_file_of_its_name():
    for name in ANALYSES:
        assert (ROOT / "ferpipe" / "analyses" / f"{name}.py").is_file()


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_table_of_presets_says_what_they_train(name):
    rows = re.findall(
        r"^\| `(smoke|default|overnight|full)`[^|]*\|([^|]+)\|([^|]+)\|$", (ROOT / name).read_text(), re.M
    )
    assert {row[0] for row in rows} == set(PRESETS["rendered"])
    for preset, *cells in rows:
        for data, cell in zip(("rendered", "fer2013"), cells, strict=True):
            meant = PRESETS[data][preset]
            counts = (meant.members, meant.overfitted, meant.balanced, meant.recipe.epochs)
            assert tuple(map(int, re.findall(r"\d+", cell)))[:4] == counts, (preset, data)
            assert meant.student == ("student" in cell or "学生" in cell)
