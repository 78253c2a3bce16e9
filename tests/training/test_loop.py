import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from clones import split

from ferpipe.build import bench
from ferpipe.data.dataset import Split
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints, views
from ferpipe.networks.recipes import Recipe, overfitted, student
from ferpipe.networks.resnet import initialised
from ferpipe.training import loop

CPU = torch.device("cpu")
RECIPE = Recipe(width=8, epochs=3, batch=16, part=0)


TRAIN, DEV = split(70, 0), split(28, 1)


def trained(folder, recipe=RECIPE):
    loop.train(recipe, TRAIN, DEV, folder, {"recipe": {"parameters": recipe.parameters()}}, CPU)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    folder = tmp_path_factory.mktemp("members") / "m"
    trained(folder, Recipe(**{**RECIPE.parameters(), "epochs": 2}))
    return folder


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path):
    first = trained(tmp_path / "a")
    assert trained(tmp_path / "b") == first
    assert (
        trained(tmp_path / "c", Recipe(**{**RECIPE.parameters(), "seed": 1}))["dev_logits.npy"]
        != first["dev_logits.npy"]
    )


def test_a_killed_training_goes_on_and_ends_the_same(tmp_path, monkeypatch):
    whole = trained(tmp_path / "whole")
    epochs = []

    def dies(self):
        epochs.append(self.epoch)
        if len(epochs) == 2:
            raise KeyboardInterrupt
        close(self)

    close = loop.Training.close_epoch
    monkeypatch.setattr(loop.Training, "close_epoch", dies)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "killed")
    assert not (tmp_path / "killed").exists()
    assert trained(tmp_path / "killed") == whole
    assert epochs == [0, 1, 1, 2]  # the second epoch was done again, the first was not
    assert sorted(p.name for p in tmp_path.iterdir()) == ["killed", "whole"]


def test_the_state_of_another_recipe_is_not_gone_on_from(tmp_path):
    training = loop.Training(RECIPE, TRAIN, DEV, CPU)
    list(training.run_epoch())
    training.close_epoch()
    (tmp_path / "resume").write_bytes(training.saved({"seed": 0}))
    for recipe, epoch in (({"seed": 0}, 1), ({"seed": 1}, 0)):
        other = loop.Training(RECIPE, TRAIN, DEV, CPU)
        other.restore(tmp_path / "resume", recipe)
        assert other.epoch == epoch
    (tmp_path / "resume").write_bytes(b"half")
    other.restore(tmp_path / "resume", {"seed": 1})
    assert other.epoch == 0


def test_a_network_learns_and_its_member_answers_as_recorded(tmp_path):
    recipe = Recipe(width=8, epochs=12, batch=16, average=0.0, shift=0.0, rotate=0.0, scale=0.0, erase=0.0, flip=False)
    trained(tmp_path / "m", recipe)
    member = checkpoints.load(tmp_path / "m")
    assert member.history["dev_accuracy"][member.epoch - 1] > 0.8
    assert member.history["dev_loss"][member.epoch - 1] == min(member.history["dev_loss"])
    logits = views.logits(member.network(CPU), torch.from_numpy(DEV.images))
    np.testing.assert_allclose(logits.numpy(), member.dev_logits, atol=2e-2)  # float16


def test_the_overfitting_recipe_has_no_regulariser():
    recipe = overfitted(RECIPE, part=40, epochs=5)
    parameters = recipe.parameters()
    off = ("weight_decay", "label_smoothing", "average", "flip", "rotate", "scale", "shift", "light", "erase", "mask",
           "mixup", "cutmix", "small")  # fmt: skip
    assert not any(parameters[name] for name in off)
    assert (recipe.part, recipe.epochs, recipe.role) == (40, 5, "overfitted")


def test_the_rate_rises_to_its_peak_and_falls(tmp_path):
    training = loop.Training(RECIPE, TRAIN, DEV, CPU)
    rates = [training.rate(step) for step in range(training.steps * RECIPE.epochs)]
    assert max(rates) <= 1 and np.argmax(rates) == pytest.approx(0.2 * len(rates), abs=1)


def broken_weights(folder):
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def no_weights(folder):
    (folder / "weights.safetensors").unlink()


def other_recipe(folder):
    record = json.loads((folder / "recipe.json").read_text())
    record["recipe"]["parameters"]["width"] = 16
    (folder / "recipe.json").write_text(json.dumps(record))


def no_json(folder):
    (folder / "history.json").write_text("{")


@pytest.mark.parametrize("fault", [broken_weights, no_weights, other_recipe, no_json])
def test_a_damaged_member_is_refused_by_name(one, tmp_path, fault):
    shutil.copytree(one, tmp_path / "m")
    fault(tmp_path / "m")
    with pytest.raises(Slip, match="m"):
        checkpoints.load(tmp_path / "m")


def test_small_epochs_come_first_and_are_never_chosen(tmp_path):
    recipe = Recipe(**{**RECIPE.parameters(), "epochs": 4, "small": 3, "learning_rate": 0.0, "muon": 0.0})
    training, seen = loop.Training(recipe, TRAIN, DEV, CPU), []
    training.network.conv1.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[2]))
    for _ in range(4):
        seen.clear()
        list(training.run_epoch())
        training.close_epoch()
        assert set(seen) == {32 if training.epoch <= 3 else 48}
        assert training.chosen == training.epoch  # whatever the losses are
    trained(tmp_path / "m", recipe)
    assert checkpoints.load(tmp_path / "m").epoch == 4


def test_views_are_the_chosen_weights_own(one):
    member = checkpoints.load(one)
    wanted = views.averaged(member.network(CPU), torch.from_numpy(DEV.images))
    np.testing.assert_allclose(wanted.numpy(), member.view_logits, atol=2e-2)  # float16


def test_an_overfitting_model_answers_each_face_once(tmp_path):
    trained(tmp_path / "m", overfitted(RECIPE, part=40, epochs=2))
    member = checkpoints.load(tmp_path / "m")
    assert np.array_equal(member.view_logits, member.epoch_logits[member.epoch - 1])


def test_a_student_learns_what_it_is_taught():
    """Its teachers say one class whatever they see, and its labels count for little: so does it by the end."""
    teachers = [initialised("imagenet", 8, seed) for seed in range(2)]
    for teacher in teachers:
        torch.nn.init.zeros_(teacher.fc.weight)
        teacher.fc.bias.data = torch.tensor([0.0, 0, 0, 9, 0, 0, 0])
    recipe = student(replace(RECIPE, epochs=6, small=2, average=0.0), [], distil=0.9)
    one = loop.Training(recipe, TRAIN, DEV, CPU, teachers=[t.eval() for t in teachers])
    torch.testing.assert_close(one.taught(torch.zeros(2, 1, 32, 32))[:, 3], torch.ones(2), atol=1e-2, rtol=0)
    for _ in range(6):
        list(one.run_epoch())
        one.close_epoch()
    assert (one.logits[-1].argmax(1) == 3).all()
    assert one.recipe.role == "student" and one.recipe.label_smoothing == 0


def test_teachers_are_asked_about_each_face_as_it_is_trained_on(monkeypatch):
    seen, asked = [], []
    recipe = student(replace(RECIPE, epochs=2, small=1, mixup=0.3), [])
    one = loop.Training(recipe, TRAIN, DEV, CPU, teachers=[initialised("pooled", 8, 0).eval()])
    monkeypatch.setattr(one, "forward", lambda inputs: seen.append(inputs.clone()) or one.network(inputs))
    monkeypatch.setattr(
        one, "taught", lambda inputs: asked.append(inputs.clone()) or torch.full((len(inputs), 7), 1 / 7)
    )
    for _ in range(2):
        list(one.run_epoch())
        one.close_epoch()
    assert {len(face[0]) and face.shape[2] for face in seen} == {32, 48}
    assert all(torch.equal(a, b) for a, b in zip(seen, asked, strict=True))


def test_each_train_faces_margin_is_kept(tmp_path):
    """Two faces carry the other's label: theirs are the lowest margins."""
    labels = TRAIN.labels.copy()
    labels[[3, 11]] = labels[[11, 3]]
    recipe = Recipe(width=8, epochs=12, batch=14, average=0.0, shift=0.0, rotate=0.0, scale=0.0, flip=False)
    data = Split(TRAIN.images, labels, TRAIN.names)
    loop.train(recipe, data, DEV, tmp_path / "m", {"recipe": {"parameters": recipe.parameters()}}, CPU)
    member = checkpoints.load(tmp_path / "m")
    assert member.margins.dtype == np.float16 and member.margins.shape == (70,)
    assert set(np.argsort(member.margins)[:2]) == {3, 11}
    part = loop.Training(replace(RECIPE, part=20, batch=10), TRAIN, DEV, CPU)
    list(part.run_epoch())
    part.close_epoch()
    assert np.isfinite(part.margins).sum() == 20  # of the others nothing is known


def test_training_starts_from_the_weights_that_are_given():
    start = {"conv1.weight": torch.full((64, 1, 7, 7), 0.25)}
    training = loop.Training(RECIPE, TRAIN, DEV, CPU, start=start)
    assert (training.network.conv1.weight == 0.25).all()
    assert not torch.equal(training.network.fc.weight, torch.zeros_like(training.network.fc.weight))


@pytest.mark.parametrize("parts", [{"mixup": 0.3, "erase": 0.5, "muon": 0.0}, {"cutmix": 0.5, "mask": 0.5}])
def test_every_part_of_a_recipe_ends_the_same_after_a_stop(tmp_path, parts):
    recipe = Recipe(**{**RECIPE.parameters(), "epochs": 2, **parts})
    whole = trained(tmp_path / "whole", recipe)
    training = loop.Training(recipe, TRAIN, DEV, CPU)
    list(training.run_epoch())
    training.close_epoch()
    state = training.saved({"parameters": recipe.parameters()})
    (tmp_path / "resume-stopped.safetensors").write_bytes(state)
    assert trained(tmp_path / "stopped", recipe) == whole


def test_a_kind_is_compiled_once_and_starts_anew_for_each_member(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda network, **_: compiled.append(network) or network)
    first = loop.Training(RECIPE, TRAIN, DEV, CPU, compiled=True)
    begun = {name: value.clone() for name, value in first.network.state_dict().items()}
    list(first.run_epoch())
    assert not torch.equal(first.network.fc.weight, begun["fc.weight"])
    again = loop.Training(RECIPE, TRAIN, DEV, CPU, compiled=True)
    assert again.network is first.network and len(compiled) == 1
    assert all(torch.equal(value, begun[name]) for name, value in again.network.state_dict().items())
    loop.Training(Recipe(**{**RECIPE.parameters(), "stem": "pooled"}), TRAIN, DEV, CPU, compiled=True)
    assert len(compiled) == 2
    loop._compiled.cache_clear()


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-4] + bytes(4),
                                    lambda b: b.replace(b'\\"dev_loss\\": [', b'\\"dev_loss\\": [1', 1)])  # fmt: skip
def test_a_damaged_state_to_resume_from_is_told_and_not_gone_on_from(tmp_path, capsys, damage):
    training = loop.Training(RECIPE, TRAIN, DEV, CPU)
    list(training.run_epoch())
    training.close_epoch()
    whole = training.saved({})
    assert damage(whole) != whole
    (tmp_path / "resume").write_bytes(damage(whole))
    other = loop.Training(RECIPE, TRAIN, DEV, CPU)
    other.restore(tmp_path / "resume", {})
    assert other.epoch == 0 and f"{tmp_path / 'resume'} is damaged" in capsys.readouterr().err


def test_a_stopped_training_that_cannot_go_on_is_told_before_it_begins_anew(tmp_path):
    state, recipe = tmp_path / "resume", {"code": {"ferpipe.training.loop": "1"}, "threads": 2}
    assert bench.left(state, recipe) == ""  # nothing there
    training = loop.Training(RECIPE, TRAIN, DEV, CPU)
    list(training.run_epoch())
    training.close_epoch()
    state.write_bytes(training.saved(recipe))
    assert bench.left(state, recipe) == ""  # it goes on
    edited = bench.left(state, {**recipe, "code": {"ferpipe.training.loop": "2"}})
    assert edited.startswith("1 trained epochs cannot be gone on from, since training/loop.py was edited")
    assert "it ran on 2 threads and not on 4" in bench.left(state, {**recipe, "threads": 4})
    state.write_bytes(b"half")
    assert bench.left(state, recipe) == ""  # told by `restore`


@pytest.mark.parametrize("part", ["weights", "loss"])
def test_a_loss_that_is_not_finite_stops_the_member_and_keeps_the_last_epoch(tmp_path, monkeypatch, part):
    def poisoned(self):
        yield from run(self)
        if self.epoch == 1 and part == "weights":  # of the last step: the loss was measured before it
            with torch.no_grad():
                self.average.fc.bias[0] = float("inf")

    run = loop.Training.run_epoch
    monkeypatch.setattr(loop.Training, "run_epoch", poisoned)
    if part == "loss":
        monkeypatch.setattr(loop, "mix", lambda inputs, targets, *_: (inputs * epoch_factor(), targets))
        steps = []

        def epoch_factor():
            steps.append(1)
            return 1 if len(steps) <= 4 else float("nan")  # the first epoch has four steps

    with pytest.raises(Slip, match=r"loss is (nan|inf) in epoch 2 of 3 .*: epochs 1 to 1 are kept; try another --seed"):
        trained(tmp_path / "m")
    assert [path.name for path in tmp_path.iterdir()] == ["resume-m.safetensors"]
    other = loop.Training(RECIPE, TRAIN, DEV, CPU)
    other.restore(tmp_path / "resume-m.safetensors", {"parameters": RECIPE.parameters()})
    assert other.epoch == 1 and np.isfinite(other.history["dev_loss"]).all()


def flipped_digit(folder):
    text = (folder / "history.json").read_text()
    assert '"chosen": 3' in text or '"chosen": 2' in text
    (folder / "history.json").write_text(text.replace('"dev_loss": [\n   ', '"dev_loss": [\n   1'))


def other_answers(folder):
    values = np.load(folder / "dev_views.npy")
    np.save(folder / "dev_views.npy", values + 1)


def other_device(folder):
    text = (folder / "recipe.json").read_text()
    (folder / "recipe.json").write_text(text.replace('"cpu ', '"gpu '))


@pytest.mark.parametrize("fault", [flipped_digit, other_answers, other_device])
def test_a_member_whose_files_were_changed_is_refused_by_name(one, tmp_path, fault):
    shutil.copytree(one, tmp_path / "m")
    checkpoints.load(tmp_path / "m")
    fault(tmp_path / "m")
    with pytest.raises(Slip, match="is damaged"):
        checkpoints.load(tmp_path / "m")


def without_hashes(folder, **changes):
    """A member as anybody could have made it: no hash speaks against it."""
    record = json.loads((folder / "recipe.json").read_text())
    record = {key: value for key, value in record.items() if key not in ("files", "hash")} | changes
    (folder / "recipe.json").write_text(json.dumps(record))
    return record


def far_too_wide(folder):
    record = without_hashes(folder)
    record["recipe"]["parameters"]["width"] = 10**6
    (folder / "recipe.json").write_text(json.dumps(record))


def absurd_shape(folder):
    without_hashes(folder)
    content = (folder / "dev_logits.npy").read_bytes()
    header = str({"descr": "<f2", "fortran_order": False, "shape": (10**9, 28, 7)}).ljust(117) + "\n"
    (folder / "dev_logits.npy").write_bytes(content[:10] + header.encode() + content[128:])


def pickled(folder):
    without_hashes(folder)
    np.save(folder / "dev_views.npy", np.array([print], object), allow_pickle=True)


def no_epoch(folder):
    without_hashes(folder)
    history = json.loads((folder / "history.json").read_text())
    (folder / "history.json").write_text(json.dumps({**history, "chosen": 99}))


def too_deep(folder):
    without_hashes(folder)
    (folder / "history.json").write_text("[" * 10**5)


def list_of_lists(folder):
    (folder / "recipe.json").write_text("[[]]")


@pytest.mark.parametrize("fault", [far_too_wide, absurd_shape, pickled, no_epoch, too_deep, list_of_lists])
def test_a_strangers_member_is_refused_before_memory_is_taken_for_it(one, tmp_path, fault):
    shutil.copytree(one, tmp_path / "m")
    without_hashes(tmp_path / "m")
    checkpoints.load(tmp_path / "m")
    fault(tmp_path / "m")
    with pytest.raises(Slip, match="m"):
        checkpoints.load(tmp_path / "m")
