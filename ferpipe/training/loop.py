"""The one training loop: for the analysis model, the overfitting model and the ensemble's members.

After Keller Jordan's airbench and hlb-CIFAR10: the whole split on the device as uint8, augmentation on the batch,
channels_last, Nesterov SGD and Muon with one cycle, label smoothing, averaged weights, on CUDA one compilation for all
members. After every epoch the state is written, so that a killed training goes on from there; each epoch draws from a
generator of its own, so that it ends the same.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from ferpipe.data.dataset import Split
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints, machine, views
from ferpipe.networks.folding import folded
from ferpipe.networks.members import CURVES
from ferpipe.networks.recipes import Recipe
from ferpipe.networks.resnet import ResNet18, initialised, normalise
from ferpipe.size import SIDE
from ferpipe.storage import atomic, encoding
from ferpipe.storage.encoding import JSON
from ferpipe.storage.fingerprints import of_bytes
from ferpipe.training.augment import augment, mix
from ferpipe.training.optimisers import SGD, Muon

SMALL = 32  # pixels a side in a recipe's first, small epochs
Weights = dict[str, Tensor]


def train(
    recipe: Recipe,
    train: Split,
    dev: Split,
    folder: Path,
    record: JSON,
    device: torch.device,
    start: Weights | None = None,
    teachers: np.ndarray | None = None,
    classes: int = 7,
) -> None:
    """Train a network and put it into `folder` as checkpoints.py describes; goes on where a killed training stopped.

    `start` are weights to begin with instead of drawn ones, `teachers` probabilities (n, classes) for train's faces.
    """
    training = Training(recipe, train, dev, device, start, teachers, classes)
    resume = folder.with_name(f"resume-{folder.name}.safetensors")
    training.restore(resume, record["recipe"])
    total, done = training.steps * recipe.epochs, training.steps * training.epoch
    with tqdm(total=total, initial=done, desc=folder.name, unit="step", mininterval=1) as bar:
        while training.epoch < recipe.epochs:
            for _ in training.run_epoch():
                bar.update()
            training.close_epoch()
            atomic.write(resume, training.saved(record["recipe"]))
            bar.set_postfix_str(f"dev {training.history['dev_accuracy'][-1]:.1%}")
    best = training.network
    best.load_state_dict(training.best)
    with atomic.folder(folder) as new:
        weights = save(training.best)
        (new / "weights.safetensors").write_bytes(weights)
        (new / "history.json").write_bytes(encoding.json_bytes({"epochs": training.history, "chosen": training.chosen}))
        (new / "dev_logits.npy").write_bytes(encoding.npy_bytes(np.stack(training.logits)))
        answers = training.logits[training.chosen - 1]
        if recipe.role != "overfitted":  # of which only the curves are looked at
            answers = views.averaged(best, training.dev[0]).half().numpy()
        (new / "dev_views.npy").write_bytes(encoding.npy_bytes(answers))
        record = {**record, "weights": of_bytes(weights), "made_with": machine.description(device)}
        (new / "recipe.json").write_bytes(encoding.json_bytes(checkpoints.sealed(new, record)))
    resume.unlink(missing_ok=True)


class Training:
    """A network on its way: weights, optimiser, averages and history, between two epochs always whole."""

    def __init__(
        self,
        recipe: Recipe,
        train: Split,
        dev: Split,
        device: torch.device,
        start: Weights | None = None,
        teachers: np.ndarray | None = None,
        classes: int = 7,
    ) -> None:
        rng = np.random.default_rng([recipe.seed, 1])
        chosen = np.sort(rng.permutation(len(train))[: recipe.part or len(train)])
        sample = torch.from_numpy(np.sort(rng.permutation(len(chosen))[: len(dev)])).to(device)
        assert train.labels is not None and dev.labels is not None
        self.recipe, self.device = recipe, device
        self.images = torch.from_numpy(train.images[chosen]).to(device)  # uint8
        labels = torch.from_numpy(train.labels[chosen]).to(device)
        self.targets = F.one_hot(labels, classes).float()
        if recipe.distil:
            assert teachers is not None
            taught = torch.from_numpy(teachers[chosen].astype(np.float32)).to(device)
            self.targets = torch.lerp(self.targets, taught, recipe.distil)
        self.sample = (self.images[sample], labels[sample])  # train's own curve: as many faces as dev has
        self.dev = (torch.from_numpy(dev.images).to(device), torch.from_numpy(dev.labels).to(device))
        first = initialised(recipe.stem, recipe.width, recipe.seed, classes)
        self.network, self.forward = _network(recipe.stem, recipe.width, classes, device)
        self.network.load_state_dict({**first.state_dict(), **(start or {})})
        self.steps = max(1, len(chosen) // recipe.batch)  # the last, smaller batch waits for the next epoch's order
        self.optimisers = _optimisers(self.network, recipe)
        decay = 1 - 1 / max(1.0, recipe.average * self.steps)
        self.average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
        self.epoch = 0
        self.history: dict[str, list[float]] = {name: [] for name in CURVES}
        self.logits: list[np.ndarray] = []  # per epoch (n, classes) float16
        self.best: Weights = {}

    @property
    def chosen(self) -> int:
        """The epoch, from 1, of the lowest dev loss among those at full size; the last one before there are any."""
        first = min(self.recipe.small, self.epoch - 1)
        return first + int(np.argmin(self.history["dev_loss"][first:])) + 1

    @property
    def side(self) -> int:
        """The pixels a side that the network sees in this epoch."""
        return SMALL if self.epoch < self.recipe.small else SIDE

    @property
    def momenta(self) -> list[Tensor]:
        """The optimisers' momenta, one for each weight."""
        return [buffer for optimiser in self.optimisers for buffer in optimiser.buffers]

    def rate(self, step: int) -> float:
        """Return a step's share of the peak learning rates: up in a line to 1, then down to nearly nothing."""
        done = step / (self.steps * self.recipe.epochs)
        return max(0.01, min(done / self.recipe.warmup, (1 - done) / (1 - self.recipe.warmup)))

    def run_epoch(self) -> Iterator[None]:
        """Train on every face once, in an order of the epoch's own; yields after each step."""
        recipe = self.recipe
        seed = np.random.SeedSequence([recipe.seed, 2, self.epoch]).generate_state(1)[0]
        generator = torch.Generator().manual_seed(int(seed))
        order = torch.randperm(len(self.images), generator=generator)
        if len(order) < recipe.batch:  # a whole one all the same: torch 2.15 crashes on some odd batches in bf16
            order = order.repeat(-(-recipe.batch // len(order)))[: recipe.batch]
        # left and right alternate for each face from epoch to epoch: first a draw, then its opposite
        flipped = torch.rand(len(self.images), generator=torch.Generator().manual_seed(recipe.seed)) < 0.5
        flipped = (flipped ^ bool(self.epoch % 2)) & recipe.flip
        self.network.train()
        for step in range(self.steps):
            batch = order[step * recipe.batch : (step + 1) * recipe.batch]
            faces = batch.to(self.device)
            inputs = augment(normalise(self.images[faces]), flipped[batch], recipe, generator, self.side)
            inputs, targets = mix(inputs, self.targets[faces], recipe, generator)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=machine.half(self.device)):
                logits = self.forward(inputs)
            loss = F.cross_entropy(logits.float(), targets, label_smoothing=recipe.label_smoothing)
            self.network.zero_grad()
            loss.backward()
            for optimiser in self.optimisers:
                optimiser.step(self.rate(self.epoch * self.steps + step))
            if recipe.average:
                self.average.update_parameters(self.network)
            yield
        self._check_finite("training", loss.item())

    def _check_finite(self, name: str, loss: float) -> None:
        """Raise Slip for a loss that is not finite: from such an epoch nothing is kept."""
        if not np.isfinite(loss):
            whole = f"epochs 1 to {self.epoch} are kept" if self.epoch else "no epoch is kept"
            raise Slip(
                f"the {name} loss is {loss} in epoch {self.epoch + 1} of {self.recipe.epochs} ({self.recipe.role} with "
                f"seed {self.recipe.seed}, learning rate {self.recipe.learning_rate}): {whole}; "
                "try another --seed or --epochs, or --device cpu"
            )

    def close_epoch(self) -> None:
        """Measure the averaged network on dev and on a sample of train, without augmentation, and keep the best."""
        network = self.average.module if self.recipe.average else self.network
        quick = folded(network.eval(), self.side)
        for name, (images, labels) in (("train", self.sample), ("dev", self.dev)):
            logits = views.logits(quick, images, self.side)
            self._check_finite(name, F.cross_entropy(logits.half().double(), labels.cpu()).item())  # as it is kept
            self.history[f"{name}_loss"].append(F.cross_entropy(logits.double(), labels.cpu()).item())
            self.history[f"{name}_accuracy"].append((logits.argmax(1) == labels.cpu()).double().mean().item())
        self.logits.append(logits.half().numpy())
        self.epoch += 1  # from here on `chosen` counts it
        if self.chosen == self.epoch:
            state = network.state_dict()
            self.best = {name: value.detach().clone().cpu().contiguous() for name, value in state.items()}

    def saved(self, recipe: JSON) -> bytes:
        """Return the state between two epochs as safetensors."""
        tensors = {f"network/{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"average/{k}": v for k, v in self.average.state_dict().items()}
        tensors |= {f"best/{k}": v for k, v in self.best.items()}
        tensors |= {f"momentum/{k}": buffer for k, buffer in enumerate(self.momenta)}
        tensors["logits"] = torch.from_numpy(np.stack(self.logits))
        state = json.dumps({"epoch": self.epoch, "history": self.history, "recipe": recipe})
        tensors = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
        return save(tensors, {"state": state, "hash": _hash(state, tensors)})

    def restore(self, path: Path, recipe: JSON) -> None:
        """Go on from the state in `path`, if it is there, whole, and of the same recipe."""
        try:
            with safe_open(path, "pt") as file:
                state, digest = file.metadata()["state"], file.metadata()["hash"]
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        except FileNotFoundError:
            return
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            state, digest, tensors = "", "", {}
        if digest != _hash(state, tensors):
            print(f"{path} is damaged: trained again from the first epoch", file=sys.stderr)
            return
        meta = json.loads(state)
        if meta["recipe"] != recipe:
            return

        def part(prefix: str) -> Weights:
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        self.network.load_state_dict(part("network/"))
        self.average.load_state_dict(part("average/"))
        self.best = part("best/")
        for k, buffer in enumerate(self.momenta):
            buffer.copy_(tensors[f"momentum/{k}"])
        self.epoch, self.history, self.logits = meta["epoch"], meta["history"], list(tensors["logits"].numpy())


def _hash(state: str, tensors: Weights) -> str:
    """Return the hash of a state: safetensors itself has none."""
    digest = hashlib.sha256(state.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _network(stem: str, width: int, classes: int, device: torch.device) -> tuple[ResNet18, Callable[[Tensor], Tensor]]:
    """Return a network and what calls it: on CUDA both are made, and compiled, once for all members of a kind."""
    if device.type == "cuda":
        return _compiled(stem, width, classes, device)
    network = initialised(stem, width, 0, classes).to(memory_format=torch.channels_last).to(device)
    return network, network


@cache
def _compiled(stem: str, width: int, classes: int, device: torch.device) -> tuple[ResNet18, Callable[[Tensor], Tensor]]:
    network = initialised(stem, width, 0, classes).to(memory_format=torch.channels_last).to(device)
    return network, torch.compile(network, dynamic=False)


def _optimisers(network: ResNet18, recipe: Recipe) -> list[SGD]:
    """Return SGD and, where the recipe has a rate for it, Muon for the convolutions of the stages."""
    named = dict(network.named_parameters())
    stages = [name for name, p in named.items() if p.ndim == 4 and name.startswith("layer") and recipe.muon]
    rest = [p for name, p in named.items() if name not in stages]
    optimisers = [
        SGD([p for p in rest if p.ndim > 1], recipe.learning_rate, recipe.momentum, recipe.weight_decay),
        SGD([p for p in rest if p.ndim == 1], recipe.learning_rate, recipe.momentum),
    ]
    if stages:
        optimisers.append(Muon([named[name] for name in stages], recipe.muon, recipe.momentum))
    return optimisers
