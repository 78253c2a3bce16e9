"""The one training loop: for the analysis model, the overfitting model and the ensemble's members.

After Keller Jordan's airbench and hlb-CIFAR10: the whole split on the device as uint8, augmentation on the batch,
channels_last, Nesterov SGD with one cycle, label smoothing, averaged weights. After every epoch the state is written,
so that a killed training goes on from there; each epoch draws from a generator of its own, so that it ends the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save, save_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from ferpipe import atomic, results
from ferpipe.data.dataset import Split
from ferpipe.errors import Slip
from ferpipe.fingerprints import of_file
from ferpipe.training import machine
from ferpipe.training.augment import augment
from ferpipe.training.recipes import Recipe
from ferpipe.training.resnet import ResNet18, initialised, normalise

CURVES = ("train_loss", "dev_loss", "train_accuracy", "dev_accuracy")


def train(recipe: Recipe, train: Split, dev: Split, folder: Path, record: dict[str, Any], device: torch.device) -> None:
    """Train a network and put it into `folder` as members.py describes; goes on where a killed training stopped."""
    training = Training(recipe, train, dev, device)
    resume = folder.with_name(f"resume-{folder.name}.safetensors")
    training.restore(resume, record["recipe"])
    steps = training.steps * recipe.epochs
    with tqdm(
        total=steps, initial=training.epoch * training.steps, desc=folder.name, unit="step", mininterval=1
    ) as bar:
        while training.epoch < recipe.epochs:
            for _ in training.run_epoch():
                bar.update()
            training.close_epoch()
            atomic.write(resume, training.saved(record["recipe"]))
            bar.set_postfix_str(f"dev {training.history['dev_accuracy'][-1]:.1%}")
    with atomic.folder(folder) as new:
        save_file(training.best, new / "weights.safetensors")
        (new / "history.json").write_bytes(results.json_bytes({"epochs": training.history, "chosen": training.chosen}))
        np.save(new / "dev_logits.npy", np.stack(training.logits))
        record = {**record, "weights": of_file(new / "weights.safetensors"), "made_with": machine.description(device)}
        (new / "recipe.json").write_bytes(results.json_bytes(record))
    resume.unlink()


class Training:
    """A network on its way: weights, optimiser, averages and history, between two epochs always whole."""

    def __init__(self, recipe: Recipe, train: Split, dev: Split, device: torch.device) -> None:
        rng = np.random.default_rng([recipe.seed, 1])
        chosen = np.sort(rng.permutation(len(train))[: recipe.part or len(train)])
        sample = np.sort(rng.permutation(len(chosen))[: len(dev)])  # train's own curve: as many faces as dev has
        assert train.labels is not None and dev.labels is not None
        self.recipe, self.device = recipe, device
        self.images = torch.from_numpy(train.images[chosen]).to(device)  # uint8
        self.labels = torch.from_numpy(train.labels[chosen]).to(device)
        self.sample = (
            self.images[torch.from_numpy(sample).to(device)],
            self.labels[torch.from_numpy(sample).to(device)],
        )
        self.dev = (torch.from_numpy(dev.images).to(device), torch.from_numpy(dev.labels).to(device))
        network = initialised(recipe.stem, recipe.width, recipe.seed)
        self.network: ResNet18 = network.to(memory_format=torch.channels_last).to(device)
        self.steps = max(1, len(chosen) // recipe.batch)  # the last, smaller batch waits for the next epoch's order
        self.optimiser = _optimiser(self.network, recipe)
        decay = 1 - 1 / max(1.0, recipe.average * self.steps)
        self.average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
        self.epoch = 0
        self.history: dict[str, list[float]] = {name: [] for name in CURVES}
        self.logits: list[np.ndarray] = []  # per epoch (n, 7) float16
        self.best: dict[str, Tensor] = {}

    @property
    def chosen(self) -> int:
        """The epoch, from 1, of the lowest dev loss."""
        return int(np.argmin(self.history["dev_loss"])) + 1

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: up in a line to its peak, then down in a line to nearly nothing."""
        done = step / (self.steps * self.recipe.epochs)
        return self.recipe.learning_rate * max(
            0.01, min(done / self.recipe.warmup, (1 - done) / (1 - self.recipe.warmup))
        )

    def run_epoch(self) -> Iterator[None]:
        """Train on every face once, in an order of the epoch's own; yields after each step."""
        recipe = self.recipe
        generator = torch.Generator().manual_seed(
            int(np.random.SeedSequence([recipe.seed, 2, self.epoch]).generate_state(1)[0])
        )
        order = torch.randperm(len(self.images), generator=generator)
        # left and right alternate for each face from epoch to epoch: first a draw, then its opposite
        flipped = torch.rand(len(self.images), generator=torch.Generator().manual_seed(recipe.seed)) < 0.5
        flipped = (flipped ^ bool(self.epoch % 2)) & recipe.flip
        self.network.train()
        for step in range(self.steps):
            batch = order[step * recipe.batch : (step + 1) * recipe.batch]
            inputs = augment(normalise(self.images[batch.to(self.device)]), flipped[batch], recipe, generator)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=machine.half(self.device)):
                logits = self.network(inputs)
            loss = F.cross_entropy(
                logits.float(), self.labels[batch.to(self.device)], label_smoothing=recipe.label_smoothing
            )
            self.optimiser.zero_grad()
            for group in self.optimiser.param_groups:
                group["lr"] = self.rate(self.epoch * self.steps + step)
            loss.backward()
            self.optimiser.step()
            if recipe.average:
                self.average.update_parameters(self.network)
            yield
        if not np.isfinite(loss.item()):
            raise Slip(
                f"the training loss is {loss.item()} in epoch {self.epoch + 1}: "
                f"the learning rate {recipe.learning_rate} is too high"
            )

    def close_epoch(self) -> None:
        """Measure the averaged network on dev and on a sample of train, without augmentation, and keep the best."""
        network = self.average.module if self.recipe.average else self.network
        for name, (images, labels) in (("train", self.sample), ("dev", self.dev)):
            logits = predict(network, images)
            self.history[f"{name}_loss"].append(F.cross_entropy(logits.double(), labels.cpu()).item())
            self.history[f"{name}_accuracy"].append((logits.argmax(1) == labels.cpu()).double().mean().item())
        self.logits.append(logits.half().numpy())
        self.epoch += 1
        if self.chosen == self.epoch:
            self.best = {
                name: value.detach().clone().cpu().contiguous() for name, value in network.state_dict().items()
            }

    def saved(self, recipe: dict[str, Any]) -> bytes:
        """Return the state between two epochs as safetensors."""
        tensors = {f"network/{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"average/{k}": v for k, v in self.average.state_dict().items()}
        tensors |= {f"best/{k}": v for k, v in self.best.items()}
        tensors |= {f"momentum/{k}": v["momentum_buffer"] for k, v in self.optimiser.state_dict()["state"].items()}
        tensors["logits"] = torch.from_numpy(np.stack(self.logits))
        meta = {"epoch": self.epoch, "history": self.history, "recipe": recipe}
        return save({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, {"state": json.dumps(meta)})

    def restore(self, path: Path, recipe: dict[str, Any]) -> None:
        """Go on from the state in `path`, if it is there, whole, and of the same recipe."""
        try:
            with safe_open(path, "pt") as file:
                meta = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        except (FileNotFoundError, SafetensorError, ValueError, KeyError, TypeError):
            return
        if meta["recipe"] != recipe:
            return

        def part(prefix: str) -> dict[str, Tensor]:
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        self.network.load_state_dict(part("network/"))
        self.average.load_state_dict(part("average/"))
        self.best = part("best/")
        state = {int(k): {"momentum_buffer": v} for k, v in part("momentum/").items()}
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})
        self.epoch, self.history, self.logits = meta["epoch"], meta["history"], list(tensors["logits"].numpy())


def predict(network: torch.nn.Module, images: Tensor, batch: int = 256) -> Tensor:
    """Return logits (n, 7) float32 on the CPU for uint8 images (n, 48, 48), in evaluation mode."""
    network.eval()
    with torch.inference_mode():
        parts = [network(normalise(part).contiguous(memory_format=torch.channels_last)).float().cpu()
                 for part in images.split(batch)]  # fmt: skip
    return torch.cat(parts)


def _optimiser(network: ResNet18, recipe: Recipe) -> torch.optim.SGD:
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim == 1]
    groups = [{"params": weights, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, recipe.learning_rate, momentum=recipe.momentum, nesterov=True)
