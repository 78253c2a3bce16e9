"""Pages: chapters and figures put into the templates."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
from markupsafe import Markup

from ferpipe.drawing import figure as tokens
from ferpipe.drawing.figure import Figure
from ferpipe.errors import Slip
from ferpipe.render.edition import Edition
from ferpipe.text.chapters import SLOT, Placed, Writer
from ferpipe.text.formats import integer
from ferpipe.text.language import Language
from ferpipe.text.markup import plain
from ferpipe.text.report import Report

SPLITS = ("train", "dev", "test")


def environment(templates: Path) -> Environment:
    """Return what reads the templates in a folder; an unknown name in one is an error."""
    return Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class Pages:
    """The site's pages as bytes."""

    def __init__(self, report: Report, editions: Sequence[Edition], templates: Path) -> None:
        self.report, self.editions = report, editions
        self.templates = environment(templates)
        self.templates.filters["integer"] = integer

    def page(
        self,
        edition: Edition,
        language: Language,
        writer: Writer,
        figures: Mapping[str, Figure],
        card: Figure | None,
        twin: tuple[Edition, Mapping[str, Figure]] | None,
        written: Mapping[str, Collection[str]],
    ) -> bytes:
        """Return an edition's page in one language.

        `card` is the picture that stands for it elsewhere, `twin` the figures of an edition that may show faces,
        `written` the sections of each edition's page in this language.
        """
        root = "../" * (1 + edition.folder.count("/"))
        single = self._one(*twin, language, root) if twin else {}
        slots = {
            name: _referred(
                self._figure(placed, figures[name], edition, language, root, single.get(name, Markup())), writer.labels
            )
            for placed in writer.placed
            if (name := placed.item.name) in figures  # else something is wrong, and the page is only checked
        }
        slot = re.compile(re.escape(SLOT).replace(r"\{\}", r"([\w-]+)"))
        bodies = [slot.sub(lambda match: slots.get(match[1], ""), chapter.body) for chapter in writer.chapters]
        chapters = [
            {"id": chapter.name, "title": Markup(chapter.title), "body": Markup(body)}
            for chapter, body in zip(writer.chapters, bodies, strict=True)
        ]
        here = self._edition(edition, language)
        values = self._frame(language) | {
            "root": root,
            "chapters": chapters,
            "edition": here,
            "languages": [self._frame(edition.spoken(language)) for language in self.report.languages],
            "others": len(self.editions) > 1,
            "tabs": [
                {
                    **self._edition(other, language),
                    "lacks": [chapter.name for chapter in writer.chapters if chapter.name not in written[other.name]],
                }
                for other in self.editions
            ],
            "byline": list(
                filter(None, [*self.report.authors, self._edition(edition, language)["name"], self.report.date])
            ),
            "card": f"{self.report.site_url}assets/{edition.name}/{card.data}" if card else "",
            "card_size": tokens.CARD,
            "home": f"{self.report.site_url}{edition.folder}",
            "cite": self._cite(edition, language),
        }
        try:
            return self._render("report.html", values)
        except (UndefinedError, TypeError, ValueError) as error:  # its frame prints settings and data
            places = f"{edition.results / 'settings'} or {edition.results / 'data'}"
            raise Slip(f"{places} has another form than the page wants ({error}); python build.py remakes it") from None

    def chooser(self) -> bytes:
        """Return the plain page that leads to every edition in every language."""
        entries = [
            [{**self._frame(language), **self._edition(edition, language)} for language in self.report.languages]
            for edition in self.editions
        ]
        return self._render("chooser.html", self._frame(self.report.languages[0]) | {"root": "", "entries": entries})

    def _render(self, template: str, values: Mapping[str, object]) -> bytes:
        html = self.templates.get_template(template).render(values)
        html = html.replace(' loading="lazy"', "", 1)  # the first picture is needed at once
        return html.encode()

    def _frame(self, language: Language) -> dict[str, object]:
        return {
            "lang": language,
            "html_lang": language.words("page")["html"],
            "words": language.words("page"),
            "report": self.report,
            "title": self.report.titled(language),
            "description": self.report.described(language),
        }

    def _edition(self, edition: Edition, language: Language) -> dict[str, object]:
        settings, data = edition.analyses.get("settings", {}), edition.analyses.get("data", {})
        return {
            "name": self.report.names.get(edition.name, {}).get(language, edition.name),
            "path": f"{edition.folder}{language}/index.html",
            "folder": edition.folder,
            "local": edition.local,
            "settings": settings,
            "splits": {name: data["splits"][name]["n"] for name in SPLITS if data.get("splits", {}).get(name)},
            "recipes": edition.made_of,
        }

    def _cite(self, edition: Edition, language: Language) -> str:
        """Return the page's BibTeX entry."""
        report = self.report
        fields = {
            "title": f"{{{report.titled(language)}}}",  # in braces, lest a style changes its capitals
            "author": " and ".join(f"{{{author}}}" for author in report.authors),
            "year": report.date[:4],
            "url": f"{report.site_url}{edition.folder}{language}/" if report.site_url else "",
            "note": self._edition(edition, language)["name"],
        }
        lines = [f'  {key} = "{value}"' for key, value in fields.items() if value]
        return f"@misc{{ferpipe-{edition.name}-{language},\n" + ",\n".join(lines) + "\n}"

    def _one(self, edition: Edition, figures: Mapping[str, Figure], language: Language, root: str) -> dict[str, Markup]:
        """Return what another edition's figures show of one face, each with a link to the figure."""
        words, page = language.words("page"), f"{root}{edition.folder}{language}/index.html"
        text = Markup('<p class="row-title"><a href="{}#fig-{}">{}</a></p>{}')
        title = words["one_face"].format(edition=self._edition(edition, language)["name"])
        assets = f"{root}assets/{edition.name}/"
        return {
            name: text.format(page, name, title, Markup(figure.one.replace(tokens.ASSETS, assets)))
            for name, figure in figures.items()
            if figure.one
        }

    def _figure(
        self, placed: Placed, figure: Figure, edition: Edition, language: Language, root: str, single: Markup
    ) -> str:
        """Return a figure with caption, sources and controls."""
        assets = f"{root}assets/{edition.name}/"
        macros = self.templates.get_template("macros.html").make_module(self._frame(language))
        macro = getattr(macros, "figure" if placed.item.kind == "fig" else "table")
        side = "text" if figure.analysis == "claims" else "analyses"
        code = [f"ferpipe/{side}/{figure.analysis}.py", f"ferpipe/figures/{placed.item.name.replace('-', '_')}.py"]
        picture = figure.picture(placed.item.name)
        taken = [assets + file for file in (picture, figure.data) if file]
        html = str(macro(placed, figure, Markup(figure.body), Markup(placed.caption), code, taken, single))
        caption = f'<span class="numbered">{placed.label}</span> {placed.caption}'
        html = html.replace(tokens.ALT, placed.alt).replace(tokens.CAPTION, caption)
        return html.replace(tokens.LABEL, plain(placed.label)).replace(tokens.ASSETS, assets)


def _referred(html: str, labels: Mapping[str, str]) -> str:
    """Return a figure's HTML with its references to other figures as links; one to what is not placed is dropped."""

    def link(match: re.Match[str]) -> str:
        kind, _, name = match[1].partition(":")
        return f'<a class="reference" href="#{kind}-{name}">{labels[name]}</a>' if name in labels else ""

    return re.sub(re.escape(tokens.REFERRED).replace(r"\{\}", "(.*?)"), link, html)
