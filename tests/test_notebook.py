"""The README's six cells for a notebook, run as a notebook would: the data cannot be written to, and no environment."""

import os
import re
import stat
import subprocess
import sys

import pytest
from clones import ROOT, clone, contents, table

CELLS = re.compile(r"```ipython\n(.*?)```", re.DOTALL)


class Notebook:
    """Runs cells in a folder: `!` and `%cd` lines, and Python's assignments."""

    def __init__(self, folder, replaced):
        self.folder, self.replaced, self.names, self.printed = folder, replaced, {}, ""
        programs = folder / "programs"
        programs.mkdir()
        (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (programs / "python").chmod(0o755)
        left = ("VIRTUAL_ENV", "OMP_NUM_THREADS")
        self.environment = {k: v for k, v in os.environ.items() if k not in left}
        self.environment["PATH"] = f"{programs}:{os.environ['PATH']}"

    def run(self, cell):
        for line in filter(None, map(str.strip, cell.splitlines())):
            if line in self.replaced:
                self.replaced[line](self.folder)
            elif line.startswith("%cd "):
                self.folder = self.folder / line.removeprefix("%cd ")
            elif line.startswith("!"):
                for name, value in self.names.items():
                    line = line.replace(f"${name}", str(value))
                command = line[1:].replace("--preset full --device cuda", "--preset smoke --threads 1")
                command = command.replace("fer2013-full", "fer2013-smoke")
                done = subprocess.run(
                    ["bash", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True,
                    timeout=200,
                )  # fmt: skip
                assert done.returncode == 0, (line, done.stderr[-2000:])
                self.printed += done.stdout
            else:
                name, value = line.split("#")[0].split(" = ")
                self.names[name] = self.replaced.get(name, value.strip().strip('"'))


@pytest.mark.slow
@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_six_cells_build_and_a_later_run_goes_on(tmp_path, readme):
    cells = CELLS.findall((ROOT / readme).read_text(encoding="utf-8"))
    assert len(cells) == 6
    data = tmp_path / "input"
    data.mkdir()
    table(data / "fer2013.csv", 280, 105)
    (data / "fer2013.csv").chmod(stat.S_IREAD)
    data.chmod(stat.S_IREAD | stat.S_IEXEC)
    before, installed = contents(data), []
    books = []
    for number in range(2):
        (tmp_path / f"run{number}").mkdir()
        replaced = {
            "!git clone --depth 1 https://github.com/YOU/ferpipe": lambda folder: clone(folder / "ferpipe"),
            "%pip install --quiet --editable .[train]": installed.append,  # nothing to fetch it from here
            "DATA": data / "fer2013.csv",
            "EARLIER": tmp_path / "run0" / "ferpipe-run.zip",
        }
        books.append(Notebook(tmp_path / f"run{number}", replaced))
        for cell in cells:
            books[-1].run(cell)
    assert len(installed) == 2 and contents(data) == before
    later = books[1]
    trained = [re.findall(r"^member-\S+ +made", book.printed, re.MULTILINE) for book in books]
    assert [len(names) for names in trained] == [2, 0]
    assert (later.folder / ".artefacts/runs/fer2013-smoke-0/site/index.html").is_file()
    assert (later.folder.parent / "submission.csv").read_text().startswith("id,emotion\n")
    data.chmod(0o755)
