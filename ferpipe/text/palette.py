"""The colours of the page and of its plots, in one place."""

import re
from collections.abc import Mapping, Sequence

# name -> in light and in dark, of the page and of its plots; report.toml may give others
PALETTE: Mapping[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#16181b"),
    "ink": ("#1c1d1f", "#e6e4df"),
    "faint": ("#5b5e63", "#a5a8ad"),
    "rule": ("#dcdde0", "#36393e"),
    "wash": ("#f5f5f3", "#1e2124"),
    "accent": ("#1d5fa8", "#7db5ec"),
    "warm": ("#a34a07", "#f0a15e"),
    "band": ("#c9dcf0", "#23405f"),
    "shade": ("#4d8fd6", "#4a86c4"),
}


def sheet(palette: Mapping[str, Sequence[str]]) -> str:
    """Return the colours as variables of a style sheet."""
    return "\n".join(f"  --{name}: light-dark({light}, {dark});" for name, (light, dark) in palette.items())


def recoloured(svg: bytes, others: Mapping[str, Sequence[str]]) -> bytes:
    """Return a plot with these colours instead of the palette's."""
    new = {old: pair for name, colours in others.items() for old, pair in zip(PALETTE[name], colours, strict=True)}
    return re.sub(rb"#[0-9a-f]{6}", lambda match: new.get(match[0].decode(), match[0].decode()).encode(), svg)
