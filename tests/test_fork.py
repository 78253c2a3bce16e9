"""A fork: README's *Publish it*, followed on a copy with settings of its own, up to what GitHub would publish."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ferpipe.render.checks import WEIGHT
from ferpipe.render.walk import walk

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
OWN = {
    "authors": '["Ada Lovelace", "Li Bai"]',
    "date": '"2031-02"',
    "site_url": '"https://faces.example.edu/"',
    "repository": '"https://git.example.edu/ada/faces"',
}
COLOURS = '\n[colours]\naccent = ["#7a1f6b", "#d9a0ce"]\n'
GITHUB = {
    "GITHUB_REPOSITORY": "Ada/Faces",
    "GITHUB_REPOSITORY_OWNER": "Ada",
    "GITHUB_SERVER_URL": "https://github.com",
}


def steps():
    """The numbered steps of *Publish it*."""
    section = README.split("\n## Publish it\n")[1].split("\n## ")[0]
    return re.findall(r"^\d\. (.*?)(?=^\d\. |\n\n)", section, re.S | re.M)


def run(command, folder, **more):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PATH": path, "PYTHONPATH": "", "GIT_CONFIG_GLOBAL": os.devnull, **more},
    )  # fmt: skip


def well(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """A copy of what git has, with settings of its own."""
    folder = tmp_path_factory.mktemp("fork")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    frame = folder / "report" / "report.toml"
    text = frame.read_text()
    for key, value in OWN.items():
        text, count = re.subn(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.M)
        assert count == 1, key
    frame.write_text(text if "[colours]" in text else text + COLOURS)
    well(run("git init -q -b main && git add -A && git -c user.name=a -c user.email=a@b commit -qm fork", folder))
    return folder


def test_the_steps_name_what_has_to_be_enabled():
    told = " ".join(steps())
    assert "*Pages*, source *GitHub Actions*" in told and "*Actions*" in told and len(steps()) == 5


@pytest.mark.parametrize(
    "path", sorted((ROOT / "site").rglob("??/index.html")), ids=lambda path: "-".join(path.parts[-3:-1])
)
def test_a_committed_page_loads_no_picture_twice_and_leaves_room_for_a_forks_addresses(path):
    loaded = {(path.parent / source).resolve() for source, _ in walk(path.read_text()).loads}
    pictures = [file.read_bytes() for file in loaded if file.suffix == ".webp"]
    assert len(pictures) == len(set(pictures))
    assert path.stat().st_size + sum(file.stat().st_size for file in loaded) < WEIGHT - 15_000


@pytest.mark.slow
def test_a_fork_with_settings_of_its_own_is_published_as_the_readme_says(fork):
    commands = re.findall(r"`(python build\.py render --strict)`", steps()[2])
    assert len(commands) == 1
    well(run(commands[0], fork))
    changed = well(run("git status --porcelain", fork)).stdout.split()[1::2]
    assert changed and all(name.startswith("site/") for name in changed)
    page = (fork / "site/en/index.html").read_text()
    assert "Ada Lovelace" in page and "https://faces.example.edu/" in page and "#7a1f6b" in (
        fork / "site/assets/report.css"
    ).read_text()  # fmt: skip
    well(run("git add -A && git -c user.name=a -c user.email=a@b commit -qm site", fork))
    workflow = (fork / ".github/workflows/publish.yml").read_text()
    blocks = re.findall(r"^ +(?:- )?run: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)", workflow, re.M)
    scripts = [re.sub(r"^ {10}", "", many, flags=re.M) or one for many, one in blocks]
    assert len(scripts) == 4 and scripts[0].startswith("pip install")
    for script in scripts[1:]:
        well(run(script, fork, **GITHUB))
    published = (fork / "_pages/en/index.html").read_text()
    assert "https://ada.github.io/Faces/" in published and "https://github.com/Ada/Faces" in published
    assert well(run("git status --porcelain -- site", fork)).stdout == ""
