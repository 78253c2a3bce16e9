"""Results as files, derived from their types. The only meeting place of both sides.

<results>/<dataset>/<analysis>/numbers.json   what the text prints: full-precision floats, shares in [0, 1]
                               arrays.npz     what the figures draw
                               recipe.json    what it was made of, and with
<artefacts>/<dataset>/faces.npz               a restricted data set's pictures, as <analysis>/<array>; never published

The type of the analysis `filter_emotions` is `ferpipe.results.filter_emotions.FilterEmotions`. Of its fields `arrays`
may be published, `private` stays on the machine where the data set is restricted, and the others are numbers. A field
with a default is left out of the numbers where it has that.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from ferpipe import named
from ferpipe.errors import Slip
from ferpipe.storage import atomic
from ferpipe.storage.encoding import JSON, Arrays, json_bytes, npz_bytes, read_json, read_npz

FILES = ("numbers.json", "arrays.npz", "recipe.json")  # of one result
PICTURES = ("arrays", "private")  # fields


def type_of(analysis: str) -> Any:
    """Return the type of an analysis's result."""
    return getattr(named.module("results", analysis), "".join(part.title() for part in analysis.split("_")))


@cache
def hints(cls: Any) -> dict[str, Any]:
    """Return the types of a dataclass's fields, arrays as Annotated with their kind; needs no numpy."""
    return get_type_hints(cls, localns={"np": SimpleNamespace(ndarray=object)}, include_extras=True)


def fields_of(hint: Any) -> dict[str, Any]:
    """Return the types of the numbers that a dataclass has; none of any other type."""
    return {name: part for name, part in hints(hint).items() if name not in PICTURES} if _typed(hint) else {}


def kinds(analysis: str) -> dict[str, str] | str:
    """Return the kind of each of `arrays` of an analysis's result, of any where they are named by the run."""
    hint = hints(type_of(analysis)).get("arrays")
    for part in (hint, *get_args(hint)):
        if _typed(part):
            return {name: " ".join(get_args(array)[1:]) for name, array in hints(part).items()}
        if get_origin(part) is Annotated:
            return " ".join(get_args(part)[1:])
    return {}


def plain(value: object) -> Any:
    """Return the numbers of a result, or of what holds parts of one, as JSON."""
    if is_dataclass(value):
        parts = [(field, getattr(value, field.name)) for field in fields(value) if field.name not in PICTURES]
        return {field.name: plain(part) for field, part in parts if not _same(part, field.default)}
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def _same(part: object, default: object) -> bool:
    """Return whether a field has its default value, also where that was read from a file."""
    return part is default or (isinstance(part, str) and part == default)


def arrays(result: object, field: str = "arrays") -> Arrays:
    """Return the arrays of a field of a result, by name."""
    group = getattr(result, field, None) or {}
    return group if isinstance(group, Mapping) else vars(group)


def write(folder: Path, result: object, recipe: JSON, private: bool = False) -> None:
    """Put a result's files into `folder`, which appears whole; its single faces too, unless they are `private`."""
    with atomic.folder(folder) as new:
        (new / "numbers.json").write_bytes(json_bytes(plain(result)))
        faces = {} if private else arrays(result, "private")
        (new / "arrays.npz").write_bytes(npz_bytes({**arrays(result), **faces}))
        (new / "recipe.json").write_bytes(json_bytes(recipe))


def read(folder: Path) -> Any:
    """Return a folder's result; raises Slip naming what is missing, broken, or not of the analysis's type."""
    return joined(folder.name, read_json(folder / "numbers.json"), read_npz(folder / "arrays.npz"), str(folder))


def joined(analysis: str, numbers: JSON, arrays: Arrays, where: str) -> Any:
    """Return numbers and arrays as an analysis's result; raises Slip with `where` they are not of its type.

    Without its arrays of single faces the field `private` is None.
    """
    return built(type_of(analysis), {**numbers, **dict.fromkeys(PICTURES, arrays)}, where)


def built(hint: Any, value: Any, where: str) -> Any:
    """Return a JSON value, or arrays by name, as the type that `hint` says; raises Slip with the place where it is not.

    Of an optional group of arrays without all of its arrays: None.
    """
    if get_origin(hint) in (Union, UnionType):
        options = get_args(hint)
        if NoneType in options and (value is None or _lacking(options, value)):
            return None
        return built(next((o for o in options if isinstance(value, _classes(o))), options[0]), value, where)
    if _typed(hint) and isinstance(value, Mapping):
        required = [field.name for field in fields(hint) if field.default is MISSING]
        if lacking := [name for name in required if name not in value]:
            raise Slip(f"{where} has no '{lacking[0]}'; python build.py makes it again")
        known = {name: part for name, part in hints(hint).items() if name in value}
        return hint(**{name: built(part, value[name], f"{where}.{name}") for name, part in known.items()})
    if get_origin(hint) is dict and isinstance(value, Mapping):
        return {key: built(get_args(hint)[1], part, f"{where}.{key}") for key, part in value.items()}
    if get_origin(hint) is list and isinstance(value, list | tuple):
        return [built(get_args(hint)[0], part, f"{where}[{index}]") for index, part in enumerate(value)]
    if not isinstance(value, _classes(hint)) or (isinstance(value, bool) and hint in (int, float)):
        raise Slip(f"{where} is {value!r:.40}, not {getattr(hint, '__name__', hint)}; python build.py makes it again")
    return value


def _typed(hint: object) -> bool:
    return is_dataclass(hint)  # here, since mypy would take it for an instance


def _classes(hint: Any) -> tuple[type, ...]:
    """Return what a value of a type may be in JSON: a whole float is an int there."""
    cls = get_origin(hint) or hint
    return {Annotated: (object,), float: (float, int)}.get(cls, (cls if isinstance(cls, type) else object,))


def _lacking(options: tuple[Any, ...], value: Any) -> bool:
    group = next((option for option in options if _typed(option)), None)
    if group is None or not all(get_origin(hint) is Annotated for hint in hints(group).values()):
        return False
    return not hints(group).keys() <= value.keys()


def write_faces(folder: Path, analysis: str, faces: Arrays, recipe: str) -> None:
    """Put one analysis's pictures into <folder>/faces.npz; faces.json beside it says of which recipe they are.

    The pictures are written first: after a kill between the two the old recipe stands, and the analysis runs again.
    """
    try:
        others = {k: v for k, v in read_npz(folder / "faces.npz").items() if not k.startswith(f"{analysis}/")}
        recipes = read_json(folder / "faces.json")
    except Slip:  # a cache: what cannot be read is made again
        others, recipes = {}, {}
    arrays = {**others, **{f"{analysis}/{name}": value for name, value in faces.items()}}
    atomic.write(folder / "faces.npz", npz_bytes(arrays))
    atomic.write(folder / "faces.json", json_bytes({**recipes, analysis: recipe}))
