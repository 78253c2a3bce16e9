from __future__ import annotations

from pathlib import Path

import pytest
from clones import contents
from conftest import Trial

from ferpipe.drawing import gallery
from ferpipe.render import drawing
from ferpipe.render.site import REPORT
from ferpipe.text.report import read


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a build may use two processors."""
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(drawing.os, "cpu_count", lambda: 2)


def test_two_processes_draw_what_one_draws(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two: None
) -> None:
    shared, share = [], drawing.Ahead.share
    monkeypatch.setattr(
        drawing.Ahead, "share", lambda self, known: shared.append(len(self._tasks)) or share(self, known)
    )
    trial = Trial(tmp_path)
    trial.results = made / "results"
    trial.render(tmp_path / "site", editions=["rendered"], strict=True)
    assert len(shared) == 1 and shared[0] > 20  # with a helper
    alone, together = (contents(folder / "figures/rendered") for folder in (made / "drawn", tmp_path / "artefacts"))
    assert {path.rpartition("figures/")[2] for path in alone} >= {path.rpartition("figures/")[2] for path in together}
    assert sorted(alone.values()) == sorted(together.values()) and len(together) > 40


def test_a_helper_that_is_gone_leaves_all_to_the_other(made: Path, tmp_path: Path, two: None) -> None:
    edition = drawing.Edition("rendered", "", made / "results/rendered", read(REPORT).original)
    ahead = drawing.Ahead(tmp_path)
    ahead._helper.kill()
    ahead._helper.join()
    ahead.begin([(edition, "en")], {})
    ahead.share({})
    drawn = {path.stem for path in (tmp_path / "figures/rendered/en").glob("*.json")}
    assert drawn == {n for n in (*gallery.names(), gallery.CARD) if edition.drawable.issuperset(gallery.analyses(n))}


def test_a_helper_without_tasks_ends(tmp_path: Path) -> None:
    ahead = drawing.Ahead(tmp_path)
    helper = ahead._helper
    del ahead  # as when the text is wrong
    helper.join(20)
    assert helper.exitcode == 0


def test_what_is_cached_needs_no_helper(made: Path, tmp_path: Path, two: None) -> None:
    edition = drawing.Edition("rendered", "", made / "results/rendered", {})
    assert drawing.ahead([(edition, "en"), (edition, "zh")], made / "artefacts") is None
