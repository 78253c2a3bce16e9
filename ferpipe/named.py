"""The one place where modules are imported by name: an analysis, its result and a figure are files of a name."""

import importlib
from types import ModuleType


def module(room: str, name: str) -> ModuleType:
    """Return the module `name` of a room, such as `saliency` of `figures`; raises ModuleNotFoundError for none."""
    return importlib.import_module(f"ferpipe.{room}.{name}")
