"""Where a build writes: nothing that was there before is gone or another file, and what cannot work is told first."""

import errno
import json
import os
import socket
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest
from clones import ROOT, build_here, contents, places, well
from PIL import Image

import build
from ferpipe.build import layout, pipeline
from ferpipe.build.options import Options
from ferpipe.errors import Slip
from ferpipe.storage import atomic
from ferpipe.storage import places as lists


def test_only_what_a_list_names_is_replaced_or_removed(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert lists.write(tmp_path, {"a/b.txt": b"1", "c.txt": b"2"}, "page") == ["a/b.txt", "c.txt", lists.LIST]
    (tmp_path / "a/mine.txt").write_text("mine")
    assert lists.write(tmp_path, {"c.txt": b"3"}, "page") == ["c.txt", "a/b.txt", lists.LIST]
    assert lists.listed(tmp_path, "page") == {"c.txt"}
    found = {path.removeprefix(f"{tmp_path}/"): content for path, content in contents(tmp_path).items()}
    found.pop(lists.LIST)
    assert found == {"notes.txt": b"mine", "a/mine.txt": b"mine", "c.txt": b"3"}
    lists.write(tmp_path, {"c.txt": b"3"}, "page")
    (tmp_path / "a/mine.txt").unlink()
    assert (tmp_path / "a").is_dir()  # somebody's, though empty


@pytest.mark.parametrize("name", ["index.html", "en", "en/index.html"])
def test_what_no_list_names_is_in_the_way_and_nothing_is_written(tmp_path, name):
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    place.write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(Slip, match=f"{place} is there and no build wrote it"):
        lists.write(tmp_path, {"index.html": b"", "en/index.html": b"ours", "assets/a.css": b""}, "page")
    assert contents(tmp_path) == before


def test_a_folder_or_a_pipe_in_place_of_a_file_of_ours_is_named(tmp_path):
    for make in (os.mkdir, os.mkfifo):
        place = tmp_path / make.__name__
        lists.write(place, {"a": b"1", "b": b"1"}, "page")
        (place / "a").unlink()
        make(place / "a")
        with pytest.raises(Slip, match=f"{place / 'a'} is no file"):
            lists.write(place, {"a": b"2", "b": b"2"}, "page")
        assert (place / "b").read_bytes() == b"1" and not (place / "a").is_file()


def test_what_is_there_already_with_the_same_bytes_is_in_nobodys_way(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    assert lists.write(tmp_path, {"a": b"1"}, "page") == [lists.LIST]
    assert lists.listed(tmp_path, "page") == {"a"}


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"files": 3}', b'{"files": ["notes.txt"], "hash": "0"}'])
def test_a_damaged_list_names_nothing(tmp_path, damage):
    lists.write(tmp_path, {"a": b"1"}, "page")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / lists.LIST).write_bytes(damage)
    assert lists.listed(tmp_path, "page") is None
    with pytest.raises(Slip, match=f"{lists.LIST} is no list that a build wrote"):
        lists.write(tmp_path, {"a": b"2"}, "page")
    assert (tmp_path / lists.LIST).read_bytes() == damage
    assert lists.write(tmp_path, {"a": b"2"}, "page", lists.everybodys) == [
        "a",
        lists.LIST,
    ]  # older pages are known by other means
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_a_kill_left_half_written_goes_and_the_list_knew_it(tmp_path, monkeypatch):
    lists.write(tmp_path, {"a": b"1", "x/b": b"1"}, "page")
    write = atomic.write

    def killed(path, content):
        if path.name == "b":
            (path.parents[1] / f"{atomic.NEW}{lists.LIST}").write_bytes(b"hal")
            (path.parent / f"{atomic.NEW}b").write_bytes(b"hal")
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(atomic, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        lists.write(tmp_path, {"a": b"2", "x/b": b"2", "x/new": b"2"}, "page")
    monkeypatch.undo()
    assert {"a", "x/b", "x/new"} == lists.listed(tmp_path, "page")
    lists.write(tmp_path, {"a": b"2", "x/b": b"2", "x/new": b"2"}, "page")
    assert not list(tmp_path.rglob(f"{atomic.NEW}*")) and (tmp_path / "x/b").read_bytes() == b"2"


def test_files_are_written_through_links_and_keep_their_mode(tmp_path):
    (tmp_path / "theirs").mkdir()
    target, link, dangling = tmp_path / "theirs/file", tmp_path / "link", tmp_path / "dangling"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    dangling.symlink_to(tmp_path / "theirs/new/file")
    atomic.write(link, b"new")
    atomic.write(dangling, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new" and stat.S_IMODE(target.stat().st_mode) == 0o640
    assert dangling.is_symlink() and (tmp_path / "theirs/new/file").read_bytes() == b"new"


def test_a_pipe_and_a_device_are_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    thread = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    thread.start()
    atomic.write(tmp_path / "pipe", b"bytes")
    thread.join(10)
    assert read == [b"bytes"] and stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    os.symlink("/dev/null", tmp_path / "null")
    atomic.write(tmp_path / "null", b"bytes")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode) and (tmp_path / "null").is_symlink()


def test_a_folder_that_is_replaced_keeps_what_is_somebodys(tmp_path):
    for content in (b"1", b"2"):
        with atomic.folder(tmp_path / "place") as new:
            (new / "recipe.json").write_bytes(content)
        (tmp_path / "place" / "notes").mkdir(exist_ok=True)
        (tmp_path / "place" / "notes" / "mine.txt").write_text("mine")
    found = {path.removeprefix(f"{tmp_path}/place/"): content for path, content in contents(tmp_path).items()}
    assert found == {"recipe.json": b"2", "notes/mine.txt": b"mine"}


def test_after_a_kill_what_is_somebodys_follows_into_the_new_folder(tmp_path):
    """The new folder is in place, the old one is not cleared away yet."""
    old, new = tmp_path / f"{atomic.OLD}place", tmp_path / "place"
    for folder in (old, new):
        folder.mkdir()
        (folder / "recipe.json").write_text(folder.name)
    (old / "mine.txt").write_text("mine")
    atomic.recover(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert (new / "recipe.json").read_text() == "place" and (new / "mine.txt").read_text() == "mine"


def test_a_folder_behind_a_link_is_replaced_there(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "mine.txt").write_text("mine")
    (tmp_path / "place").symlink_to(tmp_path / "far")
    with atomic.folder(tmp_path / "place") as new:
        (new / "recipe.json").write_bytes(b"1")
    assert (tmp_path / "place").is_symlink()
    assert sorted(path.name for path in (tmp_path / "far").iterdir()) == ["mine.txt", "recipe.json"]


@pytest.fixture(params=["real", "told"])
def mounted(request, tmp_path, monkeypatch):
    """A folder that cannot be renamed, with a file of that kind in it: a mount point, where one can be made."""
    place = tmp_path / "mounted"
    place.mkdir()
    if request.param == "real":
        if subprocess.run(["mount", "-t", "tmpfs", "none", place], capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")
        request.addfinalizer(lambda: subprocess.run(["umount", place], check=True))
        return place
    rename, replace = os.rename, os.replace

    def refused(do):
        def done(source, target):
            if place in (source, target) or os.fspath(target).endswith("held"):
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), source)
            do(source, target)

        return done

    monkeypatch.setattr(os, "rename", refused(rename))
    monkeypatch.setattr(os, "replace", refused(replace))
    return place


def test_a_mount_point_is_written_into(mounted):
    (mounted / "mine.txt").write_text("mine")
    (mounted / "held").write_bytes(b"0")
    lists.enlist(mounted, ["held"], "page")
    for content in (b"1", b"2"):
        with atomic.folder(mounted) as new:
            (new / "recipe.json").write_bytes(content)
            (new / "numbers.json").write_bytes(content)
        lists.write(mounted, {"held": content}, "page")
    found = {path.removeprefix(f"{mounted}/"): content for path, content in contents(mounted).items()}
    found.pop(lists.LIST)
    assert found == {"mine.txt": b"mine", "recipe.json": b"2", "numbers.json": b"2", "held": b"2"}
    assert [path.name for path in mounted.parent.iterdir()] == [mounted.name]


@pytest.mark.parametrize("flag", ["--output", "--artefacts", "--results"])
@pytest.mark.parametrize("place", [
    "", " ", ".", "./", "/", "//", "..", "../..", "{root}", "{root}/report", "{root}/ferpipe/new", "{root}/.git",
    "-", "file", "file/below", "pipe", "/dev/null", "/dev/null/below", "/proc/new", "loop", "loop/below",
])  # fmt: skip
def test_a_place_that_cannot_be_one_is_told_before_anything(tmp_path, monkeypatch, capsys, flag, place):
    (tmp_path / "here/there").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here/there")
    (tmp_path / "here/there/file").write_text("mine")
    os.mkfifo("pipe")
    os.symlink("loop", "loop")
    monkeypatch.setattr(pipeline, "_run", lambda *_: pytest.fail("something was begun"))
    before = sorted(tmp_path.rglob("*"))
    assert build.main(["--preset", "smoke", flag, place.format(root=ROOT)]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ") and flag in error
    assert sorted(tmp_path.rglob("*")) == before


def test_two_flags_cannot_name_one_folder(tmp_path, capsys):
    assert build.main(["--output", str(tmp_path / "a"), "--results", str(tmp_path / "b" / ".." / "a")]) == 2
    assert "is --results's folder" in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize(("flag", "name"), [
    ("--artefacts", "rendered/photographs/a.jpg"), ("--artefacts", "code.json"), ("--artefacts", "runs/a.txt"),
    ("--results", "rendered/lime/numbers.json"), ("--results", "rendered/data"), ("--output", "index.html"),
    ("--output", "en/index.html"), ("--output", "zh"), ("--output", "assets/report.css"),
    ("--output", "assets/rendered/curves.en.svg"), ("--output", "assets/rendered/faces-new.webp"),
    ("--output", "assets"), ("--results", "rendered"), ("--artefacts", "rendered"), ("--artefacts", "figures"),
])  # fmt: skip
def test_what_is_in_the_way_is_named_before_the_first_stage(tmp_path, monkeypatch, capsys, flag, name):
    monkeypatch.setattr(pipeline, "_run", lambda *_: pytest.fail("something was begun"))
    path = tmp_path / "place" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    before = contents(tmp_path)
    others = [f"--{one}={tmp_path / one}" for one in ("output", "artefacts", "results") if f"--{one}" != flag]
    assert build.main(["--preset", "smoke", flag, str(tmp_path / "place"), *others]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ") and "move it away" in error and str(tmp_path / "place") in error
    assert contents(tmp_path) == before


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Made-up results, and a page of them."""
    sys.path.insert(0, str(ROOT / "tests/render"))
    import synthetic

    folder = tmp_path_factory.mktemp("pages")
    synthetic.write(folder / "results")
    well(build_here("render", *places(folder)))
    return folder


def rendered(pages, output):
    return build_here(
        "render", f"--output={output}", f"--artefacts={pages / 'artefacts'}", f"--results={pages / 'results'}"
    )


def test_a_page_lies_beside_what_is_there(pages, tmp_path):
    mine = {".git/HEAD": "ref", "CNAME": "example.org", "assets/rendered/notes.txt": "mine", "blog/index.html": "mine"}
    for name, text in mine.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    inodes = {name: (tmp_path / name).stat().st_ino for name in mine}
    for _ in range(2):
        well(rendered(pages, tmp_path))
        (tmp_path / "en/index.html").write_text("damaged")
    well(rendered(pages, tmp_path))
    assert {name: (tmp_path / name).read_text() for name in mine} == mine
    assert {name: (tmp_path / name).stat().st_ino for name in mine} == inodes
    found = contents(tmp_path)
    assert all(found[path.replace(str(pages / "output"), str(tmp_path))] == content
               for path, content in contents(pages / "output").items())  # fmt: skip


def test_a_page_is_written_through_links(pages, tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "pages").mkdir()
    (tmp_path / "link").symlink_to("far")
    (tmp_path / "far/en").symlink_to(tmp_path / "pages")
    (tmp_path / "ahead").symlink_to(tmp_path / "not/yet")
    for place in ("link", "ahead"):
        well(rendered(pages, tmp_path / place))
        assert (tmp_path / place).is_symlink()
    assert (tmp_path / "far/en").is_symlink() and (tmp_path / "pages/index.html").is_file()
    assert (tmp_path / "not/yet/zh/index.html").is_file()


def test_a_page_of_a_mounted_folder(pages, tmp_path):
    place = tmp_path / "mounted"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", place], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        (place / "CNAME").write_text("example.org")
        well(rendered(pages, place))
        assert (place / "zh/index.html").is_file() and (place / "CNAME").read_text() == "example.org"
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("names", [["../victim.txt"], ["/tmp/victim.txt"], ["a/../../victim.txt"], [""], [3]])
def test_a_list_that_names_what_lies_elsewhere_names_nothing(tmp_path, names):
    (tmp_path / "victim.txt").write_text("mine")
    place = tmp_path / "place"
    lists.enlist(place, ["a"], "page")
    record = json.loads((place / lists.LIST).read_bytes())
    hashed = lists._hash(map(str, names))
    (place / lists.LIST).write_text(json.dumps({**record, "files": names, "hash": hashed}))
    assert lists.listed(place, "page") is None
    lists.write(place, {"b": b"1"}, "page", lists.everybodys)
    assert (tmp_path / "victim.txt").read_text() == "mine"


def test_one_kind_of_folder_is_not_taken_for_another(tmp_path):
    lists.enlist(tmp_path, ["figures"], "artefacts")
    with pytest.raises(Slip, match="holds a build's artefacts; name another folder for the page"):
        lists.write(tmp_path, {"a": b"1"}, "page")
    assert [path.name for path in tmp_path.iterdir()] == [lists.LIST]


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_list_that_is_no_file_is_in_the_way(tmp_path, make):
    make(tmp_path / lists.LIST)
    with pytest.raises(Slip, match="is in the way"):
        lists.write(tmp_path, {"a": b"1"}, "page")


def test_a_claim_takes_what_older_builds_left_and_nothing_more(tmp_path):
    for name in ("lime", "curves", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("")
    lists.claim(tmp_path, ["lime"], "results", lambda name: name != "mine")
    assert lists.listed(tmp_path, "results") == {"lime", "curves"}
    lists.claim(tmp_path, ["curves"], "results")
    with pytest.raises(Slip, match="mine is there"):
        lists.claim(tmp_path, ["mine"], "results", lists.everybodys)  # there is a list now


def test_a_file_of_two_names_keeps_both_and_a_link_in_a_replaced_folder_is_written_through(tmp_path):
    (tmp_path / "one").write_text("old")
    os.link(tmp_path / "one", tmp_path / "two")
    atomic.write(tmp_path / "two", b"new")
    assert (tmp_path / "one").read_text() == "new"
    (tmp_path / "place").mkdir()
    (tmp_path / "place/numbers.json").symlink_to(tmp_path / "one")
    with atomic.folder(tmp_path / "place") as new:
        (new / "numbers.json").write_bytes(b"newer")
    assert (tmp_path / "place/numbers.json").is_symlink() and (tmp_path / "one").read_text() == "newer"


def test_a_folder_made_later_beside_ours_is_the_users_own(tmp_path, monkeypatch, capsys):
    """One analysis was made; another's place is claimed only when it is made."""
    folder = tmp_path / "results/rendered"
    lists.enlist(folder, ["lime"], "results")
    (folder / "confusion").mkdir()
    (folder / "confusion/numbers.json").write_text("mine")
    monkeypatch.setattr(pipeline, "_run", lambda *_: pytest.fail("something was begun"))
    call = ["--preset", "smoke", "--only", "confusion", *places(tmp_path)]
    assert build.main(call) == 2
    assert f"{folder / 'confusion'} is there and no build wrote it" in capsys.readouterr().err


def test_faces_never_come_into_the_published_site(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pipeline, "_run", lambda *_: pytest.fail("something was begun"))
    (tmp_path / "link").symlink_to(ROOT / "site")
    for place in (ROOT / "site", tmp_path / "link"):
        call = [
            "--data",
            str(tmp_path),
            "--name=fer2013",
            f"--output={place}",
            f"--artefacts={tmp_path / 'a'}",
            f"--results={tmp_path / 'r'}",
        ]
        assert build.main(call) == 2
        assert "is published, and this page shows faces" in capsys.readouterr().err


def test_results_and_a_page_do_not_share_a_folder(tmp_path, capsys):
    call = [f"--results={tmp_path / 'r'}", f"--output={tmp_path / 'r/rendered'}", f"--artefacts={tmp_path / 'a'}"]
    assert build.main(["--preset", "smoke", *call]) == 2
    assert "is --results's folder" in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize(("flag", "name", "target"), [
    ("output", "assets/rendered", "rendered"), ("output", "assets", "assets"), ("output", "en", "en"),
    ("results", "rendered", "rendered"), ("results", "rendered/lime", "lime"), ("artefacts", "rendered", "rendered"),
])  # fmt: skip
def test_a_link_that_leads_nowhere_for_ever_is_told_before_the_first_stage(
    tmp_path, monkeypatch, capsys, flag, name, target
):
    monkeypatch.setattr(pipeline, "_run", lambda *_: pytest.fail("something was begun"))
    place = tmp_path / flag / name
    place.parent.mkdir(parents=True)
    place.symlink_to(target)
    assert build.main(["--preset", "smoke", *places(tmp_path)]) == 2
    assert str(place) in capsys.readouterr().err and place.is_symlink()


@pytest.mark.parametrize("flag", ["output", "results/rendered", "artefacts"])
def test_a_folder_in_place_of_a_list_is_told_before_the_first_stage(tmp_path, monkeypatch, capsys, flag):
    monkeypatch.setattr(pipeline, "_run", lambda *_: pytest.fail("something was begun"))
    (tmp_path / flag / lists.LIST).mkdir(parents=True)
    assert build.main(["--preset", "smoke", *places(tmp_path)]) == 2
    assert f"{lists.LIST} is in the way" in capsys.readouterr().err


def test_an_empty_folder_and_a_link_to_a_folder_are_nobodys(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "results/curves").mkdir(parents=True)
    (tmp_path / "results/lime").symlink_to(tmp_path / "far")
    (tmp_path / "results/atlas").symlink_to(tmp_path / "not/yet")
    lists.check(tmp_path / "results", ["curves", "lime", "atlas"], "results")
    (tmp_path / "far/numbers.json").write_text("mine")
    with pytest.raises(Slip, match="lime is there"):
        lists.check(tmp_path / "results", ["lime"], "results")


def test_what_is_read_only_below_a_page_is_told_before_anything_is_written(tmp_path):
    (tmp_path / "assets").mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "none", tmp_path / "assets"], capture_output=True
    ).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with pytest.raises(Slip, match="assets: cannot write there"):
            lists.write(tmp_path, {"index.html": b"1", "assets/a.css": b"1"}, "page")
    finally:
        subprocess.run(["umount", tmp_path / "assets"], check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["assets"]


@pytest.mark.parametrize("call", [
    ["--output={root}/.artefacts/figures"], ["--output={root}/.artefacts/runs/mine"], ["--results={root}/site"],
    ["--output={root}/.artefacts/rendered/members"], ["render", "--publish", "one", "--output=/tmp/one"],
])  # fmt: skip
def test_places_that_belong_to_something_else_are_refused(monkeypatch, capsys, call):
    monkeypatch.setattr(pipeline, "_run", lambda *_: pytest.fail("something was begun"))
    monkeypatch.setattr(
        layout, "run", lambda artefacts, name, options: layout.of(Options(preset="smoke", output=ROOT / "x"))
    )
    assert build.main([*[part.format(root=ROOT) for part in call]]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.fixture
def face(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)).save(tmp_path / "face.png")
    return tmp_path / "face.png"


def test_a_submission_goes_to_standard_output_alone(face):
    done = well(build_here("predict", face, "--output", "-"))
    assert done.stdout.splitlines()[0] == "id,emotion" and len(done.stdout.splitlines()) == 2
    assert "shipped with the package; learned fer2013" in done.stderr
    piped = subprocess.run(
        [sys.executable, "build.py", "predict", face, "--output", "/dev/stdout", "--threads", "1"],
        cwd=ROOT, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert piped.returncode == 0 and piped.stdout == done.stdout


def test_a_submission_stands_between_what_others_write_to_the_same_file(face, tmp_path):
    for mode, before in ((">", ""), (">>", "old\n")):
        (tmp_path / "log").write_text("old\n")
        predict = f"{sys.executable} {ROOT / 'build.py'} predict {face} --output /dev/stdout --threads 1 2>/dev/null"
        subprocess.run(
            f"(echo head; {predict}; echo tail) {mode} log", shell=True, cwd=tmp_path, check=True, timeout=100
        )
        lines = (tmp_path / "log").read_text()
        assert lines.startswith(f"{before}head\nid,emotion\nface,") and lines.endswith("\ntail\n")


def test_a_submission_goes_into_a_pipe_through_a_link_and_over_another_submission(face, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    thread = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    thread.start()
    well(build_here("predict", face, "--output", tmp_path / "pipe"))
    thread.join(10)
    assert read[0].startswith("id,emotion\nface,") and stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    (tmp_path / "old.csv").write_text("id,emotion\n0,0\n")
    (tmp_path / "link.csv").symlink_to("old.csv")
    well(build_here("predict", face, "--output", tmp_path / "link.csv"))
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "old.csv").read_text() == read[0]


@pytest.mark.parametrize(("place", "why"), [
    ("", "wanted a path"), (".", "is a folder"), ("/", "is a folder"), ("face.png", "is what is read"),
    ("link.png", "is what is read"), ("thesis.txt", "something else than a submission"), ("loop", "cannot write"),
    ("face.png/a.csv", "cannot write"), ("loop1", "cannot write"), ("labels.csv", "something else than a submission"),
    ("socket", "cannot write"),
])  # fmt: skip
def test_a_submission_never_replaces_something_else(face, tmp_path, monkeypatch, capsys, place, why):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis.txt").write_text("mine")
    os.symlink("face.png", "link.png")
    os.symlink("loop", "loop")
    os.symlink("loop2", "loop1")
    os.symlink("loop1", "loop2")
    (tmp_path / "labels.csv").write_text("id,emotion,notes\n1,3,my own\n")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
    before = {path: path.lstat().st_ino for path in tmp_path.iterdir()}, contents(tmp_path)
    assert build.main(["predict", "face.png", "--output", place, "--threads", "1"]) == 2
    assert why in capsys.readouterr().err.splitlines()[-1]
    assert ({path: path.lstat().st_ino for path in tmp_path.iterdir()}, contents(tmp_path)) == before


@pytest.mark.parametrize(("parts", "name", "published"), [
    ({}, "", True), ({"seed": 5}, "rendered-default-5", False), ({"preset": "smoke"}, "rendered-smoke-0", False),
    ({"members": 2}, "rendered-default-0", False), ({"epochs": 3}, "rendered-default-0", False),
    ({"only": "lime"}, "rendered-default-0", False), ({"student": True}, "rendered-default-0", False),
    ({"run": "mine"}, "mine", False), ({"threads": 1, "device": "cpu", "rebuild": "all", "strict": True}, "", True),
])  # fmt: skip
def test_what_changes_a_result_makes_a_trial_of_a_name(parts, name, published):
    places = layout.of(Options(**parts))
    assert (places.name, places.published) == (name, published)
    base = ROOT / ".artefacts" / "runs" / name
    where = (ROOT / "report/results", ROOT / "site") if published else (base / "results", base / "site")
    assert (places.results, places.page) == where and places.artefacts == ROOT / ".artefacts"


@pytest.mark.parametrize("flag", ["output", "artefacts", "results"])
def test_a_place_that_is_named_wins_and_nothing_is_written_under_runs(tmp_path, flag):
    found = layout.of(Options(preset="smoke", data=tmp_path, name="mine", **{flag: tmp_path / "place"}))
    assert tmp_path / "place" in (found.page, found.artefacts, found.results)
    assert not any("runs" in path.parts for path in (found.page, found.results, found.base)) and not found.published
