"""What GitHub runs: workflows that its schema accepts, with actions that nobody can change behind our back."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOWS = sorted((Path(__file__).parents[1] / ".github" / "workflows").glob("*.yml"))


def schema(path):
    call = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    return subprocess.run(call, capture_output=True, text=True)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_valid_and_asks_for_little(path):
    done = schema(path)
    assert done.returncode == 0, done.stdout
    text = path.read_text()
    used = re.findall(r"uses: (\S+)", text)
    assert used and all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in used)
    assert "permissions:\n  contents: read\n" in text  # all others are off unless a job asks
    assert "concurrency:" in text and "timeout-minutes:" in text


def test_a_broken_workflow_is_refused(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on: ubuntu-latest", "runs-on: 3"))
    assert schema(broken).returncode != 0


def test_the_citation_file_is_valid_and_of_this_version():
    import tomllib

    root = Path(__file__).parents[1]
    call = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.citation-file-format"]
    done = subprocess.run([*call, str(root / "CITATION.cff")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nversion: {version}\n" in (root / "CITATION.cff").read_text()


def test_publishing_needs_no_torch():
    text = (Path(__file__).parents[1] / ".github/workflows/publish.yml").read_text()
    assert "pip install -c constraints.txt ." in text and "[train" not in text
    assert "python build.py render --strict" in text
