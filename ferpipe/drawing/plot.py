"""Plots: matplotlib draws, and what comes out is one SVG for light and dark, the same bytes for the same numbers.

Colours are drawn as marks and become attributes, which a media query overrides in the dark: an SVG in an img follows
the colour scheme of the page, and any other program shows the light one. Text stays text in the reader's fonts;
matplotlib's own DejaVu, whatever is installed, only places it. Words are placed as marks and written in afterwards, so
that every language has the same plot.
"""

import io
import logging
import pickle
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import groupby
from typing import Any, TypeVar

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex, to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ferpipe.drawing.figure import ALT, ASSETS, LABEL
from ferpipe.text.palette import PALETTE

# The marks that stand for the palette's colours while matplotlib draws. The last three tell series apart, also by
# lightness.
PAPER, INK, FAINT, RULE = "#fe0000", "#010000", "#020000", "#030000"
FIRST, SECOND, BAND = "#040000", "#050000", "#060000"
_MEANING = {PAPER: "paper", INK: "ink", FAINT: "faint", RULE: "rule", FIRST: "accent", SECOND: "warm", BAND: "band"}
_FONTS = (
    "'Helvetica Neue','Segoe UI',Roboto,Arial,"
    "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Source Han Sans SC',sans-serif"
)
_HAN = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK JP", "SimHei")
_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ferpipe",
    "font.family": "DejaVu Sans",
    "font.size": 9.75,  # points: 13 CSS pixels
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.linewidth": 0.75,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.75,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,  # points above its panel
    "axes.titley": 1.0,  # where it would be anyway: nothing is measured for it
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "figure.facecolor": PAPER,
    "grid.color": RULE,
    "grid.linewidth": 0.75,
    "lines.solid_capstyle": "round",
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.75,
    "ytick.major.size": 0,
}


class Words:
    """The words of a plot, each a mark that stands in it until a language is chosen; it is as high as a word."""

    def __init__(self) -> None:
        """Begin with no word said."""
        self._said: list[tuple[str, dict[str, object]]] = []

    def __call__(self, key: str, **values: object) -> str:
        """Return the mark of the word `key`, in which `values` will be filled in."""
        self._said.append((key, values))
        return f"lp{len(self._said) - 1}pl"

    def written(self, text: str, words: Mapping[str, str]) -> str:
        """Return the text of an SVG with its marks replaced by words of one language."""
        texts = [escape(words[key].format(**values), quote=False) for key, values in self._said]
        return re.sub(r"lp(\d+)pl", lambda match: texts[int(match[1])], text)


def with_classes(words: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return the words of a plot with the classes' names among them: class0, class1 and so on."""
    return {**words, **{f"class{k}": name.replace("{", "{{").replace("}", "}}") for k, name in enumerate(names)}}


T = TypeVar("T")
Draw = Callable[[Figure, T, Words], None]


def svg(width: int, height: int, draw: Draw[T], result: T, words: Mapping[str, str]) -> bytes:
    """Return what the function `draw` makes of a result on a figure of so many CSS pixels, as SVG with `words`."""
    text, said = _drawing(width, height, draw, pickle.dumps(result))
    return said.written(text, words).encode()


@lru_cache(64)  # the languages differ in their words alone, which are filled in later
def _drawing(width: int, height: int, draw: Draw[Any], result: bytes) -> tuple[str, Words]:
    """Return the SVG of a pickled result with marks for its words, and these."""
    with matplotlib.rc_context(), _bundled_fonts():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        figure = Figure(figsize=(width / 96, height / 96))
        said = Words()
        draw(figure, pickle.loads(result), said)
        buffer = io.BytesIO()
        silent = dict.fromkeys(("Date", "Creator", "Type", "Format"))
        FigureCanvasSVG(figure).print_svg(buffer, metadata=silent)
    return _themed(buffer.getvalue().decode(), width, height), said


@contextmanager
def exporting(kind: str) -> Iterator[dict[str, bytes]]:
    """Yield a table in which each plot that is drawn meanwhile appears by its name, as PDF or PNG in its language.

    With the light colours, and in fonts of this machine: of these one has to know Chinese.
    """
    global _export
    _export = _Export(kind, {})
    try:
        yield _export.files
    finally:
        _export = None


@dataclass(frozen=True)
class _Export:
    kind: str  # pdf, png
    files: dict[str, bytes]

    def add(self, name: str, size: tuple[int, int], draw: Draw[Any], result: object, words: Mapping[str, str]) -> None:
        with matplotlib.rc_context(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            matplotlib.rcdefaults()
            known = {font.name for font in font_manager.fontManager.ttflist}
            matplotlib.rcParams.update({**_RC, "font.family": ["DejaVu Sans", *(f for f in _HAN if f in known)]})
            figure = Figure(figsize=(size[0] / 96, size[1] / 96))
            draw(figure, result, _Spoken(words))
            _recolour(figure)
            buffer = io.BytesIO()
            figure.savefig(
                buffer, format=self.kind, dpi=192, metadata={"CreationDate": None} if self.kind == "pdf" else {}
            )
        self.files[name] = buffer.getvalue()


_export: _Export | None = None


class _Spoken(Words):
    """The words of a plot as they are."""

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__()
        self._words = words

    def __call__(self, key: str, **values: object) -> str:
        return self._words[key].format(**values)


def _recolour(figure: Figure) -> None:
    """Give every part of a figure the light colour that its mark stands for."""
    light = {mark: PALETTE[name][0] for mark, name in _MEANING.items()}

    def meant(colour: Any) -> Any:
        if isinstance(colour, np.ndarray) and colour.ndim == 2:
            return [meant(row) for row in colour]
        mark = to_hex(colour)
        return (*to_rgb(light[mark]), to_rgba(colour)[3]) if mark in light else colour

    for artist in figure.findobj():
        for part in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            get, put = getattr(artist, f"get_{part}", None), getattr(artist, f"set_{part}", None)
            if get is not None and put is not None and (colour := get()) is not None:
                with suppress(ValueError, TypeError):  # what is no colour, as "none" of a line's marker
                    put(meant(colour))


def drawn(
    name: str, language: str, size: tuple[int, int], draw: Draw[T], result: T, words: Mapping[str, str]
) -> tuple[str, dict[str, bytes]]:
    """Return the plot `name` of so many CSS pixels in a box that scrolls on a narrow screen, and its file."""
    file, (width, height) = f"{name}.{language}.svg", size
    if _export is not None:
        _export.add(f"{name}.{language}", size, draw, result, words)
    body = (
        f'<div class="scroll plot" tabindex="0" role="group" aria-label="{LABEL}">'
        f'<img class="svg" src="{ASSETS}{file}" width="{width}" height="{height}" alt="{ALT}" loading="lazy"></div>'
    )
    return body, {file: svg(width, height, draw, result, words)}


def margins(figure: Figure, left: float, right: float, below: int, above: int, between: float = 0.2) -> None:
    """Leave room beside the panels as shares of the width, and above and below them in CSS pixels."""
    height = round(96 * figure.get_figheight())
    figure.subplots_adjust(left=left, right=right, bottom=below / height, top=1 - above / height, wspace=between)


def rows(axes: Axes, places: Sequence[float], names: Sequence[str], margin: float = 0.5) -> None:
    """Make a panel one of named rows, the first on top, with lines across it."""
    axes.set_yticks(places, names)
    axes.set_ylim(places[-1] + margin, -margin)
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def estimate(
    axes: Axes, y: float, value: float, ends: list[float], colour: str, fill: str = "", marker: str = "o", size: int = 6
) -> None:
    """Draw a value on its interval at the height y; the marker is filled with its colour or another."""
    axes.plot(ends, [y, y], color=colour, linewidth=1.5)
    axes.plot([value], [y], color=colour, marker=marker, markersize=size, markerfacecolor=fill or colour)


def share_axis(axis: Axis) -> None:
    """Write an axis of shares as percentages, with as many decimals as tell its ticks apart."""

    def percent(value: float, _: int | None) -> str:
        ticks = [100 * tick for tick in axis.get_majorticklocs()]
        digits = next((n for n in range(3) if all(abs(tick - round(tick, n)) < 1e-6 for tick in ticks)), 3)
        return f"{100 * value:.{digits}f}%"

    axis.set_major_formatter(FuncFormatter(percent))


@contextmanager
def _bundled_fonts() -> Iterator[None]:
    """See matplotlib's own fonts alone, and hear nothing of the Chinese glyphs they lack."""
    fonts, logger = font_manager.fontManager.ttflist, logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    font_manager.fontManager.ttflist = [f for f in fonts if f.fname.startswith(matplotlib.get_data_path())]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            yield
    finally:
        font_manager.fontManager.ttflist = fonts
        logger.setLevel(level)


def _themed(text: str, width: int, height: int) -> str:
    for mark, name in _MEANING.items():
        text = text.replace(mark, PALETTE[name][0])
    text = text.replace("font-family: 'DejaVu Sans'; ", "")
    text = re.sub(r"\A.*?(?=<svg)", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', f'width="{width}" height="{height}"', text, count=1)
    text = re.sub(r' style="([^"]*)"', _coloured, text)
    text, classes = _lightened(text)
    dark = "".join(
        f'[{part}="{light}"]{{{part}:{dark}}}'
        for light, dark in (PALETTE[name] for name in _MEANING.values())
        for part in ("fill", "stroke")
        if f'{part}="{light}"' in text
    )
    style = f"text{{font-family:{_FONTS}}}{classes}@media (prefers-color-scheme:dark){{{dark}}}"
    return re.sub(r"(<svg[^>]*>)", lambda match: f"{match[1]}<style>{style}</style>", text, count=1)


def _coloured(match: re.Match[str]) -> str:
    """Return a style with its colours as attributes, which every program that reads SVG knows."""
    parts = [part.strip().split(": ", 1) for part in match[1].split(";") if part.strip()]
    colours = "".join(f' {key}="{value}"' for key, value in parts if key in ("fill", "stroke"))
    rest = "; ".join(f"{key}: {value}" for key, value in parts if key not in ("fill", "stroke"))
    return colours + (f' style="{rest}"' if rest else "")


def _ungrouped(text: str) -> str:
    """Return an SVG without the groups that say nothing."""
    parts: list[str] = []
    kept: list[bool] = []
    for part in re.split(r"(<g>|<g [^>]*[^/]>|</g>)", text):
        if part == "</g>":
            parts.append(part if kept.pop() else "")
        elif part.startswith("<g"):
            kept.append(part != "<g>")
            parts.append(part if kept[-1] else "")
        else:
            parts.append(part)
    return "".join(parts)


_FINE = re.compile(r"\d+\.\d{2,}")
_CLIP = r' clip-path="[^"]*"'


def _tenth(match: re.Match[str]) -> str:
    return f"{float(match[0]):.1f}".removesuffix(".0")


def _lightened(text: str) -> tuple[str, str]:
    """Return an SVG in some half of its size, the same picture, and the style sheet that it now needs.

    Tenths of a pixel are enough; neighbours are clipped together; styles that stand again and again become classes;
    groups need no names, others short ones.
    """
    text = re.sub(r'"[^"<>]*"', lambda attribute: _FINE.sub(_tenth, attribute[0]), text)  # and no number that is read
    text = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", text)
    text = re.sub(r'(?<= d=")[^"]*', lambda match: _by_steps(match[0]), text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = _ungrouped(text)
    text = re.sub(r"\s*\n\s*", "\n", text).replace(">\n<", "><").replace("<g/>", "")
    text = re.sub(rf"<path(?![^>]* transform=)([^>]*)({_CLIP})([^>]*)/>", r"<g\2><path\1\3/></g>", text)
    text = re.sub(rf"(?:<g{_CLIP}>(?:<(?!/?g\b)[^>]*>)*</g>)+", _clipped_together, text)
    for number, name in enumerate(dict.fromkeys(re.findall(r' id="([^"]*)"', text))):
        text = re.sub(rf'(?<=[#"]){name}(?=[")])', f"i{number}", text)
    styles = Counter(re.findall(r' style="([^"]*)"', text))
    names = {style: f"s{index}" for index, style in enumerate(sorted(s for s, n in styles.items() if n > 1))}
    for style, name in names.items():
        text = text.replace(f' style="{style}"', f' class="{name}"')
    return text, "".join(f".{name}{{{style}}}" for style, name in names.items())


def _clipped_together(match: re.Match[str]) -> str:
    """Return neighbouring groups, those with one clip as one group."""
    groups = re.findall(r"(<g[^>]*>)(.*?)</g>", match[0])
    runs = groupby(groups, key=lambda group: group[0])
    return "".join(f"{start}{''.join(body for _, body in run)}</g>" for start, run in runs)


def _by_steps(path: str) -> str:
    """Return a path of absolute tenths of a pixel by its steps, those along an axis as such."""
    made, at, start = "", (0, 0), (0, 0)  # in tenths: steps of whole numbers add up
    for letter, numbers in re.findall(r"([MLCQz])([^MLCQz]*)", path):
        values = [round(10 * float(number)) for number in numbers.split()]
        points = list(zip(values[::2], values[1::2], strict=True))
        steps = [value - at[index % 2] for index, value in enumerate(values)]
        if letter == "M":
            made, start = made + "M" + _tenths(values), points[0]
        elif letter == "L" and 0 in steps:
            made += f"v{_tenths(steps[1:])}" if steps[0] == 0 else f"h{_tenths(steps[:1])}"
        else:
            made += letter.lower() + _tenths(steps)
        at = points[-1] if points else start
    return made


def _tenths(values: Sequence[int]) -> str:
    return " ".join(f"{value / 10:g}" for value in values).replace(" -", "-")
