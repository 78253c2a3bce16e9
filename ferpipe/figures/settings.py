"""The settings of the run, beside the original's where it looked at faces too."""

from collections.abc import Mapping

from markupsafe import Markup, escape

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.results.original import Original
from ferpipe.results.settings import Settings
from ferpipe.text.formats import NONE
from ferpipe.text.language import Language

ROWS = (  # a number of the run, by its path there
    "device", "versions.python", "versions.torch", "cuda", "libraries", "precision", "threads", "preset", "seed",
    "network", "parameters.epochs", "parameters.small", "parameters.batch", "parameters.learning_rate",
    "parameters.muon", "parameters.momentum", "parameters.weight_decay", "parameters.label_smoothing",
    "parameters.average", "augmentation",
)  # fmt: skip
# what is off is left out
AUGMENTATION = ("flip", "rotate", "scale", "shift", "light", "erase", "mask", "mixup", "cutmix")


def draw(settings: Settings, original: Original, language: Language) -> Figure:
    """Return device, versions and parameters, one a row."""
    values, names, then = described(settings, language), language.words("settings.rows"), original.settings
    old = {"device": then.device, "versions.python": then.python, "versions.torch": then.torch, "cuda": then.cuda}
    compared = old if language.shows == "face" else {}  # the original looked at faces
    known = [key for key in ROWS if not settings.foreign or not key.startswith(("parameters.", "augmentation"))]
    then_too = Markup(" <small>{}</small>").format(language.words("settings")["original"])
    rows: list[list[str | Td]] = [
        [
            names[key],
            Td(escape(values.get(key, NONE)) + (then_too.format(value=compared[key]) if key in compared else "")),
        ]
        for key in known
    ]
    values["augmentation"] = ", ".join(f"{key} {settings.parameters[key]}" for key in AUGMENTATION)  # in no language
    data = csv_file(["setting", "here", "original"], [[key, values.get(key), old.get(key)] for key in known])
    body = table.table(language.row("settings.head"), rows, "settings")
    return Figure(body, "settings", "settings.csv", {"settings.csv": data})


def described(settings: Settings, language: Language) -> dict[str, object]:
    """Return what the run has for each row, by its path; several numbers that belong together share a row."""
    versions, parameters = settings.versions, settings.parameters
    others = [f"{name} {version}" for name, version in versions.items() if name not in ("python", "torch")]
    return {
        "device": settings.device,
        "precision": settings.precision,
        "threads": settings.threads,
        "preset": settings.preset,
        "seed": settings.seed,
        **{f"versions.{name}": version for name, version in versions.items()},
        **{f"parameters.{name}": value for name, value in parameters.items()},
        "libraries": ", ".join(others),
        "network": ", ".join(
            ["ResNet-18", settings.foreign or str(parameters["stem"]), str(parameters["width"])]
            if parameters["stem"]
            else [settings.foreign]
        ),
        "augmentation": _augmentation(parameters, language),
    }


def _augmentation(parameters: Mapping[str, object], language: Language) -> str:
    words = language.words("settings.augmentation")
    parts = [words[key].format(parameters[key]) for key in AUGMENTATION if parameters.get(key)]
    return language.words("settings")["join"].join(parts)
