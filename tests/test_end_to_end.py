"""The whole build in a clone of its own, `--preset smoke`, on both data sets."""

import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from clones import PLACES, ROOT, build, build_here, clone, contents, places, well
from PIL import Image

from ferpipe.analyses import ANALYSES
from ferpipe.build import effort, options, predict
from ferpipe.build import settings as asked_for
from ferpipe.data import cache
from ferpipe.data.faces import rendered
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.storage import fingerprints
from ferpipe.storage import places as places_of
from ferpipe.training import shipping
from ferpipe.training.presets import PRESETS

IDS = (
    "settings", "saliency", "filters", "lime", "training", "run", "fig-saliency", "fig-conv1-filters",
    "fig-stage-filters", "fig-conv1-outputs", "fig-confusion", "fig-lime-correct", "fig-lime-wrong", "fig-curves",
    "table-filter-emotions",
)  # fmt: skip


RUN, FER2013 = ".artefacts/runs/rendered-smoke-0", ".artefacts/runs/fer2013-smoke-0"


def build_inside(folder, *arguments):
    """A smoke build of a clone in this process, which has torch already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "ROOT", folder)
        return well(build_here("--preset", "smoke", *arguments))


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A clone after its first build, and what that made: later builds may change it."""
    folder = clone(tmp_path_factory.mktemp("rendered"))
    build_inside(folder)
    return folder, ended(folder)


@pytest.fixture(scope="module")
def built(begun):
    return begun[0]


@pytest.fixture(scope="module")
def first(begun):
    return begun[1]


def ended(folder):
    """The members, results and page of a clone's smoke build."""
    found = contents(folder / RUN / "site", folder / RUN / "results", folder / ".artefacts/rendered/members")
    return {path.removeprefix(str(folder)): content for path, content in found.items()}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A zip in FER2013's layout, of rendered faces."""
    path = tmp_path_factory.mktemp("archive") / "archive.zip"
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as target:
        for split, prefix, n in (
            ("train", "Training", 30),
            ("test", "PublicTest", 12),
            ("unlabelled", "PrivateTest", 3),
        ):
            for label, emotion in enumerate(EMOTIONS):
                place = split if split == "unlabelled" else f"{split}/{emotion}"
                faces = rendered.sample(n, seed=len(split) + label, emotions=np.full(n, label))
                for image, k in zip(rendered.draw(faces), rng.permutation(10**6)[:n], strict=True):
                    file = io.BytesIO()
                    Image.fromarray(image).save(file, "JPEG", quality=92)
                    target.writestr(f"{place}/{prefix}_{k}.jpg", file.getvalue())
    return path


@pytest.fixture(scope="module")
def restricted(built, archive):
    """The clone after a FER2013 build, and all that is tracked in it as it was before."""
    before = tracked(built)
    build_inside(built, "--data", archive)
    return built, before


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_clean_clone_becomes_a_report_with_every_id(built, language):
    page = (built / RUN / "site" / language / "index.html").read_text()
    for name in IDS:
        assert page.count(f'id="{name}"') == 1, name
    assert (built / RUN / "site/numbers.json").is_file() and (built / RUN / "site/provenance.json").is_file()


def test_a_second_build_does_nothing_and_imports_nothing_heavy(built):
    before = contents(built)
    done = well(build(built, "--preset", "smoke", python=("-X", "importtime")))
    assert "Nothing to do" in done.stdout and "made" not in done.stdout
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert not loaded & {"torch", "numpy", "matplotlib", "jinja2", "markdown", "PIL"}
    assert contents(built) == before


def test_an_edited_sentence_renders_again_without_torch(built):
    section = built / "report" / "sections" / "run.md"
    text = section.read_text()
    section.write_text(text.replace("<!-- en -->\n", "<!-- en -->\nA sentence of the reader's own.\n\n", 1))
    try:
        done = well(build(built, "--preset", "smoke", python=("-X", "importtime")))
        assert "A sentence of the reader" in (built / RUN / "site/en/index.html").read_text()
    finally:
        section.write_text(text)
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert not loaded & {"torch", "matplotlib", "lime", "captum"}
    assert [line.split()[0] for line in done.stdout.splitlines() if " made " in line] == ["page"]
    assert "(report/sections/run.md edited)" in done.stdout.replace("(sections", "(report/sections")


def test_a_changed_analysis_alone_runs_again_and_why_says_so(built):
    module = built / "ferpipe" / "analyses" / "curves.py"
    text = module.read_text()
    module.write_text(text + "\nCHANGED = 1\n")
    try:
        done = well(build(built, "--preset", "smoke", "--why"))
    finally:
        module.write_text(text)
    made = [line.split()[0] for line in done.stdout.splitlines() if " made " in line]
    assert made == ["curves", "page"]
    assert "(analyses/curves.py was edited)" in done.stdout


@pytest.mark.parametrize(
    "module", ["storage/atomic", "results/stored", "storage/places", "networks/checkpoints", "build/pipeline"]
)
def test_an_edit_of_how_work_is_stored_makes_nothing_stale(built, module):
    build_inside(built)  # other tests may have left it stale
    path = built / f"ferpipe/{module}.py"
    text = path.read_text()
    path.write_text(f"{text}\n\nCHANGED = 1\n")
    try:
        assert "Nothing to do" in well(build(built, "--preset", "smoke")).stdout
    finally:
        path.write_text(text)


def test_other_code_that_draws_the_same_faces_reruns_nothing_and_is_written_down(built):
    build_inside(built)
    record = built / RUN / "results/rendered/lime/recipe.json"
    path, before = built / "ferpipe/data/faces/canvas.py", json.loads(record.read_bytes())
    text = path.read_text()
    path.write_text(f"{text}\n\nCHANGED = 1\n")
    try:
        done = well(build(built, "--preset", "smoke", "--only", "lime", "--run", "rendered-smoke-0"))
        assert "(data/faces/canvas.py was edited)" in done.stdout
        assert [line.split()[0] for line in done.stdout.splitlines() if " made " in line][:1] == ["data"]
        after = json.loads(record.read_bytes())
        assert after["inputs"]["data"] != before["inputs"]["data"] and after["recipe"] == before["recipe"]
    finally:
        path.write_text(text)
        build_inside(built)


def example():
    """The files of the example in CONTRIBUTING.md, by their places."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return dict(re.findall(r"^`([\w/]+\.(?:py|md))`[^\n]*:\n\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def test_a_new_analysis_alone_runs_and_its_figure_is_drawn(built):
    lists = {"ferpipe/analyses/__init__.py": ('"light",', '"light", "means",'),
             "report/report.toml": ('    "run",\n', '    "run",\n    "means",\n')}  # fmt: skip
    texts = {name: (built / name).read_text() for name in lists}
    try:
        for name, content in example().items():
            (built / name).write_text(content)
        for name, (old, new) in lists.items():
            assert old in texts[name]
            (built / name).write_text(texts[name].replace(old, new))
        well(build(built, "check"))
        done = well(build(built, "--preset", "smoke"))
        assert [line.split()[0] for line in done.stdout.splitlines() if " made " in line] == ["means", "page"]
        for language in ("en", "zh"):
            assert 'id="fig-means"' in (built / RUN / "site" / language / "index.html").read_text()
    finally:
        for name, text in texts.items():
            (built / name).write_text(text)
        for name in example():
            (built / name).unlink()
        shutil.rmtree(built / RUN / "results/rendered/means", ignore_errors=True)


def test_members_are_loaded_and_a_trial_with_folders_of_its_own_touches_nothing_else(built, tmp_path, monkeypatch):
    monkeypatch.setattr(rendered, "dataset", lambda *_: drawn(built / ".artefacts/rendered"))  # anew: four seconds
    before = contents(built)
    shutil.copytree(built / RUN / "results", tmp_path / "results")  # fresh, but for one
    shutil.rmtree(tmp_path / "results/rendered/curves")
    done = well(build_here("--preset", "smoke", "--load", built / ".artefacts/rendered/members", *places(tmp_path)))
    assert [line.split()[0] for line in done.stdout.splitlines() if " made " in line] == ["data", "curves", "page"]
    assert f"2 member(s) from {built / '.artefacts/rendered/members'}" in done.stdout
    assert (tmp_path / "output" / "zh" / "index.html").is_file()
    assert contents(built) == before
    assert {path.name for path in tmp_path.iterdir()} == set(PLACES)


def test_loaded_members_teach_a_student_beside_them(built, tmp_path, monkeypatch):
    monkeypatch.setattr(rendered, "dataset", lambda *_: drawn(built / ".artefacts/rendered"))
    smoke = PRESETS["rendered"]["smoke"]  # where faces are held out a student does not go on from a member
    monkeypatch.setitem(PRESETS["rendered"], "smoke", replace(smoke, recipe=replace(smoke.recipe, held=0)))
    folder = tmp_path / "members"
    shutil.copytree(built / ".artefacts/rendered/members", folder)
    for network in folder.glob("overfitted-*"):  # which a training asks nothing
        shutil.rmtree(network)
    call = ["train", "--preset", "smoke", "--load", folder, "--student", "--artefacts", tmp_path / "artefacts"]
    well(build_here(*call, "--epochs", "1"))
    (student,) = folder.glob("student-0-*")
    recipe = json.loads((student / "recipe.json").read_bytes())["recipe"]
    taught_by = [json.loads((place / "recipe.json").read_bytes()) for place in sorted(folder.glob("member-*"))]
    assert recipe["teachers"] == [record["weights"] for record in taught_by]
    assert recipe["data"] == taught_by[0]["recipe"]["data"]
    courses = [json.loads((place / "history.json").read_bytes()) for place in sorted(folder.glob("member-*"))]
    losses = [course["epochs"]["dev_loss"][course["chosen"] - 1] for course in courses]
    assert recipe["start"] == recipe["teachers"][losses.index(min(losses))]
    assert " made " not in well(build_here(*call, "--epochs", "1")).stdout
    asked = predict.networks(options.Options("predict", load=folder, network="all"))
    assert [one.member.name for one in asked] == [*sorted(p.name for p in folder.glob("member-*")), student.name]
    for more, reason in (("--epochs=8", "another student"), ("--preset=shipped", "trains nothing")):
        done = build_here(*call, more)
        assert done.returncode == 2
        assert reason in done.stderr.splitlines()[-1]
    for record in ("x", "[1]"):  # of a teacher that is not to be passed over
        (folder / "member-0-bad").mkdir(exist_ok=True)
        (folder / "member-0-bad/recipe.json").write_text(record)
        done = build_here(*call)
        assert done.returncode == 2 and "member-0-bad/recipe.json cannot be read" in done.stderr.splitlines()[-1]
    shutil.rmtree(folder / "member-0-bad")
    broken = Path(shutil.copytree(next(folder.glob("member-0-*")), folder / "member-0-bad"))
    for history in ("[]", '{"epochs": {"dev_loss": []}, "chosen": 1}'):
        (broken / "history.json").write_text(history)
        done = build_here(*call)
        assert done.returncode == 2 and "member-0-bad is damaged" in done.stderr.splitlines()[-1]


def test_two_runs_are_compared_on_the_same_faces(built, tmp_path):
    artefacts = built / ".artefacts"
    run = RUN.rsplit("/", 1)[1]
    well(build_here("compare", run, run, "--artefacts", artefacts, "--output", tmp_path / "runs.html"))
    page = (tmp_path / "runs.html").read_text()
    assert "Both runs answered the same 105 faces" in page and "McNemar" in page
    assert "1.000" in page  # p of answers that are the same


def test_a_broken_member_is_named(built, tmp_path):
    members = tmp_path / "members"
    shutil.copytree(built / ".artefacts/rendered/members", members)
    weights = next(members.glob("member-0-*/weights.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])
    done = build_here("--preset", "smoke", "--load", members, *places(tmp_path))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: {weights}")
    assert not (tmp_path / "output").exists()


def drawn(folder):
    """The data set that lies in the artefacts of one."""
    (place,) = folder.glob("dataset-*")
    return cache.load(place, json.loads((place / "recipe.json").read_bytes())["data"])


def tracked(folder):
    """What git would look at in a clone."""
    return {path: content for path, content in contents(folder).items() if "/.artefacts/" not in path}


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path):
    path.write_bytes(b"")


def flipped(path):
    content = bytearray(path.read_bytes())
    # a result's numbers may be edited, and another hash in provenance.json is none of ours: there, the bracket
    content[0 if "results" in path.parts or path.name == "provenance.json" else len(content) // 2] ^= 16
    path.write_bytes(content)


def folder_instead(path):
    path.unlink()
    path.mkdir()
    (path / "file").write_text("a stranger's")


def put_back(path, content):
    if path.is_dir():
        shutil.rmtree(path)
    path.write_bytes(content)


DAMAGES = [cut, emptied, flipped, folder_instead]
FILES = ["weights.safetensors", "history.json", "dev_logits.npy", "dev_views.npy", "recipe.json"]
EVERY = [  # each file once; the rest of them are slow tests
    pytest.param(name, damage, marks=[pytest.mark.slow] * ((i - j) % len(DAMAGES) != 0))
    for i, name in enumerate(FILES) for j, damage in enumerate(DAMAGES)
]  # fmt: skip


@pytest.fixture(scope="module")
def copied(built, tmp_path_factory):
    """The build's files under the folders of `places`, rendered there."""
    folder = tmp_path_factory.mktemp("damaged")
    shutil.copytree(built / ".artefacts", folder / "artefacts", ignore=shutil.ignore_patterns("fer2013", "runs"))
    shutil.copytree(built / RUN / "results/rendered", folder / "results/rendered")
    well(build_here("--preset", "smoke", *places(folder)))
    return folder


@pytest.mark.parametrize("damage", [cut, *(pytest.param(one, marks=pytest.mark.slow) for one in DAMAGES[1:])])
def test_damaged_caches_results_and_pages_are_made_again_as_they_were(copied, monkeypatch, damage):
    made = copied / "artefacts/rendered"
    faces = drawn(made)
    monkeypatch.setattr(rendered, "dataset", lambda *_: faces)  # drawing them anew takes four seconds
    before = contents(copied / "output", copied / "results", made)
    files = [path for path in (copied / "artefacts").rglob("*") if path.is_file() and "members" not in path.parts]
    if damage is folder_instead:  # each takes a build of its own: a few stand for all
        files = [path for path in files if path.name in ("dataset.npz", "networks.json", "saliency.json")]
    results = ("curves/numbers.json", "conv1_outputs/arrays.npz", "confusion/recipe.json")
    pages = [path for path in (copied / "output").rglob("*.*") if path.is_file() and path.stat().st_size > 1]
    pages = pages[:2] if damage is folder_instead else pages
    for path in [*files, *(copied / "results/rendered" / name for name in results), *pages]:
        if path.name not in (places_of.LIST, "provenance.json"):  # by which a page is known as ours: see below
            damage(path)
    while (done := build_here("--preset", "smoke", *places(copied))).returncode == 2 and damage is folder_instead:
        error = done.stderr.splitlines()[-1]  # a folder that we did not make is named, not removed
        shutil.rmtree(
            next(path for path in (*files, *pages) if error.startswith((f"error: {path}: ", f"error: {path} ")))
        )
    well(done)
    assert contents(copied / "output", copied / "results", made) == before
    assert "Nothing to do" in build_here("--preset", "smoke", *places(copied)).stdout


@pytest.mark.parametrize(("name", "damage"), EVERY)
def test_a_damaged_file_of_a_member_is_named_and_nothing_is_made_of_it(copied, name, damage):
    path = next((copied / "artefacts/rendered/members").glob(f"overfitted-*/{name}"))
    content, before = path.read_bytes(), contents(copied / "output", copied / "results")
    damage(path)
    try:
        done = build_here("--preset", "smoke", "--rebuild", "curves", *places(copied))
    finally:
        put_back(path, content)
    error = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and error.startswith(f"error: {path.parent}") and "remove" in error
    assert contents(copied / "output", copied / "results") == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_page_that_is_not_known_as_ours_is_left_alone(copied, damage):
    files = {path: path.read_bytes() for path in (copied / "output" / name for name in (places_of.LIST, "index.html"))}
    origin = copied / "output/provenance.json"
    for path in files:
        damage(path)
    whole = origin.read_bytes()
    origin.write_bytes(b"{}")
    before = contents(copied / "output")
    try:
        done = build_here("render", "--preset", "smoke", *places(copied))
        assert done.returncode == 2 and "move it away" in done.stderr.splitlines()[-1]
        assert contents(copied / "output") == before
    finally:
        put_back(origin, whole)
        for path, content in files.items():
            put_back(path, content)


@pytest.mark.slow
def test_a_build_killed_at_any_moment_ends_as_one_never_killed(first, tmp_path):
    folder, rng = clone(tmp_path / "killed"), random.Random(0)
    for _ in range(3):
        running = subprocess.Popen(
            [sys.executable, "build.py", "--preset", "smoke", "--threads", "1"], cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(rng.uniform(1, 9))
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    well(build(folder, "--preset", "smoke"))
    assert ended(folder) == first
    assert not [path for path in folder.rglob("*") if path.name.startswith((".ferpipe-", ".ferpipe.lock", "resume-"))]


def test_a_restricted_build_makes_a_local_page_and_touches_nothing_that_is_tracked(restricted):
    folder, before = restricted
    for language in ("en", "zh"):
        page = (folder / FER2013 / "site" / language / "index.html").read_text()
        for name in IDS:
            assert page.count(f'id="{name}"') == 1, name
    assert tracked(folder) == before


def test_a_second_restricted_build_does_nothing(restricted, archive):
    done = well(build(restricted[0], "--preset", "smoke", "--data", archive))
    assert "Nothing to do" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a dozen builds
def test_trials_in_a_clean_clone_leave_git_status_empty(tmp_path, archive):
    folder = clone(tmp_path / "clone")
    shutil.copy(ROOT / ".gitignore", folder)
    shutil.copytree(ROOT / "report/results", folder / "report/results")
    shutil.copytree(ROOT / "site", folder / "site")

    def git(*arguments):
        call = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        return subprocess.run(call, cwd=folder, check=True, capture_output=True, text=True).stdout

    git("init", "-q"), git("add", "-A"), git("commit", "-qm", "clean")
    for trial in (
        [],
        ["--data", archive],
        ["--seed", 5],
        ["--members", 1],
        ["--only", "lime", "--run", "one"],
        ["train"],
    ):
        done = well(build(folder, *trial, "--preset", "smoke"))
        assert git("status", "--porcelain") == "", trial
        assert "train" in trial or "tracked files  none was touched" in done.stdout
    runs = {path.name for path in (folder / ".artefacts/runs").iterdir()}
    assert runs == {"rendered-smoke-0", "fer2013-smoke-0", "rendered-smoke-5", "one"}


def test_a_finished_run_is_published_and_what_changes_is_told(built, tmp_path):
    goal = [f"--results={tmp_path / 'results'}", f"--output={tmp_path / 'site'}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "ROOT", built)
        done = well(build_here("render", "--publish", "rendered-smoke-0", *goal))
        assert "publish                  made" in done.stdout and " 0 undecided" not in done.stdout
        assert contents(tmp_path / "results/rendered/lime") == {
            path.replace(str(built / RUN / "results"), str(tmp_path / "results")): content
            for path, content in contents(built / RUN / "results/rendered/lime").items()
        }
        assert (tmp_path / "site/zh/index.html").is_file()
        (tmp_path / "results/rendered/notes.txt").write_text("mine")
        claims = tmp_path / "site/claims.json"
        before = json.loads(claims.read_bytes())
        claims.write_text(claims.read_text().replace(f'"verdict": "{before[0]["verdict"]}"', '"verdict": "other"', 1))
        again = well(build_here("render", "--publish", "rendered-smoke-0", *goal))
        assert f"{before[0]['id']}: other -> {before[0]['verdict']}" in again.stdout
        assert (tmp_path / "results/rendered/notes.txt").read_text() == "mine"
        for call in (["render", "--publish", "nothing"], ["--publish"], ["train", "--publish"]):
            done = build_here(*call)
            assert done.returncode == 2 and done.stderr.startswith("error: ")


def test_a_run_of_which_no_site_can_be_made_is_not_published(built, tmp_path):
    build_inside(built)
    goal = [f"--results={tmp_path / 'results'}", f"--output={tmp_path / 'site'}"]
    section = built / "report/sections/use.md"
    text = section.read_text()
    section.write_text(text + "{{ nonsense.x }}\n")
    try:
        done = build(built, "render", "--publish", "rendered-smoke-0", *goal)
    finally:
        section.write_text(text)
    assert done.returncode == 2 and "unknown number 'nonsense.x'" in done.stderr
    assert not list(tmp_path.iterdir())
    (tmp_path / "site/index.html").mkdir(parents=True)
    done = build(built, "render", "--publish", "rendered-smoke-0", *goal)
    assert done.returncode == 2 and "move it away" in done.stderr and not (tmp_path / "results").exists()


def test_a_run_that_is_not_finished_is_not_published(built, tmp_path):
    shutil.copytree(built / RUN, built / ".artefacts/runs/half")
    shutil.rmtree(built / ".artefacts/runs/half/results/rendered/curves")
    goal = [f"--results={tmp_path / 'results'}", f"--output={tmp_path / 'site'}"]
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(options, "ROOT", built)
            done = build_here("render", "--publish", "half", *goal)
    finally:
        shutil.rmtree(built / ".artefacts/runs/half")
    assert (
        done.returncode == 2
        and f"run 'half' is not finished, for 1 of its {len(ANALYSES)} results: curves (has no result)" in done.stderr
    )
    assert not list(tmp_path.rglob("*"))


def test_one_analysis_makes_a_page_of_what_there_is(built, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "ROOT", built)
        done = well(build_here("--preset", "smoke", "--only", "curves", "--run", "one"))
    page = (built / ".artefacts/runs/one/site/zh/index.html").read_text()
    assert 'id="fig-curves"' in page and 'id="fig-saliency"' not in page
    assert "left out for want of a result: abstaining" in done.stdout


@pytest.mark.slow
def test_shipped_networks_fill_the_report_without_training_and_predict(restricted, archive, tmp_path, monkeypatch):
    made, target = restricted[0] / FER2013 / "fer2013", tmp_path / "shipped"
    monkeypatch.setattr(
        effort, "SMALL", ("smoke", "shipped")
    )  # as much work as a preset that trains nothing would need
    monkeypatch.setattr(asked_for, "SHIPPED", target)
    monkeypatch.setattr(shipping, "PLACE", target)
    names = json.loads((made / "networks.json").read_bytes())
    faces = drawn(restricted[0] / ".artefacts/fer2013")
    shipping.pack(
        made / names["place"], [*names["members"], *names["overfitted"]], faces.train, faces.dev, target / "fer2013"
    )
    asked = ("--preset", "shipped", "--data", archive, *places(tmp_path))
    done = well(build_here(*asked))
    assert "2 member(s) from" in done.stdout and "member-0" not in done.stdout
    settings = json.loads((tmp_path / "results/fer2013/settings/numbers.json").read_bytes())
    assert settings["analysis_model"]["name"] == names["members"][0]
    page = (tmp_path / "output/en/index.html").read_text()
    assert all(page.count(f'id="{name}"') == 1 for name in IDS)
    out = tmp_path / "submission.csv"
    well(build_here("predict", archive, "--network", "shipped", "--output", out))
    rows = out.read_text().splitlines()
    assert rows[0] == "id,emotion" and len(rows) == 1 + 3 * 7
    assert all(row.startswith("PrivateTest_") and row[-2] == "," and row[-1] in "0123456" for row in rows[1:])
    assert build_here("--preset", "shipped", *places(tmp_path)).returncode == 2  # rendered faces have none


@pytest.mark.slow
def test_training_starts_from_torchvisions_weights(resnet18, tmp_path, monkeypatch):
    smoke = PRESETS["rendered"]["smoke"]
    monkeypatch.setitem(PRESETS["rendered"], "smoke", replace(smoke, overfitted_part=32, sizes=(70, 28, 14)))
    torch.save(resnet18().state_dict(), tmp_path / "resnet18.pth")
    call = ("train", "--preset", "smoke", "--members", "1", "--epochs", "1", *places(tmp_path))
    well(build_here(*call, "--init", tmp_path / "resnet18.pth"))
    (record,) = (tmp_path / "artefacts/rendered/members").glob("member-*/recipe.json")
    recipe = json.loads(record.read_bytes())["recipe"]
    assert (recipe["parameters"]["stem"], recipe["parameters"]["width"]) == ("imagenet", 64)
    assert recipe["init"] == fingerprints.of_file(tmp_path / "resnet18.pth")
    again = well(build_here(*call, "--init", tmp_path / "resnet18.pth"))
    assert "Nothing to do" in again.stdout
    done = build_here(*call, "--init", record)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("error: --init")


def test_nothing_of_a_single_face_is_in_a_restricted_datas_results(restricted):
    folder, _ = restricted
    faces = drawn(folder / ".artefacts/fer2013")
    splits = [split.images for split in (faces.train, faces.dev, faces.test) if split is not None]
    pixels = np.concatenate(splits).reshape(-1, 48 * 48)
    pixels = pixels - pixels.mean(1, keepdims=True)
    pixels = pixels / np.linalg.norm(pixels, axis=1, keepdims=True)
    arrays = 0
    for path in (folder / FER2013 / "results/fer2013").glob("*/arrays.npz"):
        for name, array in np.load(path).items():
            if array.shape[-2:] != (48, 48):
                continue
            arrays += 1
            pictures = array.reshape(-1, 48 * 48).astype(float)
            pictures -= pictures.mean(1, keepdims=True)
            pictures /= np.linalg.norm(pictures, axis=1, keepdims=True) + 1e-9
            assert np.abs(pictures @ pixels.T).max(initial=0) < 0.97, f"{path.parent.name}/{name}"
    assert arrays


def test_results_say_what_they_are_made_of(built):
    record = json.loads((built / RUN / "results/rendered/lime/recipe.json").read_text())
    assert set(record) == {"recipe", "inputs", "made_with"}
    assert "ferpipe.analyses.lime" in record["recipe"]["code"]
    assert {"torch", "lime"} <= set(record["made_with"]["versions"])
