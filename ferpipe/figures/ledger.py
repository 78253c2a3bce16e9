"""The ledger: every finding of the original report, what this run measured, and its verdict."""

from markupsafe import Markup, escape

from ferpipe.drawing import table
from ferpipe.drawing.figure import REFERRED, Figure, numbers_file
from ferpipe.drawing.table import Td
from ferpipe.drawing.words import written
from ferpipe.results.claims import Claims, Row
from ferpipe.text.claims import SIGNS
from ferpipe.text.formats import integer, interval
from ferpipe.text.language import Language


def draw(claims: Claims, language: Language) -> Figure:
    """Return a row for each claim: finding, the original's view, statistic with interval and n, verdict, figure."""
    cells: list[list[str | Td]] = [
        [
            Markup('<span id="claim-{}">{}</span><small>{}</small>').format(
                row.id, row.finding[language], row.original[language]
            ),
            Td(_verdict(row, language), f"verdict {row.verdict}"),
            Td(_measured(row, language)),
        ]
        for row in claims.rows
    ]
    body = table.table(language.row("ledger.head"), cells, "ledger")
    return Figure(body, "claims", "ledger.json", {"ledger.json": numbers_file(claims.rows)})


def _measured(row: Row, language: Language) -> Markup:
    words, why = language.words("ledger"), escape(row.why[language])
    if row.statistic is None or row.interval is None or row.threshold is None:
        return Markup("{}<small>{}</small>").format(words["none"], why)
    threshold = words[row.side].format(threshold=written(language, row.threshold, row.unit))
    low, high = row.interval
    within = [max(low, 0.0), min(high, 1.0)] if row.unit == "percent" else [low, high]  # what a share can be
    bounds, size = interval(language, within, row.unit), words["n"].format(n=integer(row.n))
    measured = Markup('<b>{}</b> <span class="interval">{} · {}</span><small>{} · {}</small>')
    return measured.format(written(language, row.statistic, row.unit), bounds, size, threshold, why)


def _verdict(row: Row, language: Language) -> Markup:
    words, small = language.words("ledger"), Markup("<small>{}</small>")
    verdict = Markup('<span aria-hidden="true">{}</span> {}').format(
        SIGNS[row.verdict], language.words("verdicts")[row.verdict]
    )
    if row.verdict == "undecided" and row.smallest is not None:
        smallest = written(language, row.smallest, row.unit).lstrip("+")
        verdict += small.format(words["smallest"].format(smallest=smallest))
    elif row.verdict == "undecided" and row.statistic is not None:
        verdict += small.format(words["few"])
    return verdict + small.format(REFERRED.format(row.figure))
