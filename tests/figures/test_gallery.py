from __future__ import annotations

import marshal
from pathlib import Path

from languages import EN

from ferpipe.drawing import gallery
from ferpipe.storage import atomic
from ferpipe.storage.encoding import JSON


def test_a_figure_that_is_kept_otherwise_or_of_something_else_is_drawn_again(tmp_path: Path) -> None:
    def kept() -> JSON:
        return gallery.Recipe("hero", EN, "today", tmp_path / "hero.bin").kept()

    assert kept() == {}
    for content in (b"", b"another Python's", marshal.dumps(3), marshal.dumps(("yesterday", {"body": "old"}))):
        atomic.seal(tmp_path / "hero.bin", content)
        assert kept() == {}
    atomic.seal(tmp_path / "hero.bin", marshal.dumps(("today", {"body": "new"})))
    assert kept() == {"body": "new"}
