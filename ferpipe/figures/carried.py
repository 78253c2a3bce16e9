"""What carries over: the findings that both data sets decide, those first on which they differ."""

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, numbers_file
from ferpipe.drawing.table import Td
from ferpipe.figures.ledger import reason
from ferpipe.results.claims import Claims, Row, Side
from ferpipe.text.claims import DECIDED, SIGNS
from ferpipe.text.formats import written
from ferpipe.text.language import Language


def draw(claims: Claims, language: Language) -> Figure:
    """Return a row for each finding that every data set of the site decides, with each verdict and statistic."""
    decided = [row for row in claims.rows if len(row.sides) > 1 and all(side.verdict in DECIDED for side in row.sides)]
    ordered = sorted(decided, key=lambda row: not _differs(row))
    titles = {side.edition: side.title.get(language, side.edition) for row in decided for side in row.sides}
    names = [language.words("ledger")["finding"], *titles.values()]
    body = table.table(names, [_cells(row, language) for row in ordered], "carried")
    return Figure(body, "claims", "carried.json", {"carried.json": numbers_file(ordered)})


def _differs(row: Row) -> bool:
    return len({side.verdict for side in row.sides}) > 1


def _cells(row: Row, language: Language) -> list[str | Td]:
    finding = Markup("{}").format(row.finding[language])
    if _differs(row):
        finding += Markup("<small>{}</small>").format(language.words("ledger")[f"differ_{reason(row)}"])
    return [finding, *(_side(row, side, language) for side in row.sides)]


def _side(row: Row, side: Side, language: Language) -> Td:
    cell = Markup('<span aria-hidden="true">{}</span> {}').format(
        SIGNS[side.verdict], language.words("verdicts")[side.verdict]
    )
    if side.statistic is not None:
        cell += Markup(" <small>{}</small>").format(written(language, side.statistic, row.unit))
    return Td(cell, f"verdict {side.verdict}")
