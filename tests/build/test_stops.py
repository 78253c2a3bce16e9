"""Signals, closed terminals and full disks: one line, the right status, no traceback."""

import contextlib
import errno
import os
import signal
import subprocess
import sys

import pytest
from clones import ROOT

import build
from ferpipe.build import stops

SLOW = """
import signal, sys, time
for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # the tests may run where they are ignored, as in the background
    signal.signal(getattr(signal, name), signal.SIG_DFL)
sys.path.insert(0, {root!r})
import build
from ferpipe.build import stops
from ferpipe.storage import atomic
from pathlib import Path

def run(_):
    with atomic.folder(Path(sys.argv[1]) / "place"):
        print("begun", flush=True)
        {work}

build.run = run
stops.catch()
stops.leave(build.main([]))
"""

# many short sleeps: a signal between Python's last look and the system call would wait for the end of a long one
WORK = "for _ in range(600): time.sleep(0.1)"


@contextlib.contextmanager
def slow(folder, work):
    """A build that has begun to write and then works, with its output as pipes."""
    code = SLOW.format(root=str(ROOT), work=work)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, folder], cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout.readline() == "begun\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_clears_what_is_half_written_and_ends_in_one_line(tmp_path, name):
    with slow(tmp_path, WORK) as process:
        process.send_signal(getattr(signal, name))
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert errors == f"interrupted: {stops.KEPT}\n" and "goes on" in errors
    assert not list(tmp_path.iterdir())


def test_an_import_that_an_interrupt_breaks_in_c_counts_as_interrupted(tmp_path):
    broken = f"try:\n            {WORK}\n        except KeyboardInterrupt: raise ImportError from None"
    with slow(tmp_path, broken) as process:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 130 and "Traceback" not in errors


def test_under_nohup_a_closed_terminal_is_ignored(monkeypatch):
    before = {name: signal.getsignal(getattr(signal, name)) for name in ("SIGINT", "SIGTERM", "SIGHUP")}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        stops.catch()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert callable(signal.getsignal(signal.SIGINT))
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@pytest.mark.parametrize("where", ["closed", "full"])
def test_an_output_that_cannot_be_written_is_told(where):
    if where == "full" and not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    if where == "full":
        write = os.open("/dev/full", os.O_WRONLY)
    else:
        read, write = os.pipe()
        os.close(read)
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import build; build.written = lambda _: []\n"
    code += "build.run = lambda _: print('made')\nsys.exit(build.main([]))"
    done = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, text=True, timeout=30)
    os.close(write)
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output was closed or is full") and done.stderr.count("\n") == 1


def test_a_full_disk_is_named_with_what_is_free(tmp_path):
    told = stops.told(OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "not" / "there")))
    assert told.startswith(f"{tmp_path / 'not' / 'there'}: No space left on device, ") and "bytes are free" in told


def test_of_a_renaming_the_place_is_named():
    assert stops.told(OSError(errno.EISDIR, "Is a directory", "a/.new-file", None, "a/file")).startswith("a/file: ")


@pytest.mark.parametrize("facts", [("no number",), (errno.EINVAL, "odd", "file"), (errno.ENOENT, "no name")])
def test_what_is_no_disks_fault_keeps_its_traceback(facts):
    assert stops.told(OSError(*facts)) is None


def test_a_hostile_name_is_one_printable_line(capsys, monkeypatch):
    def slips(_):
        raise FileNotFoundError(errno.ENOENT, "No such file", "a\nerror: b\x1b[2J\u202egnp.\udcff")

    monkeypatch.setattr(build, "run", slips)
    assert build.main([]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1 and errors[:-1].isprintable()


def test_running_out_of_memory_is_told(capsys, monkeypatch):
    def greedy(_):
        raise MemoryError

    monkeypatch.setattr(build, "run", greedy)
    assert build.main([]) == 2 and capsys.readouterr().err.startswith("error: out of memory")
