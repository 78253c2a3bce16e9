import pytest

from ferpipe.text import memo


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(memo, "_KNOWN", {})


def test_a_piece_is_made_once_for_each_kind_and_text():
    made = []
    for kind, text in [("block", "a"), ("block", "a"), ("inline", "a"), ("block", "b")]:
        found = memo.once(kind, text, lambda kind=kind, text=text: made.append((kind, text)) or kind + text)
        assert found == kind + text
    assert made == [("block", "a"), ("inline", "a"), ("block", "b")]


def test_what_fails_is_not_remembered():
    with pytest.raises(ZeroDivisionError):
        memo.once("block", "a", lambda: 1 / 0)
    assert memo.once("block", "a", lambda: 1) == 1


def test_a_flipped_bit_or_another_writer_is_forgotten(tmp_path):
    file = tmp_path / "texts.bin"
    memo.once("block", "a", lambda: "<p>a</p>")
    memo.keep(file, "code", 0)
    whole = file.read_bytes()
    for content, made_by, known in [
        (whole, "code", 1),
        (whole, "other", 0),
        (whole[:-9] + b"x" + whole[-8:], "code", 0),
    ]:
        memo._KNOWN.clear()
        file.write_bytes(content)
        assert memo.recall(file, made_by) == known == len(memo._KNOWN)


def test_of_too_many_pieces_none_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(memo, "MOST", 2)
    for text in "abc":
        memo.once("block", text, str)
    memo.keep(tmp_path / "texts.bin", "code", 0)
    assert memo._KNOWN == {} and not (tmp_path / "texts.bin").exists()
