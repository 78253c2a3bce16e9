"""A GPU is tried out before anything is made of it: what CUDA lists is not always what this torch can use."""

import pytest
import torch

from ferpipe.build import devices
from ferpipe.errors import Slip

TOLD = ("ignore:Please use the new API", "ignore:This API is going to be deprecated")  # by torch 2.8 and 2.9
pytestmark = pytest.mark.filterwarnings(*TOLD)


@pytest.fixture
def gpus(monkeypatch):
    """Two GPUs that are not there; returns what is said of them, to be changed, and the one that was made current."""
    said = {"capability": (9, 0), "current": None, "answers": 2.0}

    def ones(count, device):
        if isinstance(said["answers"], str):
            raise RuntimeError(said["answers"])
        return torch.full((count,), said["answers"])

    for name, value in {
        "is_available": lambda: True,
        "device_count": lambda: 2,
        "get_device_name": lambda device: "Tesla X",
        "get_device_capability": lambda device: said["capability"],
        "set_device": lambda device: said.update(current=device),
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(torch, "ones", ones)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    return said


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_a_gpu_is_made_the_current_one_of_each_rank_with_exact_convolutions(gpus, monkeypatch, name):
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert devices.usable(name) == gpus["current"] == torch.device("cuda", 1)
    assert not torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"capability": (6, 0)}, "Tesla X has compute capability 6.0, wanted 7.0"),
        (
            {"answers": "no kernel image is available\nmore"},
            f"torch {torch.__version__} (no kernel image is available)",
        ),
        ({"answers": ""}, f"Tesla X cannot be used by torch {torch.__version__} (it does not answer)"),
    ],
)
def test_a_gpu_that_this_torch_cannot_use_is_refused_in_one_line(gpus, capsys, said, line):
    gpus.update(said)
    with pytest.raises(Slip) as refused:
        devices.usable("cuda")
    assert f"{line}; take --device cpu" in str(refused.value) and "\n" not in str(refused.value)
    assert devices.usable("auto") == torch.device("cpu")
    assert capsys.readouterr().err.endswith(f"{line}: the processor is taken instead\n")


def test_auto_does_not_give_up_a_gpu_that_is_full_for_now(gpus):
    gpus.update(answers="CUDA error: out of memory")
    with pytest.raises(Slip, match="out of memory"):
        devices.usable("auto")


def test_the_processor_is_not_tried_out(monkeypatch):
    monkeypatch.setattr(devices, "_refusal", lambda device: pytest.fail(f"{device} was tried out"))
    assert devices.usable("cpu") == torch.device("cpu")
