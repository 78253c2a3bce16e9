import pytest

from ferpipe.storage import fingerprints


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of the same name whose module `top` imports `helper`."""
    folder = tmp_path / "ferpipe"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "top.py").write_text('"""Doc."""\nfrom ferpipe import helper\n\ndef f():\n    """Doc."""\n    return 1\n')
    (folder / "helper.py").write_text("x = 1\n")
    monkeypatch.setattr(fingerprints, "PACKAGE", folder)
    fingerprints._file.cache_clear()
    yield folder
    fingerprints._file.cache_clear()


def test_code_follows_the_projects_imports_and_no_others(package):
    (package / "helper.py").write_text("import json\nimport numpy\nx = 1\n")
    assert set(fingerprints.code("ferpipe.top")) == {"ferpipe.helper", "ferpipe.top"}


def test_comments_docstrings_and_blank_lines_change_nothing(package):
    before = fingerprints.code("ferpipe.top")
    (package / "top.py").write_text(
        '"""Other."""\n\n# why\nfrom ferpipe import helper\ndef f():\n    return 1  # yes\n'
    )
    assert fingerprints.code("ferpipe.top") == before


def test_a_changed_helper_changes_what_uses_it(package):
    before = fingerprints.code("ferpipe.top")
    (package / "helper.py").write_text("x = 2\n")
    after = fingerprints.code("ferpipe.top")
    assert {name for name in before if before[name] != after[name]} == {"ferpipe.helper"}


def test_remembered_code_is_not_parsed_again(package, monkeypatch):
    known = {}
    before = fingerprints.code("ferpipe.top", known=known)
    monkeypatch.setattr(fingerprints.ast, "parse", lambda _: pytest.fail("parsed again"))
    assert fingerprints.code("ferpipe.top", known=known) == before
