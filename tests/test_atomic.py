import pytest

from ferpipe import atomic


def test_a_folder_appears_whole_and_replaces_the_old_one(tmp_path):
    for content in ("first", "second"):
        with atomic.folder(tmp_path / "place") as new:
            (new / "file").write_text(content)
        assert (tmp_path / "place" / "file").read_text() == content
    assert [p.name for p in tmp_path.iterdir()] == ["place"]


def test_a_failure_leaves_the_old_folder_and_nothing_else(tmp_path):
    with atomic.folder(tmp_path / "place") as new:
        (new / "file").write_text("old")
    with pytest.raises(ZeroDivisionError), atomic.folder(tmp_path / "place") as new:
        (new / "file").write_text("new")
        raise ZeroDivisionError
    assert (tmp_path / "place" / "file").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["place"]


@pytest.mark.parametrize("left", ["before", "between", "after"])
def test_recover_brings_back_the_last_whole_state_after_a_kill(tmp_path, left):
    """The three states that a kill can leave while a folder is replaced."""
    old = tmp_path / ("place" if left == "before" else ".old-place")
    old.mkdir()
    (old / "file").write_text("old")
    new = tmp_path / ("place" if left == "after" else ".new-place")
    new.mkdir()
    (new / "file").write_text("new")
    atomic.recover(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["place"]
    assert (tmp_path / "place" / "file").read_text() == ("new" if left == "after" else "old")


def test_a_file_is_replaced_whole(tmp_path):
    atomic.write(tmp_path / "a" / "file", b"1")
    atomic.write(tmp_path / "a" / "file", b"2")
    assert [(p.name, p.read_bytes()) for p in (tmp_path / "a").iterdir()] == [("file", b"2")]


def test_a_neighbour_that_is_being_written_is_left_alone(tmp_path):
    with atomic.folder(tmp_path / "one") as one:
        with atomic.folder(tmp_path / "other") as other:
            (other / "file").write_text("other")
        (one / "file").write_text("one")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "other"]


@pytest.mark.parametrize("name", [".new-place", ".old-place"])
def test_what_a_kill_left_of_a_folder_is_cleared_before_it_is_written_again(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "file").write_text("left")
    with atomic.folder(tmp_path / "place") as new:
        (new / "file").write_text("new")
    assert [p.name for p in tmp_path.iterdir()] == ["place"]
    assert (tmp_path / "place" / "file").read_text() == "new"
