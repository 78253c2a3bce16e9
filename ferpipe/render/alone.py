"""Pages that are a single file: they ask for nothing else, and work from wherever they lie."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from ferpipe.drawing import figure as tokens
from ferpipe.drawing.figure import Figure
from ferpipe.render.page import environment
from ferpipe.text import palette
from ferpipe.text.language import Language

STYLES = ("report.css", "pictures.css")
KINDS = {".webp": "image/webp", ".svg": "image/svg+xml"}


def rendered(templates: Path, template: str, made_by: str, values: Mapping[str, object]) -> bytes:
    """Return what a template makes of values; `made_by` names the command, by which such a page is known again."""
    sheet = "".join((templates / name).read_text(encoding="utf-8") for name in STYLES)
    style = Markup(sheet.replace("  /* palette */", palette.sheet(palette.PALETTE)))
    return environment(templates).get_template(template).render({**values, "style": style, "made_by": made_by}).encode()


def tags(languages: Sequence[Language]) -> list[str]:
    """Return the languages as HTML calls them."""
    return [language.words("page")["html"] for language in languages]


def html(figure: Figure, name: str) -> Markup:
    """Return a figure's body, called `name`, with its files in it."""
    body = figure.body.replace(tokens.ALT, name).replace(tokens.LABEL, name).replace(' loading="lazy"', "")
    for file, content in figure.files.items():
        body = body.replace(f'"{tokens.ASSETS}{file}"', f'"{inline(content, file)}"')
    return Markup(body)


def inline(content: bytes, file: str) -> str:
    """Return a picture as an address that holds it."""
    return f"data:{KINDS[Path(file).suffix]};base64,{base64.b64encode(content).decode()}"
