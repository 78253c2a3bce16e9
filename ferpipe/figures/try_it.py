"""The network in the page: three experiments as they came out, and what templates/try.js needs to ask anything else."""

import base64
import json

import numpy as np
from markupsafe import Markup, escape

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import ASSETS, FACE, PICTURE, Figure, numbers_file
from ferpipe.results.data import Data
from ferpipe.results.network import Network, grey, seen
from ferpipe.results.photograph import Photograph
from ferpipe.text.formats import class_name, percent
from ferpipe.text.language import Language

LONG = 27  # faces in a row of the sheet: one with all its variants
MASKS = 300  # of LIME in the page
ONLY = "try-it-"  # begins the names of the two files that are asked for when the reader opens the network


def draw(network: Network, data: Data, photograph: Photograph, language: Language) -> Figure:
    """Return before and after of each experiment, and the network with its faces as scripts."""
    words = language.words("try")
    faces, places = _faces(network, data, photograph)
    files = {
        "try-it.json": numbers_file(network),
        f"{ONLY}network.js": _network(network, len(language.classes)),
        f"{ONLY}faces.js": _sheet(faces),
    }
    rows: dict[str, list[grid.Cell]] = {"before": [], "after": []}
    for trial in network.experiments:
        for when, index, chance in (("before", trial.picture, trial.before), ("after", trial.changed, trial.after)):
            picture = faces[places[index]]
            altered = seen(picture, network.grid, trial.hide, trial.bright) if when == "after" else picture
            file, drawn = pictures.shared(PICTURE if network.private is None else FACE, altered)
            files[file] = drawn
            name = class_name(language, trial.label)
            label = f"{name} {percent(chance)}"
            what = f"{words[trial.what]}\n" * (when == "after")
            alt = words[f"alt_{when}"].format(what=words[trial.what], label=label)
            rows[when].append(grid.Cell(alt, file, label=what + label))
    content = _given(network, places, language)
    said = "".join(f' data-{what}="{escape(words[what])}"' for what in ("open", "opening", "failed"))
    told = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    place = Markup('<div class="try" data-files="{}" data-given=\'{}\'{}></div>').format(
        " ".join(f"{ASSETS}{name}" for name in files if name.endswith(".js")),
        Markup(
            told.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")
        ),  # its own quotes stay as they are
        Markup(said),
    )
    return Figure(
        grid.grid([grid.row(cells, words[when]) for when, cells in rows.items()], 3),
        "network",
        "try-it.json",
        files,
        after=str(place),
    )


def _faces(network: Network, data: Data, photograph: Photograph) -> tuple[list[np.ndarray], dict[int, int]]:
    """Return the pictures that can be chosen, and where each that a result names stands among them."""
    if network.private is not None:
        return list(network.private.faces), {k: k for k in range(len(network.private.faces))}
    images = [*grey(data.arrays.mean_faces), photograph.arrays.image]
    known = [k for k, picture in enumerate(images) if picture.any()]
    return [images[k] for k in known], {k: at for at, k in enumerate(known)}


def _given(network: Network, places: dict[int, int], language: Language) -> dict[str, object]:
    """Return what the script is told, in the page's language."""
    words, classes = language.words("try"), language.classes
    names = [class_name(language, name) for name in classes]
    trials = [
        {
            "text": words["trial"].format(
                what=words[trial.what],
                name=names[trial.label],
                before=percent(trial.before),
                after=percent(trial.after),
            ),
            "changed": places[trial.changed],
            "hide": trial.hide,
            "bright": trial.bright,
        }
        for trial in network.experiments
    ]
    drawn = network.private is not None
    labels = [names[k] for k in places if k < len(names)] if not drawn else []
    start = network.experiments[0].picture
    return {
        "words": {key.removeprefix("say_"): word for key, word in words.items() if key.startswith("say_")},
        "classes": names,
        "ids": list(classes),
        "people": network.people,
        "emotions": names,
        "faces": [words["mean"].format(name=name) for name in labels] + [words["photograph"]] * (not drawn),
        "controls": [
            {"name": part.what, "label": words[f"control_{part.what}"], "levels": part.levels}
            for part in network.controls
        ],
        "grid": network.grid,
        "parts": [
            {"name": name, "label": words[f"hide_{name}"], "cells": cells} for name, cells in network.parts.items()
        ],
        "masks": MASKS,
        "experiments": trials,
        "start": start // (LONG if drawn else 1) % len(names) if drawn else places[start],
    }


def _network(network: Network, classes: int) -> bytes:
    """Return the weights as a script: ten bits each, a string of base64 a layer."""
    arrays, at = network.arrays, 0
    weights = []
    for size in network.sizes:
        weights.append(_text(packed(arrays.weights[at : at + size])))
        at += size
    assert at == len(arrays.weights), "the network has another shape than its stem and width say"
    told = {
        "stem": network.stem,
        "width": network.width,
        "enlarge": network.enlarge,
        "outside": network.outside,
        "classes": classes,
        "weights": weights,
        "scales": _text(arrays.scales.astype("<f4").tobytes()),
        "biases": _text(arrays.biases.astype("<f4").tobytes()),
        "alarm": _text(packed(arrays.alarm)),
        "alarmScale": network.alarm_scale,
        "alarmBias": network.alarm_bias,
    }
    return f"window.ferpipeNetwork={json.dumps(told, separators=(',', ':'))};\n".encode()


def packed(values: np.ndarray) -> bytes:
    """Return whole numbers from -512 to 511 as ten bits each, four in five bytes, the least significant first."""
    quads = np.zeros((-(-len(values) // 4), 4), np.uint64)
    quads.flat[: len(values)] = values.astype(np.int64) + 512
    joined = quads[:, 0] | quads[:, 1] << np.uint64(10) | quads[:, 2] << np.uint64(20) | quads[:, 3] << np.uint64(30)
    return joined.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :5].tobytes()


def _sheet(faces: list[np.ndarray]) -> bytes:
    """Return all faces as one lossless picture, as a script."""
    sheet = pictures.grey(pictures.tiled(np.stack(faces), min(LONG, len(faces)), 0), pictures.ALL)
    return f'window.ferpipeFaces="{_text(sheet)}";\n'.encode()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
