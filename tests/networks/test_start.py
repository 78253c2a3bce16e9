import pickle

import pytest
import torch
from safetensors.torch import save_file

from ferpipe.errors import Slip
from ferpipe.networks import start
from ferpipe.networks.resnet import ResNet18


@pytest.fixture(scope="module")
def theirs(resnet18):
    torch.manual_seed(0)
    return resnet18().state_dict()


def saved(path, state):
    torch.save(state, path)
    return path


def test_torchvisions_weights_fit_and_grey_answers_as_colour_did(theirs, tmp_path):
    weights = start.read(saved(tmp_path / "w.pth", theirs))
    ours = ResNet18("imagenet", 64)
    missing, unexpected = ours.load_state_dict(weights, strict=False)
    assert set(missing) == {"fc.weight", "fc.bias"} and not unexpected
    grey = torch.randn(2, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    wanted = torch.nn.functional.conv2d(grey.expand(2, 3, 48, 48), theirs["conv1.weight"], stride=2, padding=3)
    torch.testing.assert_close(ours.conv1(grey), wanted, atol=1e-5, rtol=1e-5)


def test_without_fc_and_counters_as_safetensors_too(theirs, tmp_path):
    kept = {k: v.clone() for k, v in theirs.items() if not k.startswith("fc.") and not k.endswith("tracked")}
    save_file(kept, tmp_path / "w.safetensors")
    assert set(start.read(tmp_path / "w.safetensors")) == set(kept)


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
        start.read(tmp_path / "w.pth")
    assert "run" not in capsys.readouterr().out


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(Slip, match=r"none\.pth: no such file"):
        start.read(tmp_path / "none.pth")
