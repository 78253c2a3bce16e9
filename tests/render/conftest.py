from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import synthetic

from ferpipe.render.site import REPORT, Site, render

ADDRESS = {"site_url": "https://example.org/ferpipe/", "repository": "https://example.org/code"}


class Trial:
    """Made-up results, and renders of them into folders of their own."""

    def __init__(self, base: Path, report: Path = REPORT) -> None:
        self.base, self.report = base, report
        self.results, self.artefacts = base / "results", base / "artefacts"

    def render(self, output: Path, **options: object) -> Site:
        sources = {"artefacts": self.artefacts, "report": self.report, "address": ADDRESS}
        return render(self.results, output, **{**sources, **options})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of an open data set 'rendered' and a restricted one 'fer2013', and the site of both."""
    base = tmp_path_factory.mktemp("made")
    synthetic.write(base / "results")
    synthetic.write(base / "results", "fer2013", restricted=True, artefacts=base / "artefacts")
    trial = Trial(base)
    trial.render(base / "site", editions=["rendered", "fer2013"], strict=True)
    trial.render(base / "local", local="fer2013", strict=True)
    return base


@pytest.fixture(scope="session")
def site(made: Path) -> Path:
    return made / "site"


@pytest.fixture
def trial(made: Path, tmp_path: Path) -> Trial:
    """The made-up results with a copy of the report's text, to break."""
    shutil.copytree(REPORT, tmp_path / "report", ignore=shutil.ignore_patterns("results"))
    return Trial(made, tmp_path / "report")
