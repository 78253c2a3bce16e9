"""A report from Python on somebody's own networks and pictures: any `nn.Module` that gives logits."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from ferpipe import named
from ferpipe.analyses import ANALYSES, brought
from ferpipe.analyses.brought import Brought, entered
from ferpipe.analyses.study import Study
from ferpipe.build import devices, effort, pages
from ferpipe.build.adopting import BARE, measured, said
from ferpipe.build.layout import DATASET, PAGE, Layout
from ferpipe.build.options import ROOT
from ferpipe.build.settings import OF_TRAINING
from ferpipe.data import classes as names
from ferpipe.data import given
from ferpipe.data.dataset import Dataset, Split
from ferpipe.errors import Slip
from ferpipe.networks import foreign, machine
from ferpipe.networks.resnet import normalise
from ferpipe.render import site
from ferpipe.results import stored
from ferpipe.results.settings import Asked
from ferpipe.size import SIDE
from ferpipe.storage import places
from ferpipe.storage.freshness import OF_FACES, Log, Memory, inputs

Pictures = np.ndarray | Tensor | Sequence[Any]
Labels = Sequence[int] | np.ndarray | Tensor
# what asks a ResNet's own parts, or the first convolution, or puts the network into the page
OF_RESNETS = (
    "filters", "filter_emotions", "conv1_outputs", "selectivity", "stages", "dissection", "photograph", "network",
)  # fmt: skip
KNOWN = ("rendered", "fer2013", "ferplus", "rafdb")  # data sets with pages of their own
OF_MAPS = ("scores", "portraits")  # every method of explanation, LayerCAM among them
OF_TRAIN = ("copies", "audit")  # of the training pictures


def report(
    networks: nn.Module | Sequence[nn.Module],
    pictures: Pictures,
    labels: Labels,
    classes: Sequence[str],
    output: str | Path,
    *,
    train: tuple[Pictures, Labels] | None = None,
    side: int = SIDE,
    mean: Sequence[float] | float | None = None,
    std: Sequence[float] | float | None = None,
    name: str = "own",
    shows: str | None = None,
    preset: str = "default",
    seed: int = 0,
    device: str = "auto",
    tell: Callable[[str], object] = print,
) -> Path:
    """Write a report on networks that answer `pictures` into the folder `output`, and return its first page.

    `networks`: one `nn.Module` or several, the ensemble; each gives logits (n, classes), or a tuple or mapping that
    has them, for pictures in one channel or three. They are left as they were. `pictures`: uint8, or floating point in
    [0, 1]; an array or a tensor (n, h, w), (n, h, w, 3) or (n, 1 or 3, h, w), or a list of arrays or of PIL pictures
    of any size. They are looked at as 48x48 grey levels, which a network is given enlarged to `side` pixels and
    normalised with `mean` and `std`; without these the usual ways are compared with what its batch normalisation has
    kept, and a network without such is given the usual one, which the page calls a guess.
    `labels`: (n,) indices into `classes`, 2 to 20 names. `train`: pictures and labels that the networks learned from.
    `shows`: "face" or "picture", by the classes unless it is said. `preset`: "default", or "smoke" for a trial in a
    minute. What cannot be asked of these networks is left out, and `tell` hears of it. The page shows the pictures: it
    is for this machine.

    Raises Slip, in one line, for what is none of this.
    """
    asked = [networks] if isinstance(networks, nn.Module) else list(networks) if isinstance(networks, Iterable) else []
    if not asked or not all(isinstance(network, nn.Module) for network in asked):
        raise Slip(f"networks: wanted a torch.nn.Module or a list of them, got {type(networks).__name__}")
    kind = str(device)  # a torch.device too; which of several GPUs it is, CUDA_VISIBLE_DEVICES says
    pair = train is None or (isinstance(train, tuple | list) and len(train) == 2)
    own = isinstance(name, str) and DATASET.fullmatch(name) and name not in KNOWN
    for what, value, fits, wanted in (
        ("classes", classes, isinstance(classes, Iterable) and not isinstance(classes, str), "a list of names"),
        ("output", output, isinstance(output, str | PathLike), "a folder"),
        ("train", type(train), pair, "a pair (pictures, labels)"),
        ("side", side, type(side) is int and 8 <= side <= 1024, "a whole number of pixels from 8 to 1,024"),
        ("name", name, own, "letters, digits, - and _, and none of a data set that is known"),
        ("shows", shows, shows is None or (isinstance(shows, str) and shows in ("face", "picture")), "face or picture"),
        ("preset", preset, isinstance(preset, str) and preset in ("default", "smoke"), "default or smoke"),
        ("tell", tell, callable(tell), "a function"),
        ("seed", seed, type(seed) is int and 0 <= seed < 2**31, "a whole number from 0"),
        ("device", device, kind in ("auto", "cpu", "cuda", "mps"), "auto, cpu, cuda or mps"),
    ):
        if not fits:
            raise Slip(f"{what}: got {' '.join(repr(value).split()):.60}, wanted {wanted}")
    if (mean is None) != (std is None):
        raise Slip("mean and std go together; without both, they are read off the network's batch normalisation")
    page = Path(output)
    try:
        places.check_folder("output", page, ROOT, (ROOT, Path.cwd()))
        places.check(page, site.names(page, None, name), PAGE, site.earlier(page), files=True)
    except (OSError, ValueError) as error:  # a name that no disk takes
        raise Slip(f"output: {_line(error)}") from None
    called = tuple(names.fit(str(each), "classes") for each in classes)
    if len(set(called)) < len(called) or not names.FEWEST <= len(called) <= names.MOST:
        raise Slip(f"classes: got {len(called)} names ({len(set(called))} different), wanted 2 to 20, each once")
    dev = split(pictures, labels, called, "pictures")
    learned = split(*train, called, "train") if train is not None else _none()
    place = devices.prepared(kind, machine.cores())
    members = [
        member(network, k, side, mean, std, dev, learned, called, place, tell) for k, network in enumerate(asked)
    ]
    dataset = Dataset(
        name,
        True,
        called,
        learned,
        dev,
        None,
        _notes(dev, learned, called),
        shows=shows or names.shows(called),
    )
    study = brought.Foreign(
        dataset, tuple(members), (), (), None, place, seed, effort.of(preset), Asked(preset, seed)
    )  # fmt: skip
    told = askable(study, train is not None)
    tell(f"left out: {', '.join(each for each in ANALYSES if each not in told)}")
    with tempfile.TemporaryDirectory(prefix="ferpipe-") as folder:
        base = Path(folder)
        layout = Layout(name, base, base, base / "results", page, restricted=True, published=False)
        memory = Memory(base, keeps=False)
        log = Log(memory, name, why=False)
        for each in told:
            with log.making(each, ["asked for"]):
                result = named.module("analyses", each).analyse(study)
                stored.write_faces(base / name, each, stored.arrays(result, "private"), "")
                record = {
                    "recipe": {"code": memory.code(f"ferpipe.analyses.{each}")},
                    "inputs": inputs(name, {}, memory.known),
                    "made_with": machine.description(place),
                }
                stored.write(layout.results / name / each, result, record, private=True)
        pages.render(layout, pages.Request(strict=False, release=False, rebuild=True), log)
    return page / "index.html"


def member(
    network: nn.Module, number: int, side: int, mean: Sequence[float] | float | None,
    std: Sequence[float] | float | None, dev: Split, learned: Split, classes: tuple[str, ...], device: torch.device,
    tell: Callable[[str], object],
) -> Brought:  # fmt: skip
    """Return a network with its answers; raises Slip where it gives none for these classes."""
    try:
        copy = deepcopy(network).cpu().eval()
    except (TypeError, RuntimeError, NotImplementedError) as error:
        raise Slip(f"networks[{number}] cannot be copied: {_line(error)}") from None
    probes = torch.from_numpy(dev.images[: foreign.PROBES])
    module, outputs = entered(copy, side, _values(mean, "mean"), _values(std, "std"), probes)
    if outputs != len(classes):
        raise Slip(f"networks[{number}] has {outputs} outputs, classes names {len(classes)}")
    inputs = normalise(probes)
    try:
        with torch.inference_mode():
            answers = module(inputs).float()
    except Exception as error:  # whatever a stranger's code raises
        raise Slip(f"networks[{number}] does not answer {len(probes)} pictures: {_line(error)}") from None
    try:
        few = inputs[:2].requires_grad_()
        torch.autograd.grad(module(few).sum(), few)
    except Exception as error:
        raise Slip(f"networks[{number}] has no gradient, which maps are made of: {_line(error)}") from None
    if not answers.isfinite().all():
        raise Slip(f"networks[{number}] gives answers that are no finite numbers")
    if answers.min() >= 0 and (answers.sum(1) - 1).abs().max() < 1e-3:
        raise Slip(f"networks[{number}] gives probabilities, wanted logits: leave out its softmax")
    name = f"{type(network).__name__}-{number}"
    tell(f"{name}: {module}")
    empty = np.zeros((0, outputs), np.float16)
    recipe = replace(BARE, stem="")
    adopted = Brought(
        name, recipe, {}, 1, empty[None], empty, machine.description(device), dict(copy.state_dict()),
        foreign=str(module), module=module,
    )  # fmt: skip
    dataset = Dataset(name, True, classes, learned, dev, None, {})
    try:
        adopted = cast("Brought", measured(adopted, dataset, device))
    except Slip:
        raise
    except Exception as error:  # whatever a stranger's code raises
        raise Slip(f"networks[{number}] does not answer {len(dev)} pictures: {_line(error)}") from None
    tell(said(adopted, dataset))
    return adopted


def split(pictures: Pictures, labels: Labels, classes: tuple[str, ...], what: str) -> Split:
    """Return pictures and labels as a split of 48x48 grey levels; raises Slip where they are none."""
    try:
        images = given.gathered(pictures)
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        raise Slip(f"{what}: {_line(error)}") from None
    try:
        numbers = np.asarray(labels.cpu() if isinstance(labels, Tensor) else labels)
    except (TypeError, ValueError, RuntimeError) as error:
        raise Slip(f"labels of {what}: {_line(error)}") from None
    if numbers.shape != (len(images),) or numbers.dtype.kind not in "iu":
        raise Slip(
            f"labels of {what}: got {numbers.shape} of {numbers.dtype}, wanted ({len(images)},) whole numbers, "
            "a label for each picture"
        )
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(classes):
        raise Slip(
            f"labels of {what}: from {numbers.min()} to {numbers.max()}, wanted 0 to {len(classes) - 1} "
            f"({', '.join(classes)})"
        )
    if len(np.unique(numbers)) < 2:
        raise Slip(f"labels of {what}: wanted pictures of two classes or more, got {len(np.unique(numbers))}")
    return Split(images, numbers.astype(np.int64), np.arange(len(images)).astype(str))


def askable(study: Study, learned: bool) -> tuple[str, ...]:
    """Return which analyses can be asked of networks that were brought along, in their order."""
    without = {*OF_TRAINING, *OF_RESNETS, *(() if learned else OF_TRAIN)}
    if study.dataset.shows != "face":
        without |= {*OF_FACES}
    if not brought.mapped(study):
        without |= {*OF_MAPS}
    return tuple(name for name in ANALYSES if name not in without)


def _values(value: Sequence[float] | float | None, what: str) -> tuple[float, ...]:
    try:
        values = tuple(np.asarray([] if value is None else value, float).ravel().tolist())
    except (TypeError, ValueError) as error:
        raise Slip(f"{what}: {_line(error)}") from None
    if not np.isfinite(values).all() or (what == "std" and min(values, default=1.0) <= 0):
        raise Slip(f"{what}: got {value}, wanted finite numbers{', above zero' * (what == 'std')}")
    return values


def _line(error: BaseException) -> str:
    """Return the first line of what an error says."""
    return f"{(str(error).splitlines() or [type(error).__name__])[0]:.200}"


def _none() -> Split:
    return Split(np.zeros((0, SIDE, SIDE), np.uint8), np.zeros(0, np.int64), np.zeros(0, str))


def _notes(dev: Split, learned: Split, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return what a reader would have noted of these pictures."""
    missing = {
        part: [name for label, name in enumerate(classes) if label not in set(np.asarray(split.labels).tolist())]
        if len(split)
        else []
        for part, split in (("train", learned), ("dev", dev))
    }
    return {
        "source": "Python", "form": "arrays", "pictures": len(dev) + len(learned), "converted": 0,
        "dev_held_out": False, "missing_classes": missing, "test_labels": False,
    }  # fmt: skip
