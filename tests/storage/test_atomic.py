import errno
import resource

import pytest

from ferpipe.storage import atomic


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
    old = tmp_path / ("place" if left == "before" else f"{atomic.OLD}place")
    old.mkdir()
    (old / "file").write_text("old")
    new = tmp_path / ("place" if left == "after" else f"{atomic.NEW}place")
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


@pytest.mark.parametrize("name", [f"{atomic.NEW}place", f"{atomic.OLD}place"])
def test_what_a_kill_left_of_a_folder_is_cleared_before_it_is_written_again(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "file").write_text("left")
    with atomic.folder(tmp_path / "place") as new:
        (new / "file").write_text("new")
    assert [p.name for p in tmp_path.iterdir()] == ["place"]
    assert (tmp_path / "place" / "file").read_text() == "new"


@pytest.fixture
def full():
    """A disk on which no file has room for more than a kilobyte."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_the_last_file_stays_and_the_error_names_it(tmp_path, full):
    atomic.write(tmp_path / "file", b"old")
    with pytest.raises(OSError) as told:
        atomic.write(tmp_path / "file", bytes(5000))
    assert (told.value.errno, told.value.filename) == (errno.EFBIG, str(tmp_path / "file"))
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("file", b"old")]


def test_on_a_full_disk_the_last_folder_stays_and_the_error_names_it(tmp_path, full):
    with atomic.folder(tmp_path / "place") as new:
        (new / "file").write_bytes(b"old")
    with pytest.raises(OSError) as told, atomic.folder(tmp_path / "place") as new:
        (new / "file").write_bytes(bytes(5000))
    assert told.value.filename == str(tmp_path / "place")
    assert [p.name for p in tmp_path.iterdir()] == ["place"] and (tmp_path / "place" / "file").read_bytes() == b"old"


def test_a_sealed_file_is_read_as_it_was_written_or_not_at_all(tmp_path):
    path, content = tmp_path / "file", bytes(range(256))
    assert atomic.unseal(path) is None
    atomic.seal(path, content)
    assert atomic.unseal(path) == content
    whole = path.read_bytes()
    flipped = [whole[:k] + bytes([whole[k] ^ 1]) + whole[k + 1 :] for k in range(len(whole))]
    for damaged in (b"", whole[: len(whole) // 2], content, whole + b"\0", *flipped):
        path.write_bytes(damaged)
        assert atomic.unseal(path) is None
    path.unlink()
    path.mkdir()
    assert atomic.unseal(path) is None
