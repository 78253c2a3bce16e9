import pickle

import pytest
import torch
from safetensors.torch import save_file

from ferpipe.errors import Slip
from ferpipe.networks import start
from ferpipe.networks.resnet import ResNet18, normalise


@pytest.fixture(scope="module")
def theirs(resnet18):
    torch.manual_seed(0)
    return resnet18().state_dict()


def saved(path, state):
    torch.save(state, path)
    return str(path)


def test_torchvisions_weights_fit_and_a_grey_picture_is_answered_as_it_was_in_colour(theirs, tmp_path):
    theirs = {**theirs, "bn1.running_mean": torch.linspace(-1, 1, 64), "bn1.running_var": torch.linspace(0.5, 2, 64)}
    weights = start.read(saved(tmp_path / "w.pth", theirs))
    ours = ResNet18("imagenet", 64).eval()
    missing, unexpected = ours.load_state_dict(weights, strict=False)
    assert set(missing) == {"fc.weight", "fc.bias"} and not unexpected
    grey = torch.randint(0, 256, (2, 48, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    mean, deviation = (values.view(1, 3, 1, 1) for values in start.CHANNELS)
    colour = (grey[:, None].expand(2, 3, 48, 48) / 255 - mean) / deviation
    wanted = torch.nn.functional.conv2d(colour, theirs["conv1.weight"], stride=2, padding=3)
    wanted = torch.nn.functional.batch_norm(
        wanted, theirs["bn1.running_mean"], theirs["bn1.running_var"], theirs["bn1.weight"], theirs["bn1.bias"]
    )
    given = ours.bn1(ours.conv1(normalise(grey)))
    inside = slice(2, -2)  # beyond the edge each has its own zero
    torch.testing.assert_close(given[:, :, inside, inside], wanted[:, :, inside, inside], atol=1e-4, rtol=1e-4)


def test_torchvisions_own_weights_are_fetched_by_its_name(theirs, monkeypatch):
    from torchvision.models import ResNet18_Weights

    monkeypatch.setattr(type(ResNet18_Weights.IMAGENET1K_V1), "get_state_dict", lambda *_, **__: theirs)
    assert set(start.read("imagenet")) >= {"conv1.weight", "layer4.1.bn2.bias"}

    def unreachable(*_, **__):
        raise OSError("Name or service not known")

    monkeypatch.setattr(type(ResNet18_Weights.IMAGENET1K_V1), "get_state_dict", unreachable)
    with pytest.raises(Slip, match=r"could not be fetched \(Name or service not known\); name a file"):
        start.read("imagenet")


def test_without_fc_and_counters_as_safetensors_too(theirs, tmp_path):
    kept = {k: v.clone() for k, v in theirs.items() if not k.startswith("fc.") and not k.endswith("tracked")}
    save_file(kept, tmp_path / "w.safetensors")
    assert set(start.read(str(tmp_path / "w.safetensors"))) == set(kept)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("layer1.0.conv1.weight"), "'layer1.0.conv1.weight' is missing"),
        (lambda s: s.update({"layer5.weight": torch.zeros(1)}), "'layer5.weight' is unknown"),
        (
            lambda s: s.update({"conv1.weight": torch.zeros(64, 2, 7, 7)}),
            r"'conv1.weight' has the shape \(64, 2, 7, 7\)",
        ),
        (lambda s: s.update({"epoch": 3}), "not weights by name"),
    ],
)
def test_what_does_not_fit_is_named(theirs, tmp_path, change, message):
    state = dict(theirs)
    change(state)
    with pytest.raises(Slip, match=message):
        start.read(saved(tmp_path / "w.pth", state))


class Evil:
    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.parametrize("content", [b"", b"half a file", pickle.dumps(Evil())])
def test_a_file_that_is_not_weights_alone_is_refused(tmp_path, content, capsys):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(Slip, match="not a file of weights alone"):
        start.read(str(tmp_path / "w.pth"))
    assert "run" not in capsys.readouterr().out


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(Slip, match=r"none\.pth: no such file"):
        start.read(str(tmp_path / "none.pth"))
