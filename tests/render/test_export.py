"""Every figure as a file of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferpipe.errors import Slip
from ferpipe.render.export import export
from ferpipe.render.site import REPORT
from ferpipe.text import report

HEADS = {"png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_plots_come_in_each_language_grids_once_and_tables_not_at_all(made: Path, tmp_path: Path, kind):
    frame = replace(report.read(REPORT), sections=("training", "changes", "settings"))
    written = export(made / "results", made / "artefacts", frame, ["rendered"], None, tmp_path / "figures", kind)
    names = [path.relative_to(tmp_path / "figures").as_posix() for path in written]
    plots = [f"rendered/{name}.{language}.{kind}" for name in ("curves", "ensemble") for language in ("en", "zh")]
    assert names == sorted([*plots, f"rendered/changes.{kind}"])
    assert all(path.read_bytes().startswith(HEADS[kind]) for path in written)
    if kind == "png":
        plot = np.asarray(Image.open(tmp_path / "figures/rendered/curves.en.png").convert("RGB"))
        marks = {(254, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0)}  # of no palette
        assert (plot[0, 0] == 255).all() and not marks & {tuple(c) for c in np.unique(plot.reshape(-1, 3), axis=0)}


def test_a_file_in_the_way_is_told(made: Path, tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("mine")
    with pytest.raises(Slip, match="is no folder"):
        export(
            made / "results", made / "artefacts", report.read(REPORT), ["rendered"], None, tmp_path / "figures", "png"
        )
    assert (tmp_path / "figures").read_text() == "mine"
