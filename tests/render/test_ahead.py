"""Figures that several processes draw before the pages ask for them."""

import os
import signal
import sys
import time

import pytest

from ferpipe.render import ahead

COUNT = 2 * ahead.MANY + 1
several = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="one process draws where there is one core"
)


def keeping(folder):
    """Return a function that keeps which process drew a number, and takes its time so that each draws some."""

    def keep(number):
        time.sleep(0.02)
        (folder / str(number)).write_text(str(os.getpid()))

    return keep


def drawn(draw, count=COUNT, until=None):
    """Draw, while this process is busy until a file is there."""
    with ahead.drawing(draw, count):
        while until and not until.exists():
            time.sleep(0.02)


@several
def test_every_figure_is_drawn_once_by_more_than_one_process(tmp_path):
    drawn(keeping(tmp_path), until=tmp_path / "0")
    by = {int(path.name): int(path.read_text()) for path in tmp_path.iterdir()}
    assert sorted(by) == list(range(COUNT)) and len(set(by.values())) > 1 and os.getpid() in by.values()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # none is left


@several
def test_others_draw_while_this_process_does_something_else(tmp_path):
    with ahead.drawing(keeping(tmp_path), COUNT):
        while not list(tmp_path.iterdir()):
            time.sleep(0.02)


@several
def test_what_goes_wrong_meanwhile_is_raised_and_leaves_no_process_behind():
    with pytest.raises(ValueError, match="meanwhile"), ahead.drawing(lambda number: time.sleep(60), COUNT):
        raise ValueError("meanwhile")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_few_figures_are_left_to_the_page(tmp_path):
    drawn(keeping(tmp_path), ahead.MANY - 1)
    assert not list(tmp_path.iterdir())


@several
def test_what_another_process_could_not_draw_is_left_to_the_page(tmp_path):
    here, keep, begun = os.getpid(), keeping(tmp_path), tmp_path / "begun"

    def draw(number):
        if os.getpid() != here:
            begun.touch()
            raise RuntimeError("never told")
        keep(number)

    drawn(draw, until=begun)
    assert 1 < len(list(tmp_path.iterdir())) < 1 + COUNT


@several
def test_an_interrupt_leaves_no_process_behind():
    here = os.getpid()

    def draw(number):
        if os.getpid() == here:
            raise KeyboardInterrupt
        while True:
            time.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        drawn(draw)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@several
def test_an_interrupt_while_others_still_draw_leaves_no_process_behind(tmp_path):
    here, begun = os.getpid(), tmp_path / "begun"

    def draw(number):
        if os.getpid() != here:
            begun.touch()
            time.sleep(60)

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), ahead.drawing(draw, COUNT):
            while not begun.exists():
                time.sleep(0.02)
            signal.setitimer(signal.ITIMER_REAL, 0.5)  # this process draws the rest sooner, and waits then
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@several
def test_where_no_process_can_be_started_the_page_draws(tmp_path, monkeypatch):
    def refused():
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    drawn(keeping(tmp_path))
    assert {path.read_text() for path in tmp_path.iterdir()} == {str(os.getpid())}
