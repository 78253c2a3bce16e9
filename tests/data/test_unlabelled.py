import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from ferpipe.data import unlabelled
from ferpipe.errors import Slip


def picture(value, size=(48, 48), mode="L"):
    buffer = io.BytesIO()
    Image.new(mode, size, value).save(buffer, "PNG")
    return buffer.getvalue()


def written(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else picture(content))
    return folder


DATASET = {"train/happy/Training_1.png": 1, "test/happy/PublicTest_2.png": 2, "unlabelled/PrivateTest_3.png": 3}
ROW = " ".join(["7"] * 2304)


def test_a_photograph_is_made_grey_and_square(tmp_path):
    (tmp_path / "me.png").write_bytes(picture((250, 0, 0), (300, 100), "RGB"))
    split, converted = unlabelled.load(tmp_path / "me.png")
    assert split.names.tolist() == ["me"] and converted == 1 and split.labels is None
    assert split.images.shape == (1, 48, 48) and np.ptp(split.images) == 0


def test_of_a_data_set_the_unlabelled_pictures_are_taken(tmp_path):
    split, converted = unlabelled.load(written(tmp_path, DATASET))
    assert split.names.tolist() == ["PrivateTest_3"] and split.images.max() == 3 and converted == 0


def test_in_the_full_release_these_are_private_tests(tmp_path):
    files = {"train/sad/Training_1.png": 1, "test/sad/PublicTest_2.png": 2, "test/sad/PrivateTest_4.png": 4}
    assert unlabelled.load(written(tmp_path, files))[0].names.tolist() == ["PrivateTest_4"]


def test_a_zip_and_a_plain_folder_give_all_of_theirs(tmp_path):
    files = {"b.png": 2, "a.png": 1, "more/c.png": 3}
    folder = written(tmp_path / "f", files)
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        for name, value in files.items():
            archive.writestr(name, picture(value))
    for path in (folder, tmp_path / "f.zip"):
        split, _ = unlabelled.load(path)
        assert dict(zip(split.names.tolist(), split.images[:, 0, 0].tolist(), strict=True)) == {"a": 1, "b": 2, "c": 3}


def test_rows_are_numbered_from_0_as_they_stand(tmp_path):
    (tmp_path / "test.csv").write_text(f"pixels\n{ROW}\n{ROW}\n")
    assert unlabelled.load(tmp_path / "test.csv")[0].names.tolist() == ["0", "1"]
    (tmp_path / "fer2013.csv").write_text(f"emotion,pixels,Usage\n3,{ROW},Training\n4,{ROW},PrivateTest\n")
    assert unlabelled.load(tmp_path / "fer2013.csv")[0].names.tolist() == ["1"]
    (tmp_path / "train.csv").write_text(f"emotion,pixels\n3,{ROW}\n4,{ROW}\n")
    assert unlabelled.load(tmp_path / "train.csv")[0].names.tolist() == ["0", "1"]
    (tmp_path / "fer2013.csv").unlink()
    assert unlabelled.load(tmp_path)[0].names.tolist() == ["0", "1"]  # of train.csv and test.csv, the latter


def test_two_pictures_of_one_name_are_told_apart_by_their_endings_or_folders(tmp_path):
    files = {"a/x.png": 1, "b/x.png": 2, "b/y.png": 3, "b/y.bmp": 4, "z.png": 5}
    split, _ = unlabelled.load(written(tmp_path, files))
    assert split.names.tolist() == ["a/x.png", "b/x.png", "y.bmp", "y.png", "z"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no picture"),
        ({"a.png": b"text"}, "a.png is no picture"),
        ({"a.csv": b"pixels\n1 2\n", "b.csv": b"pixels\n1 2\n"}, "name one"),
        ({"train/happy/Training_1.png": 1}, "no unlabelled picture"),
    ],
)
def test_nothing_to_look_at_is_a_slip(tmp_path, files, message):
    with pytest.raises(Slip, match=message):
        unlabelled.load(written(tmp_path, files))
