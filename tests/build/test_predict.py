import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from build import main
from ferpipe.build import predict
from ferpipe.build.options import Options
from ferpipe.data.dataset import Split
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints
from ferpipe.networks.recipes import Recipe, overfitted, student
from ferpipe.networks.resnet import initialised
from ferpipe.storage import encoding
from ferpipe.training import loop, shipping

CPU = torch.device("cpu")


def split(n, seed):
    rng = np.random.default_rng(seed)
    return Split(rng.integers(0, 256, (n, 48, 48), dtype=np.uint8), np.arange(n) % 7, np.arange(n).astype(str))


TRAIN, DEV = split(35, 0), split(14, 1)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A build's folder with two members, an overfitting model and a student, each trained for an epoch."""
    folder = tmp_path_factory.mktemp("fer2013")
    recipe = Recipe(width=8, epochs=1, batch=16)
    names = {
        "members": ["member-0", "member-1"],
        "overfitted": ["overfitted-0"],
        "balanced": [],
        "student": "student-0",
        "place": "members",
    }
    recipes = (recipe, replace(recipe, seed=1), overfitted(recipe, 20, 1), student(recipe, []))
    for name, one in zip([*names["members"], *names["overfitted"], names["student"]], recipes, strict=True):
        record = {"recipe": {"parameters": one.parameters(), "data": "d"}}
        loop.train(
            one, TRAIN, DEV, folder / "members" / name, record, CPU, teachers=[initialised("imagenet", 8, 0).eval()]
        )
    (folder / "networks.json").write_bytes(encoding.json_bytes(names))
    return folder


@pytest.fixture
def photographs(tmp_path):
    for k in range(3):
        Image.fromarray(DEV.images[k]).save(tmp_path / f"face {k}.png")
    return tmp_path


@pytest.fixture
def artefacts(built, tmp_path):
    """A folder of artefacts in which the networks are those of the run `trial`."""
    (tmp_path / "artefacts/fer2013").mkdir(parents=True)
    (tmp_path / "artefacts/fer2013/members").symlink_to(built / "members")
    run = tmp_path / "artefacts/runs/trial/fer2013"
    run.mkdir(parents=True)
    record = {**json.loads((built / "networks.json").read_bytes()), "place": "../../../fer2013/members"}
    (run / "networks.json").write_bytes(encoding.json_bytes(record))
    return tmp_path / "artefacts"


def named(artefacts, **parts):
    options = Options("predict", artefacts=artefacts, results=artefacts.parent / "results", **parts)
    return [(one.member.name, one.origin) for one in predict.networks(options)]


def test_networks_are_named_by_their_run_and_role(artefacts, built, monkeypatch, tmp_path):
    monkeypatch.setattr(shipping, "PLACE", tmp_path / "nothing")
    both = ["member-0", "member-1"]
    assert named(artefacts, run="trial") == [(name, "run trial") for name in both]
    assert named(artefacts, load=built / "members") == [(name, f"from {built / 'members'}") for name in both]
    assert named(artefacts, run="trial", network="member-1") == [("member-1", "run trial")]
    assert named(artefacts, run="trial", network="student") == [("student-0", "run trial")]
    assert named(artefacts, run="trial", network="all") == [
        (name, "run trial") for name in ("member-0", "member-1", "student-0")
    ]
    with pytest.raises(Slip, match=r"--network other: none such .* ensemble, student, all, member-0, member-1"):
        named(artefacts, run="trial", network="other")
    with pytest.raises(Slip, match=r"no run '\.\./trial'"):
        named(artefacts, run="../trial")
    for network in ("shipped", "ensemble"):
        with pytest.raises(Slip, match="no network to ask"):
            named(artefacts, network=network)
    with pytest.raises(Slip, match="no network to ask"):
        named(artefacts, network="member-1")


def test_the_published_networks_come_first_and_the_shipped_one_stands_in_where_any_is_missing(
    artefacts, built, monkeypatch, tmp_path
):
    monkeypatch.setattr(shipping, "PLACE", tmp_path / "shipped")
    shipping.pack(built / "members", ["member-0", "overfitted-0"], TRAIN, DEV, tmp_path / "shipped/fer2013")
    assert named(artefacts) == [("member-0", "shipped with the package")]
    weights = {p.parent.name: json.loads(p.read_bytes())["weights"] for p in (built / "members").glob("*/recipe.json")}
    networks = {
        name: {"weights": weights[name], "recipe": {"role": role}}
        for name, role in (("member-0", "member"), ("member-1", "member"), ("overfitted-0", "overfitted"))
    }
    record = tmp_path / "results/fer2013/ensemble/recipe.json"
    record.parent.mkdir(parents=True)
    record.write_bytes(encoding.json_bytes({"recipe": {"members": networks}}))
    assert named(artefacts) == [("member-0", "published"), ("member-1", "published")]
    networks["member-1"]["weights"] = "of another training"
    record.write_bytes(encoding.json_bytes({"recipe": {"members": networks}}))
    assert named(artefacts) == [("member-0", "shipped with the package")]


def test_the_shipped_network_to_ask_alone_is_the_student_or_the_best_on_dev(artefacts, built, monkeypatch, tmp_path):
    monkeypatch.setattr(shipping, "PLACE", tmp_path / "shipped")
    shipping.pack(built / "members", ["member-0", "member-1"], TRAIN, DEV, tmp_path / "shipped/fer2013")
    for better in ("member-0", "member-1"):
        for name in ("member-0", "member-1"):
            file = tmp_path / "shipped/fer2013" / name / "recipe.json"
            record = {**encoding.read_json(file), "views_accuracy": 0.6 if name == better else 0.5}
            file.write_bytes(encoding.json_bytes(checkpoints.sealed(file.parent, record)))
        assert named(artefacts, network="shipped") == [(better, "shipped with the package")]
    shipping.pack(built / "members", ["student-0"], TRAIN, DEV, tmp_path / "shipped/fer2013")
    assert named(artefacts, network="shipped") == [("student-0", "shipped with the package")]
    assert [name for name, _ in named(artefacts)] == ["member-0", "member-1"]


def test_a_photograph_gets_seven_probabilities(built, photographs, capsys):
    call = ["predict", str(photographs / "face 1.png"), "--load", str(built / "members"), "--threads", "1"]
    assert main(call) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("face 1: ")]
    found = dict(part.rsplit(" ", 1) for part in line.removeprefix("face 1: ").split("  "))
    assert set(found) == set(EMOTIONS)
    assert sum(float(share.rstrip("%")) for share in found.values()) == pytest.approx(100, abs=0.4)
    ensemble = [checkpoints.load(built / "members" / name) for name in ("member-0", "member-1")]
    probabilities = predict.probabilities(ensemble, DEV.images[1:2], CPU)[0]
    assert next(iter(found)) == EMOTIONS[probabilities.argmax()]
    logits = [member.view_logits[1].astype(float) for member in ensemble]
    wanted = np.mean([np.exp(one) / np.exp(one).sum() for one in logits], 0)
    np.testing.assert_allclose(probabilities, wanted, atol=2e-3)


def test_a_submission_has_a_row_for_each_picture(built, photographs, capsys):
    out = photographs / "out" / "submission.csv"
    out.parent.mkdir()
    call = ["predict", str(photographs), "--load", str(built / "members"), "--threads", "1", "--output", str(out)]
    assert main(call) == 0, capsys.readouterr().err
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["face 0", "face 1", "face 2"]
    assert all(int(row["emotion"]) in range(7) for row in rows)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["nowhere.png"], "nowhere.png: no such file or folder"),
        ([], "wanted IMAGES"),
        (["face 0.png", "--output", "."], "is a folder"),
        (["face 0.png", "--output", "face 1.png/place.csv"], "cannot write"),
        (["face 0.png", "--load", "nowhere"], "no such folder"),
        (["face 0.png", "--network", "member-9"], "--network member-9"),
    ],
)
def test_slips_end_with_status_2_and_write_nothing(built, photographs, monkeypatch, capsys, more, message):
    monkeypatch.chdir(photographs)
    before = sorted(photographs.iterdir())
    call = ["predict", *more, "--threads", "1"]
    call += [] if "--load" in more else ["--load", str(built / "members")]
    assert main(call) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ") and message in last
    assert sorted(photographs.iterdir()) == before


def test_a_field_with_a_comma_is_quoted():
    text = predict.submission(np.array(['a,"b"', "c"]), np.eye(7)[[3, 6]], EMOTIONS)
    assert text.decode() == 'id,emotion\n"a,""b""",3\nc,6\n'
    text = predict.submission(np.array(["a"]), np.eye(2)[[1]], ("oak", "ash, white"))
    assert text.decode() == 'id,class\na,"ash, white"\n'


def test_what_is_packed_answers_in_every_order(built, tmp_path, monkeypatch):
    monkeypatch.setattr(shipping, "PLACE", tmp_path)
    place = tmp_path / "fer2013"
    shipping.pack(built / "members", ["member-1", "overfitted-0"], TRAIN, DEV, place)
    packed, whole = checkpoints.load(place / "member-1"), checkpoints.load(built / "members" / "member-1")
    assert np.array_equal(packed.margins, whole.margins, equal_nan=True)
    assert checkpoints.load(place / "overfitted-0").weights is None
    right = (whole.view_logits.argmax(1) == DEV.labels).mean()
    assert encoding.read_json(place / "member-1/recipe.json")["views_accuracy"] == right
    wanted = predict.probabilities([whole], DEV.images, CPU)
    np.testing.assert_allclose(predict.probabilities([packed], DEV.images, CPU), wanted, atol=5e-3)  # float16
    order = np.random.default_rng(0).permutation(len(DEV))
    another = np.random.default_rng(1).permutation(len(TRAIN))
    (turned,) = shipping.aligned([whole], place, DEV.images[order], part(TRAIN, another))
    assert np.array_equal(turned.dev_logits, whole.dev_logits[order])
    assert np.array_equal(turned.view_logits, whole.view_logits[order])
    assert np.array_equal(turned.margins, whole.margins[another], equal_nan=True)
    for others in (None, replace(TRAIN, labels=(TRAIN.labels + 1) % 7)):
        (turned,) = shipping.aligned([whole], place, DEV.images[order], others)
        assert turned.margins is None, "margins of other faces, or in an order that is not known"
    with pytest.raises(Slip, match="1 of the 14 dev faces are not those"):
        shipping.aligned([whole], place, np.concatenate([DEV.images[:13], 255 - DEV.images[:1]]))
    with pytest.raises(Slip, match="no network member-7 there"):
        shipping.pack(built / "members", ["member-7"], TRAIN, DEV, place)
    with pytest.raises(Slip, match="know other dev faces"):
        shipping.pack(built / "members", ["member-0"], TRAIN, replace(DEV, images=DEV.images[::-1]), place)


def part(faces, order):
    return Split(faces.images[order], faces.labels[order], faces.names[order])


def test_margins_follow_equal_faces_of_different_labels_and_only_those_that_were_learned(built, tmp_path, monkeypatch):
    monkeypatch.setattr(shipping, "PLACE", tmp_path)
    twice = part(TRAIN, [*range(len(TRAIN) - 1), 0])  # the first face once more, where the last one was
    twice.labels[-1] = (twice.labels[0] + 1) % 7
    shipping.pack(built / "members", ["member-1"], twice, DEV, tmp_path / "fer2013")
    packed = checkpoints.load(tmp_path / "fer2013/member-1")
    packed = replace(packed, margins=np.arange(len(TRAIN)).astype(np.float16))
    order = np.arange(len(TRAIN))[::-1]
    (turned,) = shipping.aligned([packed], tmp_path / "fer2013", DEV.images, part(twice, order))
    assert turned.margins.tolist() == order.tolist()
    with pytest.raises(Slip, match="know other train faces"):
        shipping.pack(built / "members", ["member-0"], TRAIN, DEV, tmp_path / "fer2013")


def test_a_folder_may_hold_several_students(built, tmp_path):
    shutil.copytree(built / "members", tmp_path / "members")
    shutil.copytree(built / "members/student-0", tmp_path / "members/student-0-other")
    both, members = ["student-0", "student-0-other"], ["member-0", "member-1"]
    for network, names in {"student": both, "ensemble": members, both[1]: both[1:]}.items():
        asked = predict.networks(Options("predict", load=tmp_path / "members", network=network))
        assert [one.member.name for one in asked] == names


def test_a_packed_network_takes_the_place_of_the_one_with_its_role_and_seed(built, tmp_path, monkeypatch):
    monkeypatch.setattr(shipping, "PLACE", tmp_path)
    place, members = tmp_path / "fer2013", built / "members"

    def asked(name="ensemble"):
        return [one.member.name for one in predict.of_package(name)]

    shipping.pack(members, ["member-0", "member-1"], TRAIN, DEV, place)
    assert asked() == ["member-0", "member-1"] and asked("shipped") == ["member-0"]
    shipping.pack(members, ["student-0"], TRAIN, DEV, place)
    assert asked() == ["member-0", "member-1"] and asked("shipped") == ["student-0"]
    (tmp_path / "later").mkdir()
    shutil.copytree(members / "member-1", tmp_path / "later/member-1-anew")
    shipping.pack(tmp_path / "later", ["member-1-anew"], TRAIN, DEV, place)
    assert asked() == ["member-0", "member-1-anew"]
    assert sorted(path.name for path in place.iterdir()) == [
        "dev.npy",
        "member-0",
        "member-1-anew",
        "student-0",
        "train.npy",
    ]
