import io
import json
import os
import random
import struct
import subprocess
import sys
import zipfile
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ferpipe.data import pictures, reading, sources, tables, trees
from ferpipe.data.dataset import Dataset
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.errors import Slip

SHARED = Path(__file__).parents[2].parent / "shared" / "fer2013"


def face(value, side=48):
    """A gradient that no two values share."""
    rows, columns = np.mgrid[:side, :side]
    return ((rows * 2 + columns + 13 * value) % 256).astype(np.uint8)


def encoded(image, form="PNG", **options):
    buffer = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(buffer, form, **options)
    return buffer.getvalue()


def picture(value=0):
    return encoded(face(value))


def tree(train=3, dev=1, emotions=EMOTIONS):
    """Names and bytes in the layout of the image release."""
    files = {}
    for label, emotion in enumerate(emotions):
        files |= {f"train/{emotion}/Training_{9 - i}{label}.png": picture(10 * label + i) for i in range(train)}
        files |= {f"test/{emotion}/PublicTest_{i}{label}.png": picture(100 + 10 * label + i) for i in range(dev)}
    return files


def write_folder(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def pixels(value):
    return " ".join(map(str, face(value).ravel()))


def table(usages=("Training", "Training", "PublicTest"), header="emotion,pixels,Usage"):
    """A table whose row i has label i % 7 and face(i)."""
    lines = [header]
    for row in range(7 * len(usages)):
        cells = {"emotion": row % 7, "pixels": pixels(row), "usage": usages[row // 7]}
        lines.append(",".join(str(cells[name.strip().lower()]) for name in header.split(",")))
    return "\n".join(lines) + "\n"


def slip(path, *needles):
    """The message of the slip that loading makes: one line, with the file's name and all needles."""
    with pytest.raises(Slip) as caught:
        reading.load(path, 0)
    message = str(caught.value)
    assert message.isprintable() and len(message) < 700
    for needle in (path.name, *needles):
        assert needle in message, message
    return message


def same(a, b):
    assert len(a) == len(b)
    np.testing.assert_array_equal(a.images, b.images)
    np.testing.assert_array_equal(a.labels, b.labels)


# Forms


@pytest.mark.parametrize("wrapper", ["", "archive/", "a/Test/b/"])
def test_a_zip_and_a_folder_of_pictures_give_the_same(tmp_path, wrapper):
    files = {wrapper + name: content for name, content in tree().items()}
    files |= {f"{wrapper}unlabelled/PrivateTest_{i}.png": picture(i) for i in (2, 1)}
    zipped = reading.load(write_zip(tmp_path / "x.zip", dict(reversed(files.items()))), 0)
    folder = reading.load(write_folder(tmp_path / "x", files), 0)
    for one in (zipped, folder):
        assert (one.name, one.restricted, len(one.train), len(one.dev), len(one.test)) == ("fer2013", True, 21, 7, 2)
        assert one.test.labels is None and one.test.names.tolist() == ["PrivateTest_1", "PrivateTest_2"]
        assert one.train.images.dtype == np.uint8 and one.train.images.shape == (21, 48, 48)
        assert one.train.labels.dtype == np.int64
        assert one.train.names.tolist() == sorted(one.train.names.tolist())
        first = one.train.names.tolist().index("Training_90")  # angry, which sorts before disgust as in FER2013
        np.testing.assert_array_equal(one.train.images[first], face(0))
        assert all(int(name[-1]) == label for name, label in zip(one.train.names, one.train.labels, strict=True))
    same(zipped.train, folder.train)
    expected = {
        "source": "x.zip", "form": "zip of pictures", "pictures": 30, "converted": 0, "dev_held_out": False,
        "missing_classes": {"train": [], "dev": []}, "test_labels": False,
    }  # fmt: skip
    assert zipped.notes == expected
    assert folder.notes == expected | {"source": "x", "form": "folder of pictures"}
    json.dumps(zipped.notes)


def test_the_full_release_tells_dev_and_test_by_file_name(tmp_path):
    files = tree() | {
        f"test/{emotion}/PrivateTest_{label}.png": picture(label) for label, emotion in enumerate(EMOTIONS)
    }
    dataset = reading.load(write_zip(tmp_path / "x.zip", files), 0)
    assert (len(dataset.train), len(dataset.dev), len(dataset.test)) == (21, 7, 7)
    assert dataset.test.labels.tolist() == list(range(7)) and dataset.notes["test_labels"]


def test_test_labels_are_dropped_when_one_is_missing(tmp_path):
    files = tree() | {"test/sad/PrivateTest_1.png": picture(), "unlabelled/PrivateTest_2.png": picture()}
    dataset = reading.load(write_folder(tmp_path / "x", files), 0)
    assert len(dataset.test) == 2 and dataset.test.labels is None


@pytest.mark.parametrize(
    "emotions",
    [
        [name.upper() for name in EMOTIONS],
        list("0123456"),
        ["anger", "Disgusted", "fearful", "happiness", "sadness", "surprised", "Neutral"],
    ],
)
def test_emotion_folders_may_be_called_otherwise(tmp_path, emotions):
    same(
        reading.load(write_folder(tmp_path / "x", tree(emotions=emotions)), 0).train,
        reading.load(write_folder(tmp_path / "y", tree()), 0).train,
    )


def test_any_file_name_will_do_and_test_is_then_dev(tmp_path):
    files = {
        f"{split}/{emotion}/im{i}.png": picture(i)
        for split in ("Train", "test")
        for emotion in EMOTIONS
        for i in (0, 1)
    }
    dataset = reading.load(write_folder(tmp_path / "x", files), 0)
    assert (len(dataset.train), len(dataset.dev), dataset.test) == (14, 14, None)
    files |= {f"validation/{emotion}/im.png": picture() for emotion in EMOTIONS}
    dataset = reading.load(write_folder(tmp_path / "x", files), 0)
    assert (len(dataset.dev), len(dataset.test)) == (7, 14)


@pytest.mark.parametrize("prefix", ["train/", ""])
def test_without_dev_a_stratified_tenth_of_train_is_held_out(tmp_path, prefix):
    counts = (20, 1, 10, 40, 30, 4, 0)
    files = {f"{prefix}{EMOTIONS[c]}/{c}-{i}.png": picture(c + i) for c, n in enumerate(counts) for i in range(n)}
    path = write_zip(tmp_path / "x.zip", files)
    one, two, other = (reading.load(path, seed) for seed in (0, 0, 1))
    assert np.bincount(one.dev.labels, minlength=6).tolist() == [2, 0, 1, 4, 3, 1]
    assert (one.name, one.classes, one.shows) == ("x", EMOTIONS[:6], "face")  # its files are not called as FER2013's
    assert sorted([*one.train.names, *one.dev.names]) == sorted(name[:-4].rsplit("/", 1)[-1] for name in files)
    assert one.dev.names.tolist() == two.dev.names.tolist() != other.dev.names.tolist()
    assert one.notes["dev_held_out"] and one.notes["missing_classes"] == {
        "train": [],
        "dev": ["disgust"],
    }


def test_what_is_no_picture_is_passed_over_and_equal_names_are_fine(tmp_path):
    ignored = ("Thumbs.db", "README", "__MACOSX/train/sad/._a.png", "train/sad/.DS_Store", "train/._b.jpg")
    junk = dict.fromkeys(ignored, b"junk")
    files = tree() | junk | {"train/sad/Training_90.png": picture(), "train/sad/": b""}
    assert len(reading.load(write_zip(tmp_path / "x.zip", files), 0).train) == 22


def test_a_link_back_up_does_not_loop(tmp_path):
    write_folder(tmp_path / "x", tree())
    os.symlink(tmp_path / "x", tmp_path / "x" / "train" / "sad" / "again")
    assert len(reading.load(tmp_path / "x", 0).train) == 21


@pytest.mark.parametrize(
    "header", ["emotion,pixels,Usage", "emotion, Usage, pixels", "USAGE,Pixels , Emotion", "\ufeffemotion,pixels,Usage"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_may_order_its_columns_as_it_likes(tmp_path, header, end):
    text = table(("Training", "Training", "PublicTest", "PrivateTest"), header.removeprefix("\ufeff"))
    text = text.replace(text.split("\n")[0], header).replace("\n", end)
    path = tmp_path / "any.csv"
    path.write_bytes(text.encode())
    dataset = reading.load(path, 0)
    assert (len(dataset.train), len(dataset.dev), len(dataset.test)) == (14, 7, 7)
    np.testing.assert_array_equal(dataset.train.images[8], face(8))
    assert dataset.train.labels.tolist() == [*range(7), *range(7)]
    assert dataset.dev.names.tolist() == [str(row) for row in range(14, 21)]
    assert dataset.test.labels.tolist() == list(range(7))
    assert dataset.notes["form"] == "CSV" and dataset.notes["test_labels"] and dataset.notes["source"] == "any.csv"


@pytest.mark.parametrize("zipped", [True, False])
def test_train_csv_takes_test_csv_beside_it_as_the_unlabelled_test_split(tmp_path, zipped):
    files = {
        "a/train.csv": table(("x",) * 3, "emotion,pixels").encode(),
        "a/test.csv": f"pixels\n{pixels(3)}\n".encode(),
    }
    path = (write_zip if zipped else write_folder)(tmp_path / ("x.zip" if zipped else "x"), files)
    dataset = reading.load(path, 0)
    assert (len(dataset.train), len(dataset.dev), len(dataset.test)) == (14, 7, 1)
    assert dataset.test.labels is None and dataset.test.names.tolist() == ["0"]
    np.testing.assert_array_equal(dataset.test.images[0], face(3))
    assert dataset.notes["dev_held_out"]


def test_a_file_that_is_named_is_taken_alone(tmp_path):
    write_folder(tmp_path, {"train.csv": table(("x",) * 3, "emotion,pixels").encode(), "test.csv": b"junk"})
    assert reading.load(tmp_path / "train.csv", 0).test is None


def test_of_the_contests_files_the_one_that_holds_all_is_taken(tmp_path):
    files = {
        "train.csv": b"",
        "test.csv": b"",
        "example_submission.csv": b"id,emotion\n",
        "icml_face_data.csv": table().encode(),
    }
    assert len(reading.load(write_folder(tmp_path, files), 0).dev) == 7


def test_quotes_blank_lines_and_withheld_test_labels_are_read(tmp_path):
    text = table().replace("\n", "\n\n") + f'\n"","{pixels(1)}"," PrivateTest"\n3,"{pixels(5)}",Training'
    path = tmp_path / "x.csv"
    path.write_text(text)
    dataset = reading.load(path, 0)
    assert len(dataset.test) == 1 and dataset.test.labels is None and dataset.test.names.tolist() == ["21"]
    np.testing.assert_array_equal(dataset.train.images[-1], face(5))


def test_progress_counts_every_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "BATCH", 8)
    told = []
    reading.load(write_folder(tmp_path / "x", tree()), 0, told.append)
    assert told == [8, 8, 8, 4]


# Conversions


def exif(orientation):
    tags = Image.Exif()
    tags[pictures.ORIENTATION] = orientation
    return tags


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (encoded(Image.fromarray(face(1)).convert("RGB")), face(1)),
        (encoded(Image.fromarray(face(1)).convert("RGBA")), face(1)),
        (encoded(Image.fromarray(face(1)).convert("LA")), face(1)),
        (encoded(Image.fromarray(face(1)).convert("P")), face(1)),
        (encoded(Image.fromarray(face(1).astype(np.uint16) * 257)), face(1)),
        (encoded(Image.new("RGBA", (48, 48), (9, 9, 9, 0))), np.full((48, 48), 255)),
        (encoded(Image.new("L", (48, 48), 7), transparency=7), np.full((48, 48), 255)),
        (encoded(Image.new("1", (48, 48), 1)), np.full((48, 48), 255)),
        (encoded(Image.new("CMYK", (48, 48), (0, 0, 0, 0)), "JPEG"), np.full((48, 48), 255)),
        (encoded(np.kron(face(1), np.ones((4, 4), np.uint8))), None),
        (encoded(np.pad(face(1), ((0, 0), (30, 30)))), face(1)),
        (encoded(face(1), exif=exif(6)), np.rot90(face(1), -1)),
        (encoded(Image.fromarray(face(1)), "TIFF"), None),
        (encoded(Image.new("L", (5, 300), 40)), np.full((48, 48), 40)),
    ],
)
def test_pictures_of_other_kinds_become_grey_48x48(content, expected):
    image, converted = pictures.decode(content, "x")
    assert image.shape == (48, 48) and image.dtype == np.uint8
    assert converted == (not content.startswith(b"II"))
    if expected is not None:
        np.testing.assert_array_equal(image, expected)


def test_shrinking_keeps_the_mean_and_does_not_alias():
    board = np.indices((480, 480)).sum(0) % 2 * 255
    image, _ = pictures.decode(encoded(board.astype(np.uint8)), "x")
    assert np.abs(image.astype(int) - 127).max() <= 2


def test_conversions_are_counted(tmp_path):
    files = tree() | {"train/sad/Training_c.png": encoded(Image.new("RGB", (60, 50), "red"))}
    assert reading.load(write_folder(tmp_path / "x", files), 0).notes["converted"] == 1


# Faults of places


def test_nothing_there(tmp_path):
    slip(tmp_path / "nowhere", "no such file", "wanted")
    with pytest.raises(Slip, match="no such file"):
        reading.signature(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("files", "needles"),
    [
        ({}, ["neither pictures nor CSV"]),
        ({"inner.zip": b""}, ["neither pictures nor CSV", "inner.zip itself"]),
        ({"a.csv": b"", "b.csv": b""}, ["'a.csv', 'b.csv'", "fer2013.csv"]),
        ({"shots/a.png": picture()}, ["all 1 training pictures are 'shots'", "two classes"]),
        ({"train/a.png": picture()}, ["'train/a.png'", "no folder of a class", "train/<class>"]),
        ({"train/bored/a.png": b"", "test/\x1b[31m\n/a.png": b""}, [r"'\x1b[31m\n' is no name for a class"]),
        (tree(train=0), ["no labelled training", "0 train, 7 dev"]),
        ({"unlabelled/a.png": picture()}, ["no labelled training", "1 test"]),
        (tree(emotions=["happy"]), ["all 3 training pictures are 'happy'", "two classes"]),
        ({"train/sad/a.png": picture(), "train/fear/a.png": picture()}, ["leave none for dev"]),
        (tree() | {"train/sad/z.jpg": b""}, ["train/sad/z.jpg is empty", "take it out"]),
        (tree() | {"train/sad/z.jpg": b"hello"}, ["train/sad/z.jpg is no picture"]),
        (tree() | {"train/sad/z\r\n.jpg": b"hello"}, [r"z\r\n.jpg is no picture"]),
        (tree() | {"train/sad/z.jpg": encoded(face(3, 200), "JPEG")[:3000]}, ["z.jpg is damaged (image file is tr"]),
        (tree() | {"train/sad/z.png": picture()[:-30]}, ["z.png is damaged"]),
        (tree() | {"train/sad/z.tif": encoded(Image.new("F", (48, 48)), "TIFF")}, ["z.tif", "floating-point"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("zipped", [True, False])
def test_trees_that_cannot_be_used(tmp_path, files, needles, zipped):
    if zipped and "inner.zip" in files:
        needles = needles[:1]
    path = (write_zip if zipped else write_folder)(tmp_path / ("x.zip" if zipped else "x"), files)
    path.mkdir(exist_ok=True) if not files and not zipped else None
    slip(path, *needles)


def png_header(width, height):
    """A PNG that claims a size and holds nothing."""
    chunks = b"\x89PNG\r\n\x1a\n"
    for kind, data in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ):
        chunks += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return chunks


@pytest.mark.parametrize("side", [7_100, 10_000, 60_000, 2_000_000_000])
def test_absurd_dimensions_are_refused_before_decoding(side):
    with pytest.raises(Slip, match=r"^z\.png (has|is)"):
        pictures.decode(png_header(side, side), "z.png")


@pytest.mark.parametrize(
    ("name", "content", "needle"),
    [
        ("x.zip", b"", "no zip file"),
        ("x.zip", b"hello", "no zip file"),
        ("x.zip", write_zip(io.BytesIO(), tree(1)).getvalue()[:-200], "no zip file"),
        ("x.tar.gz", b"\x1f\x8b", "unpack it"),
        ("x.npy", b"\x93NUMPY", "neither a zip nor"),
        ("x", picture(), "is a PNG picture without its ending: rename it to x.png"),
        ("x", b"train/" + bytes(251) + b"ustar\0", "it is a tar archive; unpack it"),
        ("x", b"", "it is empty"),
        ("x.heic", b"\0\0\0\x18ftypheic", "is a HEIC picture, which is not read here; save it as JPEG"),
    ],
)
def test_files_that_are_no_zip(tmp_path, name, content, needle):
    (tmp_path / name).write_bytes(content)
    slip(tmp_path / name, needle)


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "train/../../x.png", "..\\x.png", "C:\\x.png"])
def test_a_zip_with_names_that_point_outside_is_refused(tmp_path, name):
    slip(write_zip(tmp_path / "x.zip", tree() | {name: picture()}), "points outside", "x.png")


def test_a_zip_of_zeros_or_long_names_is_refused(tmp_path):
    slip(write_zip(tmp_path / "x.zip", tree() | {"train/sad/z.png": bytes(2 << 20)}), "2,097,152 bytes", "z.png")
    slip(write_zip(tmp_path / "y.zip", tree() | {f"train/sad/{'z' * 300}.png": b""}), "more than 255 characters")


def test_a_zip_that_would_unpack_to_gigabytes_is_refused(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "x.zip", tree())
    monkeypatch.setattr(sources, "TOTAL_LIMIT", 1000)
    slip(path, "would unpack to 28 files", "1,000 bytes")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_picture_file_that_is_too_large_is_refused(tmp_path, monkeypatch, zipped):
    monkeypatch.setattr(sources, "PICTURE_LIMIT", 5000)
    files = tree() | {"train/sad/z.png": np.random.default_rng(0).bytes(5001)}
    slip((write_zip if zipped else write_folder)(tmp_path / "x.zip", files), "z.png has 5,001 bytes")


def test_a_member_longer_or_shorter_than_declared_is_refused(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"train/sad/z.png": b"a" * 900})
    content = path.read_bytes().replace(struct.pack("<I", 900), struct.pack("<I", 90))
    path.write_bytes(content)
    slip(path, "z.png cannot be read (Bad CRC-32")


def test_an_encrypted_member_and_a_foreign_compression_are_refused(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"train/sad/z.png": picture()})
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[at + 8] |= 1
    path.write_bytes(content)
    slip(path, "encrypted", "z.png")
    content[6] = content[at + 8] = 0
    content[8] = content[at + 10] = 97
    path.write_bytes(content)
    slip(path, "z.png cannot be read")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_zip_gives_a_slip_or_a_data_set(tmp_path, data):
    content = bytearray(write_zip(io.BytesIO(), tree(2) | {"a.csv": b"junk"}).getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "x.zip").write_bytes(content)
    loads_or_slips(tmp_path / "x.zip")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM"]), st.data())
def test_a_damaged_picture_gives_a_slip_or_pixels(form, data):
    content = bytearray(encoded(face(1), form))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, min(len(content), 400) - 1))] = data.draw(st.integers(0, 255))
    try:
        image, _ = pictures.decode(bytes(content), "x")
    except Slip as error:
        assert str(error).isprintable()
    else:
        assert image.shape == (48, 48) and image.dtype == np.uint8


# Faults of tables


def row(label=0, cells=None, usage="Training"):
    return f"{label},{pixels(0) if cells is None else cells},{usage}\n"


ZEROS = "0 " * 2303


@pytest.mark.parametrize(
    ("added", "needles"),
    [
        (row(cells="1 2 3"), ["3 pixels", "2,304 (48x48)"]),
        (row(cells=ZEROS + "0 0"), ["2,305 pixels"]),
        (row(cells=""), ["0 pixels"]),
        (row(label=7), ["emotion is '7'", "0 (angry) to 6"]),
        (row(label=-1), ["emotion is '-1'"]),
        (row(label="x"), ["emotion is 'x'"]),
        (row(label=""), ["emotion is ''"]),
        (row(label="1.5"), ["emotion is '1.5'"]),
        (row(cells=ZEROS + "300"), ["pixel 2,304 is '300'", "0 to 255"]),
        (row(cells=ZEROS + "-1"), ["pixel 2,304 is '-1'"]),
        (row(cells=ZEROS + "1000"), ["is '1000'"]),
        (row(cells=ZEROS + "9" * 5000), ["pixel 2,304 is '999"]),
        (row(cells="abc " + ZEROS), ["pixel 1 is 'abc'"]),
        (row(cells="1.0 " + ZEROS), ["pixel 1 is '1.0'"]),
        (row(cells="\x1b[2J " + ZEROS), [r"pixel 1 is '\x1b[2J'"]),
        (row(cells="٣ " + ZEROS), ["pixel 1 is '٣'"]),
        (row(usage="Train"), ["Usage is 'Train'", "PublicTest"]),
        ("1,2\n", ["2 fields", "3"]),
        (row().strip() + ",more\n", ["4 fields"]),
        (row(label='"0'), ["quotes"]),
        (row().replace("Training", "Train\0ing"), ["NUL"]),
        (b"\xff\xfe\x00", ["byte 1 is 0xff", "UTF-8"]),
        ("1" * 70_000, ["longer than 65,536 bytes"]),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path, added, needles):
    path = tmp_path / "x.csv"
    path.write_bytes(table().encode() + b"\n" + (added if isinstance(added, bytes) else added.encode()))
    slip(path, "x.csv, line 24: ", *needles)


@pytest.mark.parametrize(
    ("content", "needle"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"emotion,pixels,Usage\n", "has a header but no rows"),
        (table().split("\n", 1)[1].encode(), "line 1: the header is '0,0 1 2"),
        (b"emotion,pixels,pixels\n", "'pixels' twice"),
        (b"emotion;pixels;Usage\n", "the header is 'emotion;pixels;Usage'"),
        (table().encode("utf-16"), "line 1: byte 1 is 0xff"),
        (bytes(range(256)) * 9, "line 1: it holds NUL"),
        (b"\x93NUMPY" * 9, "line 1: byte 1 is 0x93"),
        (f"pixels\n{pixels(0)}\n".encode(), "no labelled training pictures (0 train, 0 dev, 1 test)"),
        (f"emotion,pixels\n{row().rsplit(',', 1)[0]}\n".encode() * 1, "all 1 training pictures are 'angry'"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_tables_that_cannot_be_used(tmp_path, content, needle, zipped):
    files = {"x.csv": content}
    slip(write_zip(tmp_path / "x.zip", files) if zipped else write_folder(tmp_path, files) / "x.csv", needle)


def test_a_damaged_table_in_a_zip_is_named(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"fer2013.csv": table().encode()})
    content = bytearray(path.read_bytes())
    content[2000:2100] = bytes(100)
    path.write_bytes(content)
    slip(path, "fer2013.csv")


def loads_or_slips(path):
    try:
        assert isinstance(reading.load(path, 0), Dataset)
    except Slip as error:
        assert str(error).isprintable()


CELLS = st.one_of(
    st.text(max_size=8), st.integers(-2, 9).map(str), st.sampled_from(["Training", "PrivateTest", '"', ZEROS + "1"])
)
LINES = st.lists(CELLS, max_size=5).map(",".join)
TEXTS = st.tuples(
    st.sampled_from(["emotion,pixels,Usage", "pixels", '"emotion" , pixels', ""]), st.lists(LINES, max_size=5)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), TEXTS.map(lambda parts: "\n".join([parts[0], *parts[1]]).encode())))
def test_any_table_gives_a_slip_or_a_data_set(tmp_path, content):
    (tmp_path / "x.csv").write_bytes(content)
    loads_or_slips(tmp_path / "x.csv")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=1, max_size=30), st.sampled_from([" ", "  ", "\t"]))
def test_the_fast_reading_of_numbers_equals_int(values, gap):
    values = np.resize(values, tables.PIXELS)
    assert tables._pixels(gap.join(map(str, values))) == bytes(values.tolist())


# Identity


def test_the_signature_follows_the_source(tmp_path):
    folder, archive = write_folder(tmp_path / "x", tree()), write_zip(tmp_path / "x.zip", tree())
    of_folder, of_zip = reading.signature(folder), reading.signature(archive)
    (folder / "notes.txt").write_text("not data")
    assert reading.signature(folder) == of_folder != of_zip == reading.signature(archive)
    (folder / "train/sad/new.png").write_bytes(picture())
    assert reading.signature(folder) != of_folder
    with archive.open("ab") as file:
        file.write(b" ")
    assert reading.signature(archive) != of_zip


def test_names_that_are_not_utf8_are_made_so(tmp_path):
    folder = write_folder(tmp_path / "x", tree())
    try:
        os.rename(
            os.fsencode(folder / "train/sad/Training_94.png"), os.fsencode(folder / "train/sad") + b"/Training_\xff.png"
        )
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert reading.signature(folder)
    assert r"Training_\udcff" in reading.load(folder, 0).train.names.tolist()


# The development copy of FER2013, where it is there

HERE = all((SHARED / name).exists() for name in ("archive.zip", "make_csv.py"))
shared = pytest.mark.skipif(not HERE, reason="FER2013 is not here")


@shared
def test_the_image_release_has_its_counts():
    with sources.opened(SHARED / "archive.zip") as source:
        files = [entry.name for entry in source.entries]
        places = trees.moved(trees.places(files, source.title), files)
    splits = [reading.split_of(place, has_dev=True) for place in places]
    found = {split: splits.count(split) for split in ("train", "dev", "test")}
    assert found == {"train": 28_709, "dev": 3_589, "test": 3_589}
    counts = Counter(place.label for place in places if place.split == "train")
    assert [counts[name] for name in EMOTIONS] == [3995, 436, 4097, 7215, 4830, 3171, 4965]


@shared
@pytest.mark.parametrize("variant", ["fer2013", "icml", "kaggle"])
def test_the_csv_files_hold_what_the_zip_holds(tmp_path, variant):
    command = [sys.executable, str(SHARED / "make_csv.py"), variant, str(tmp_path / "csv"), "--limit", "20"]
    subprocess.run(command, check=True, timeout=60)
    dataset = reading.load(tmp_path / "csv", 0)
    zipped = reading.load(first_of_each_folder(tmp_path / "x.zip", 20), 0)
    assert zipped.notes["converted"] == 0
    if variant == "kaggle":  # its dev pictures come from train, its test pictures from dev and test
        assert dataset.notes["dev_held_out"] and dataset.test.labels is None
        assert by_class(dataset.train) + by_class(dataset.dev) == by_class(zipped.train)
        assert set(map(bytes, dataset.test.images)) == set(map(bytes, [*zipped.dev.images, *zipped.test.images]))
    else:
        assert by_class(dataset.train) == by_class(zipped.train) and by_class(dataset.dev) == by_class(zipped.dev)


def by_class(split):
    return Counter(zip(split.labels.tolist(), map(bytes, split.images), strict=True))


def first_of_each_folder(path, count):
    """The pictures that make_csv.py takes with --limit, as a zip."""
    chosen = defaultdict(list)
    with zipfile.ZipFile(SHARED / "archive.zip") as archive:
        names = archive.namelist()
        random.Random(0).shuffle(names)
        for name in names:
            chosen[name.rsplit("/", 1)[0]].append(name)
        return write_zip(path, {name: archive.read(name) for every in chosen.values() for name in every[:count]})
