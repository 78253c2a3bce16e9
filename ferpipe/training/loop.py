"""The one training loop: for the analysis model, the overfitting model and the ensemble's members.

After Keller Jordan's airbench and hlb-CIFAR10: the whole split on the device as uint8, augmentation on the batch,
channels_last, Nesterov SGD and Muon with one cycle, label smoothing, averaged weights. What a step reads and writes
lies on the device: the epoch's draws, the rates, the count of steps; nothing is read back before the epoch ends, and on
CUDA a step is one graph. After every epoch the state is written, so that a killed training goes on from there; each
epoch draws from a generator of its own, so that it ends the same.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from ferpipe.data.dataset import Split
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints, machine, views
from ferpipe.networks.folding import folded
from ferpipe.networks.members import CURVES, HELD
from ferpipe.networks.recipes import Recipe
from ferpipe.networks.resnet import ResNet18, initialised, normalise
from ferpipe.size import SIDE
from ferpipe.storage import atomic, encoding
from ferpipe.storage.encoding import JSON
from ferpipe.storage.fingerprints import of_bytes
from ferpipe.training import draws, graphs
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
    teachers: Sequence[nn.Module] = (),
    classes: int = 7,
    compiled: bool = False,
) -> None:
    """Train a network and put it into `folder` as checkpoints.py describes; goes on where a killed training stopped.

    `start` are weights to begin with instead of drawn ones, `teachers` the networks whose answers a recipe with
    `distil` learns, in evaluation mode and on `device`.
    """
    training = Training(recipe, train, dev, device, start, teachers, classes, compiled)
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
        (new / checkpoints.MARGINS).write_bytes(encoding.npy_bytes(training.margins))
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
        teachers: Sequence[nn.Module] = (),
        classes: int = 7,
        compiled: bool = False,
    ) -> None:
        rng = np.random.default_rng([recipe.seed, 1])
        order = rng.permutation(len(train))
        held, order = np.sort(order[: recipe.held]), order[recipe.held :]
        part = np.sort(order[: recipe.part or len(train)])
        sample = np.sort(rng.permutation(len(part))[: len(dev) // 3])
        assert train.labels is not None and dev.labels is not None
        self.recipe, self.device, self.part = recipe, device, torch.from_numpy(part)
        self.labels = torch.from_numpy(train.labels[part])
        self.images = torch.from_numpy(train.images[part]).to(device)  # uint8
        self.truth = self.labels.to(device)
        self.targets = F.one_hot(self.truth, classes).float()
        self.precision = torch.bfloat16 if machine.half(device) else torch.float32
        self.teachers = [folded(teacher).to(self.precision) for teacher in teachers]
        # train's own curve: a third as many faces as dev has
        self.sample = (self.images[torch.from_numpy(sample).to(device)], self.labels[sample])
        self.dev = (torch.from_numpy(dev.images).to(device), torch.from_numpy(dev.labels))
        self.held = (torch.from_numpy(train.images[held]).to(device), torch.from_numpy(train.labels[held]))
        first = initialised(recipe.stem, recipe.width, recipe.seed, classes, recipe.enlarge)
        self.network, self.forward = _network(recipe, classes, device, compiled)
        self.network.load_state_dict({**first.state_dict(), **(start or {})})
        self.average = deepcopy(self.network)
        # the last, smaller batch waits for the next epoch's order; where there is less than one, faces come again:
        # torch 2.15 crashes on some odd batches in bf16
        self.steps = max(1, len(part) // recipe.batch)
        self.optimisers = _optimisers(self.network, recipe)
        every = range(self.steps * recipe.epochs)
        self.rates = torch.tensor([self.rate(step) for step in every], device=device)
        self.shares = torch.tensor([self.share(step) for step in every], device=device)
        self.done = torch.zeros(1, dtype=torch.int64, device=device)  # steps
        self.loss = torch.zeros((), device=device)  # of the last step
        self.noted = torch.zeros(self.steps, recipe.batch, device=device)  # the epoch's margins
        self.draws: draws.Draws | None = None  # the epoch's
        self.advance = self.step  # or a graph of it
        self.epoch = 0
        self.history: dict[str, list[float]] = {name: [] for name in (*CURVES, *([HELD] if recipe.held else []))}
        self.logits: list[np.ndarray] = []  # per epoch (n, classes) float16
        self.best: Weights = {}
        self.sums = torch.zeros(len(train), 2)  # of each face's margins, and how many they are

    @property
    def chosen(self) -> int:
        """The epoch, from 1, of the lowest loss on dev, or on the faces that are held out, among those at full size.

        The last one before there are any.
        """
        first = min(self.recipe.small, self.epoch - 1)
        losses = self.history[HELD if self.recipe.held else "dev_loss"]
        return first + int(np.argmin(losses[first:])) + 1

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

    def share(self, step: int) -> float:
        """Return the share of a step's weights in the running mean: of all steps at first, then of the last ones."""
        return max(1 / max(1.0, self.recipe.average * self.steps), 1 / (step + 1))

    @property
    def margins(self) -> np.ndarray:
        """The running margins of train's faces, (n,) float16: the label's logit less the largest other one.

        The mean over the epochs, as the network was trained on them (Pleiss et al. 2020); not a number for faces that
        it was not.
        """
        return (self.sums[:, 0] / self.sums[:, 1]).clamp(-6e4, 6e4).half().numpy()

    def run_epoch(self) -> Iterator[None]:
        """Train on every face once, in an order of the epoch's own; yields after each step."""
        self._prepare(draws.epoch(self.recipe, self.epoch, self.labels, self.steps, self.side))
        for _ in range(self.steps):
            self.advance()
            yield
        self._check_finite("training", self.loss.item())

    def _prepare(self, drawn: draws.Draws) -> None:
        """Send an epoch's draws to the device, to the same place as the last ones where the faces are as large."""
        self.network.train()
        self.done.fill_(self.epoch * self.steps)
        if self.draws is not None and self.epoch != self.recipe.small:
            return self.draws.copy_(drawn)
        self.draws, self.advance = drawn.to(self.device), self.step
        if self.device.type == "cuda":
            self.advance = graphs.captured(self.step, self.state)

    @property
    def state(self) -> list[Tensor]:
        """All that a step changes."""
        networks = [*self.network.state_dict().values(), *self.average.state_dict().values()]
        return [*networks, *self.momenta, self.noted, self.done, self.loss]

    def step(self) -> None:
        """Train on the next batch: what is read and written lies on the device, and nothing waits for the host."""
        assert self.draws is not None
        recipe, number = self.recipe, self.done.remainder(self.steps)
        drawn = self.draws.at(number)
        inputs = augment(normalise(self.images.index_select(0, drawn.faces)), drawn, self.side)
        inputs, targets = mix(inputs, self.targets.index_select(0, drawn.faces), drawn)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        if recipe.distil:
            targets = torch.lerp(targets, self.taught(inputs), recipe.distil)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == torch.bfloat16):
            logits = self.forward(inputs).float()
        loss = F.cross_entropy(logits, targets, label_smoothing=recipe.label_smoothing)
        self.network.zero_grad()
        loss.backward()
        rate = self.rates.index_select(0, self.done)
        for optimiser in self.optimisers:
            optimiser.step(rate)
        with torch.no_grad():
            if recipe.average:
                _follow(self.average, self.network, self.shares.index_select(0, self.done))
            margins = _margins(logits, self.truth.index_select(0, drawn.faces))
            self.noted.index_copy_(0, number, margins.unsqueeze(0))
            self.loss.copy_(loss)
            self.done.add_(1)

    @torch.no_grad()
    def taught(self, inputs: Tensor) -> Tensor:
        """Return the teachers' probabilities (n, classes) for a batch as it is trained on, of their mean logits."""
        if inputs.shape[2] != SIDE:
            inputs = F.interpolate(inputs, (SIDE, SIDE), mode="bilinear", align_corners=False)
        inputs = inputs.to(self.precision)
        answers = torch.stack([teacher(inputs).float() for teacher in self.teachers])
        return answers.mean(0).softmax(1)

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
        network = self.average if self.recipe.average else self.network
        assert self.draws is not None
        seen = self.part[self.draws.faces.flatten().cpu()]
        self.sums.index_add_(0, seen, torch.stack([self.noted.flatten().cpu(), torch.ones(len(seen))], 1))
        quick = folded(network.eval(), self.side)
        for name, (images, labels) in (("train", self.sample), ("dev", self.dev)):
            logits = views.logits(quick, images, self.side)
            self._check_finite(name, F.cross_entropy(logits.half().double(), labels).item())  # as it is kept
            self.history[f"{name}_loss"].append(F.cross_entropy(logits.double(), labels).item())
            self.history[f"{name}_accuracy"].append((logits.argmax(1) == labels).double().mean().item())
        if self.recipe.held:
            images, labels = self.held
            losses = F.cross_entropy(views.logits(quick, images, self.side).double(), labels)
            self.history[HELD].append(losses.item())
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
        tensors["logits"], tensors["sums"] = torch.from_numpy(np.stack(self.logits)), self.sums
        state = json.dumps({"epoch": self.epoch, "history": self.history, "recipe": recipe})
        tensors = {k: v.detach().contiguous().cpu() for k, v in tensors.items()}  # put in order where that is faster
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
        self.sums.copy_(tensors["sums"])


def _hash(state: str, tensors: Weights) -> str:
    """Return the hash of a state: safetensors itself has none."""
    digest = hashlib.sha256(state.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().data)
    return digest.hexdigest()


def _network(
    recipe: Recipe, classes: int, device: torch.device, compiled: bool
) -> tuple[ResNet18, Callable[[Tensor], Tensor]]:
    """Return a network and what calls it; where that is to be compiled, both are made once for all of a kind."""
    if compiled:
        return _compiled(recipe.stem, recipe.width, classes, recipe.enlarge, device)
    network = initialised(recipe.stem, recipe.width, 0, classes, recipe.enlarge)
    network = network.to(memory_format=torch.channels_last).to(device)
    return network, network


@cache
def _compiled(
    stem: str, width: int, classes: int, enlarge: int, device: torch.device
) -> tuple[ResNet18, Callable[[Tensor], Tensor]]:
    network = initialised(stem, width, 0, classes, enlarge).to(memory_format=torch.channels_last).to(device)
    return network, torch.compile(network, dynamic=False)


def _follow(average: nn.Module, network: nn.Module, share: Tensor) -> None:
    """Move the running mean of the weights towards a network's, and its normalisation's statistics with them."""
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, share)
        else:
            mean.copy_(value)


def _margins(logits: Tensor, labels: Tensor) -> Tensor:
    """Return each label's logit less the largest other one, (n,), for logits (n, classes)."""
    own = logits.gather(1, labels.unsqueeze(1))
    others = logits.scatter(1, labels.unsqueeze(1), -torch.inf).amax(1)
    return own.squeeze(1) - others


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
