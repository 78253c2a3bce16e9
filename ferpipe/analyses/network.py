"""One network for the page itself: its weights in whole numbers, faces to ask it about, and what comes of three trials.

The analysis model or, where there is one, the student. Everything that is told of it here is told of the whole numbers.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from ferpipe.analyses import unlike
from ferpipe.analyses.data import shown_means
from ferpipe.analyses.photograph import photograph
from ferpipe.analyses.study import Study, softmax
from ferpipe.data.faces import rendered
from ferpipe.data.faces.rendered import EMOTIONS, UNITS, Faces
from ferpipe.data.faces.traits import NAMES
from ferpipe.networks import views
from ferpipe.networks.folding import Folded, Residual
from ferpipe.results.network import Control, Deed, Drawn, Experiment, Network, Numbers, PartName, grey, seen

BITS = 10  # of a weight: eight move a probability by up to 0.02, ten by 0.005
GRID = 8  # cells a side that can be hidden
PEOPLE = 4
DARKER = -60  # grey levels
LEVELS = (-2, -1, 1, 2)
# what a control's lowest and highest level makes of units
ENDS: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "brows": ({"AU4": 1, "AU1": 0, "AU2": 0}, {"AU4": 0, "AU1": 1, "AU2": 1}),
    "lids": ({"AU5": 0, "AU7": 0.6, "AU43": 0.7}, {"AU5": 1, "AU7": 0, "AU43": 0}),
    "corners": ({"AU12": 0, "AU15": 1}, {"AU12": 1, "AU15": 0}),
    "lips": ({"AU23": 1, "AU25": 0, "AU10": 0}, {"AU23": 0, "AU25": 1, "AU10": 0.5}),
    "jaw": ({"AU26": 0, "AU17": 1}, {"AU26": 1, "AU17": 0, "AU25": 0.8}),
}
LIGHT = 0.14  # of the range of grey, a level
CONTROLS = (
    *(Control(name, list(LEVELS)) for name in ENDS),  # type: ignore[arg-type]
    Control("light", list(LEVELS)), Control("hand", [1]), Control("glasses", [1]),
)  # fmt: skip
# cells, row by row, where faces have them: cut as FER2013's are, and as ours are drawn
PARTS: dict[PartName, tuple[int, ...]] = {
    "mouth": (42, 43, 44, 45, 50, 51, 52, 53),
    "eyes": (25, 26, 27, 28, 29, 30),
    "brows": (17, 18, 19, 20, 21, 22),
}
HIDES: dict[Deed, tuple[int, ...]] = {"mouth": PARTS["mouth"], "eyes": PARTS["brows"] + PARTS["eyes"]}
DRAW = 271  # marks this analysis's generators


def analyse(study: Study) -> Network:
    """Return the network in whole numbers, drawn faces where they are, and the outcome of three experiments."""
    taught = study.student is not None and study.student.weights is not None
    member = study.student if taught and study.student is not None else study.members[0]
    network = Folded(member.network(torch.device("cpu")))
    weights, scales, biases = in_whole_numbers(network)
    faces = drawn(study.seed) if study.dataset.name == "rendered" else None
    ready = faces if faces is not None else choosable(study)
    alarm = unlike.fitted(network, study, ready, np.random.default_rng([study.seed, DRAW, 0]), BITS)
    answers = views.averaged(network, torch.from_numpy(study.dataset.dev.images)).numpy()
    return Network(
        name=member.name,
        stem=member.recipe.stem,
        width=member.recipe.width,
        enlarge=member.recipe.enlarge,
        outside=float(getattr(network.conv1, "outside", 0.0)),
        accuracy=float((answers.argmax(1) == study.labels).mean()),
        n=len(answers),
        people=0 if faces is None else PEOPLE,
        controls=[] if faces is None else list(CONTROLS),
        sizes=[layer.weight.numel() for layer in layers(network)],
        grid=GRID,
        parts={part: list(cells) for part, cells in PARTS.items()},
        alarm_scale=alarm.scale,
        alarm_bias=alarm.bias,
        alarm=alarm.told,
        experiments=experiments(network, study, faces),
        seed=study.seed,
        arrays=Numbers(weights, scales, biases, alarm.weights),
        private=None if faces is None else Drawn(faces),
    )


def choosable(study: Study) -> np.ndarray:
    """Return the mean faces of the classes there are, and the photograph, (n, 48, 48) uint8."""
    means = grey(shown_means(study.dataset)[0])
    return np.concatenate([means[means.any((1, 2))], photograph()[None]])


def layers(network: Folded) -> list[nn.Conv2d | nn.Linear]:
    """Return the layers that have weights, in the order in which a picture meets them; a shortcut comes last."""
    blocks = [block for stage in (network.layer1, network.layer2, network.layer3, network.layer4) for block in stage]
    convolutions: list[nn.Conv2d | nn.Linear] = [network.conv1]
    for block in blocks:
        assert isinstance(block, Residual)
        convolutions += [part for part in (block.conv1, block.conv2, block.downsample) if part is not None]
    return [*convolutions, network.fc]


def in_whole_numbers(network: Folded) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights (n,) int16, scales and biases (outputs,) float32, and give the network these very weights."""
    weights, scales, biases = [], [], []
    for layer in layers(network):
        values = layer.weight.detach().double().flatten(1)
        scale = (values.abs().amax(1) / (2 ** (BITS - 1) - 1)).float().clamp_min(1e-12)
        whole = (values / scale[:, None]).round()
        whole_shaped = whole.view(layer.weight.shape)
        layer.weight.data = (whole_shaped.float() * scale.view(-1, *[1] * (layer.weight.ndim - 1))).contiguous()
        ordered = whole_shaped.permute(0, 2, 3, 1) if layer.weight.ndim == 4 else whole_shaped
        weights.append(ordered.flatten().numpy().astype(np.int16))
        scales.append(scale.numpy())
        assert layer.bias is not None
        biases.append(layer.bias.detach().float().numpy())
    return np.concatenate(weights), np.concatenate(scales), np.concatenate(biases)


def drawn(seed: int) -> np.ndarray:
    """Return people by emotions by levels as one row of faces: each face as it is, then with one thing changed."""
    people = rendered.sample(40, seed + DRAW, intensity=1.0, emotions=np.zeros(40, int), mislabel=False)
    bare = np.flatnonzero((people.traits[:, NAMES.index("glasses")] < 0.5) & ~people.hands)[:PEOPLE]
    faces = []
    for person in bare:
        traits = people.traits[person]
        for emotion in range(len(EMOTIONS)):
            face = rendered.sample(1, seed + DRAW, intensity=1.0, emotions=np.array([emotion]), mislabel=False)
            face = replace(face, hands=np.zeros(1, bool), traits=traits[None], seeds=people.seeds[[person]])
            faces += [face, *variants(face)]
    return rendered.draw_many(rendered.joined(faces))


def variants(face: Faces) -> list[Faces]:
    """Return a face with each control at each of its levels."""
    return [moved(face, control.what, level) for control in CONTROLS for level in control.levels]


def moved(face: Faces, control: str, level: int) -> Faces:
    """Return a face with one control at a level, 0 as it is."""
    units, traits, hands = face.units.copy(), face.traits.copy(), face.hands
    if control in ENDS:
        for unit, end in ENDS[control][level > 0].items():
            k = UNITS.index(unit)
            units[:, k] += (end - units[:, k]) * abs(level) / max(LEVELS)
    elif control == "light":
        traits[:, NAMES.index("level")] += LIGHT * level
    elif control == "glasses":
        traits[:, NAMES.index("glasses")] = 1
    else:
        hands = np.ones_like(hands)
    return replace(face, units=units, traits=traits, hands=hands)


def place(person: int, emotion: int, control: str = "", level: int = 0) -> int:
    """Return where a drawn face stands among all."""
    names = [(part.what, at) for part in CONTROLS for at in part.levels]
    each = 1 + len(names)
    return (person * len(EMOTIONS) + emotion) * each + (1 + names.index((control, level)) if level else 0)  # type: ignore[arg-type]


def experiments(network: Folded, study: Study, faces: np.ndarray | None) -> list[Experiment]:
    """Return three things to try with their outcomes, chosen before any network was asked."""
    if faces is not None:
        happy, neutral, sad, angry = map(EMOTIONS.index, ("happy", "neutral", "sad", "angry"))
        asked = [
            ("mouth", place(0, happy), place(0, happy), happy),
            ("hand", place(1, neutral), place(1, neutral, "hand", 1), sad),
            ("brows", place(2, angry), place(2, angry, "brows", 2), angry),
        ]
        pictures = faces
    else:
        means = grey(shown_means(study.dataset)[0])
        pictures = np.concatenate([means, photograph()[None]])
        answer = int(views.averaged(network, torch.from_numpy(pictures[-1:])).argmax(1)[0])
        # means of many faces are unlike any face, and the alarm says so: they are for looking at
        asked = [(deed, len(means), len(means), answer) for deed in ("mouth", "eyes", "dark")]
    return [_tried(network, pictures, *trial) for trial in asked]  # type: ignore[arg-type]


def _tried(network: Folded, pictures: np.ndarray, what: Deed, before: int, after: int, label: int) -> Experiment:
    hide = list(HIDES.get(what, ()))
    bright = DARKER if what == "dark" else 0
    both = np.stack([pictures[before], seen(pictures[after], GRID, hide, bright)])
    chances = softmax(views.averaged(network, torch.from_numpy(both)).double().numpy())
    was, now = chances[:, label].tolist()
    return Experiment(what, before, after, hide, bright, label, was, now, now - was)
