"""Clusters' variables, little memory, closed streams, line ends, disks without locks, files that cannot be read."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import build
from build import main
from ferpipe.build import guard, stops
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints
from ferpipe.storage import fingerprints, lock

ROOT = Path(__file__).parents[2]
TORCHRUN = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"RANK": ""}, "RANK is ''"),
        ({"RANK": "1", "WORLD_SIZE": None}, "WORLD_SIZE is not set"),
        ({"LOCAL_RANK": "x"}, "LOCAL_RANK is 'x'"),
        ({"RANK": "2"}, "RANK is 2, WORLD_SIZE 2"),
    ],
)
def test_a_clusters_variables_without_torchrun_are_named(monkeypatch, capsys, tmp_path, changed, words):
    for name, value in {**TORCHRUN, **changed}.items():
        monkeypatch.setenv(name, value) if value is not None else monkeypatch.delenv(name, raising=False)
    assert main(["train", "--preset", "smoke", "--artefacts", str(tmp_path / "new")]) == 2
    told = capsys.readouterr().err
    assert words in told and "torchrun" in told and len(told.splitlines()) == 1 and not list(tmp_path.iterdir())


def test_torchruns_own_variables_and_none_are_taken(monkeypatch):
    for name in TORCHRUN:
        monkeypatch.delenv(name, raising=False)
    guard.check_ranks()
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    guard.check_ranks()


@pytest.mark.parametrize("name", ["torch", "skimage.transform"])
def test_a_package_that_is_not_installed_is_named(monkeypatch, capsys, name):
    def asked(_):
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr(build, "run", asked)
    assert main(["explain", "face.png", "--output", "page.html"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"error: {name.partition('.')[0]} is not installed: pip install -c constraints.txt")
    assert len(told.splitlines()) == 1


def test_our_own_missing_module_is_a_bug(monkeypatch):
    def asked(_):
        raise ModuleNotFoundError("No module named 'ferpipe.nothing'", name="ferpipe.nothing")

    monkeypatch.setattr(build, "run", asked)
    with pytest.raises(ModuleNotFoundError):
        main(["render"])


def test_a_limit_that_torch_does_not_fit_in_is_told_before_it_is_loaded(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (3_200_000 << 10, -1))
    with pytest.raises(Slip, match=r"ulimit -v leaves 3\.1 GiB .* allow 4 GiB"):
        guard.check_memory()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, -1))
    guard.check_memory()


@pytest.mark.parametrize(
    ("error", "starved"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (ImportError("libtorch.so: failed to map segment from shared object"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("shapes do not fit"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_whatever_says_that_memory_is_short_is_known(error, starved):
    assert stops.starved(error) is starved


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ESTALE])
def test_a_disk_without_locks_is_built_on_and_told_once(monkeypatch, tmp_path, capsys, number):
    def none(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("filelock.FileLock.acquire", none)
    with lock.held([tmp_path / lock.NAME]):
        (tmp_path / "made").touch()
    told = capsys.readouterr().err
    assert told.count("no lock can be had") == 1 and [path.name for path in tmp_path.iterdir()] == ["made"]


def test_line_ends_damage_no_record(tmp_path):
    for name, end in (("a.json", b"\n"), ("b.json", b"\r\n")):
        (tmp_path / name).write_bytes(b"{" + end + b"}" + end)
    assert fingerprints.of_file(tmp_path / "a.json") == fingerprints.of_file(tmp_path / "b.json")
    (tmp_path / "c.json").write_bytes(b"{\n1}\n")
    assert fingerprints.of_file(tmp_path / "a.json") != fingerprints.of_file(tmp_path / "c.json")
    assert "* -text" in (ROOT / ".gitattributes").read_text()


def test_a_member_that_cannot_be_read_is_not_called_damaged(monkeypatch):
    folder = next((ROOT / "ferpipe/shipped/fer2013").glob("member-0-*"))

    def refused(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(checkpoints, "of_file", refused)
    with pytest.raises(Slip) as told:
        checkpoints.load(folder)
    assert "Permission denied" in str(told.value) and "remove" not in str(told.value)


@pytest.mark.slow
def test_without_standard_error_and_without_asserts_the_same_is_done(tmp_path):
    from PIL import Image

    Image.fromarray(np.zeros((48, 48), np.uint8)).save(tmp_path / "black.png")
    call = [sys.executable, "build.py", "predict", str(tmp_path / "black.png"), "--network", "shipped"]
    done = subprocess.run(["bash", "-c", '"$@" 2>&-', "-", *call], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0 and "black:" in done.stdout
    render = ["build.py", "render", "--results", "report/results", "--artefacts", str(tmp_path / "a"), "--output"]
    for flags, name in (([], "plain"), (["-O"], "bare")):
        subprocess.run([sys.executable, *flags, *render, str(tmp_path / name)], cwd=ROOT, check=True)
    sites = [
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*.*")
            if path.is_file()
        }
        for name in ("plain", "bare")
    ]
    assert sites[0].keys() == sites[1].keys() and len(sites[0]) > 300
    assert sites[0] == sites[1]


def test_what_a_terminal_cannot_write_is_spelt_out(tmp_path: Path) -> None:
    call = [sys.executable, str(ROOT / "build.py"), "predict", str(tmp_path / "漢.jpg")]
    refused = subprocess.run(call, env={**os.environ, "PYTHONIOENCODING": "cp1252"}, capture_output=True, text=True)
    assert refused.returncode == 2 and "\\u6f22.jpg" in refused.stderr and "Traceback" not in refused.stderr
