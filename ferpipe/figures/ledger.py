"""The ledger: every finding of the original report, what each data set says of it, and what decides it."""

from collections import Counter

from markupsafe import Markup, escape

from ferpipe.drawing import table
from ferpipe.drawing.figure import REFERRED, Figure, numbers_file
from ferpipe.drawing.table import Td
from ferpipe.results.claims import Claims, Row, Side
from ferpipe.text.claims import APART, DECIDED, SIGNS, VERDICTS
from ferpipe.text.formats import NONE, integer, interval, written
from ferpipe.text.language import Language

_SMALL = Markup("<small>{}</small>")


def draw(claims: Claims, language: Language) -> Figure:
    """Return a row for each claim: finding, the original's words, the data sets' verdicts, untrained networks."""
    editions = {side.edition: side.title.get(language, side.edition) for row in claims.rows for side in row.sides}
    words = language.words("ledger")
    names = [words["finding"], words["original"], *editions.values(), words["untrained"], words["decides"]]
    cells = [_cells(row, editions, language) for row in claims.rows]
    body = _choice(claims, language) + table.table(names, cells, "ledger")
    return Figure(body, "claims", "ledger.json", {"ledger.json": numbers_file(claims.rows)}, wide=True)


def _choice(claims: Claims, language: Language) -> str:
    """Return buttons that show the rows of one verdict alone; the page's script shows the buttons."""
    counts = Counter(row.verdict for row in claims.rows)
    buttons = [("", language.words("ledger")["all"], len(claims.rows))]
    buttons += [(verdict, language.words("verdicts")[verdict], counts[verdict]) for verdict in VERDICTS]
    inner = "".join(
        Markup('<button type="button" data-verdict="{}" aria-pressed="{}">{} {}</button>').format(
            verdict, "false" if verdict else "true", word, integer(count)
        )
        for verdict, word, count in buttons
    )
    label = language.words("ledger")["choose"]
    return str(Markup('<div class="choice" role="group" aria-label="{}" hidden>{}</div>').format(label, Markup(inner)))


def _cells(row: Row, editions: dict[str, str], language: Language) -> list[str | Td]:
    words, sides = language.words("ledger"), {side.edition: side for side in row.sides}
    finding = Markup('<span id="claim-{}">{}</span>').format(row.id, row.finding[language])
    finding += _SMALL.format(REFERRED.format(row.figure))
    decided = {side.verdict for side in row.sides if side.verdict in DECIDED}
    if len(decided) > 1:
        finding += _SMALL.format(words[f"differ_{row.about}"])
    elif decided and (open_on := [editions[side.edition] for side in row.sides if side.verdict == "undecided"]):
        finding += _SMALL.format(words["differ_open"].format(where=words["comma"].join(open_on)))
    here = row.sides[0]
    untrained = NONE if here.control is None else written(language, here.control, row.unit)
    wanted = ""
    if row.threshold is not None:
        wanted = words[row.side].format(threshold=written(language, row.threshold, row.unit))
        if row.bar is not None and row.bar != row.threshold:
            wanted += words["bound"].format(bar=written(language, row.bar, row.unit))
    about = f"about_{row.about}{'_alone' * (row.about == 'learned' and here.control is None)}"
    decides = Markup("{}").format(row.why[language])
    return [
        finding,
        row.original[language],
        *(_side(row, sides.get(name), name == here.edition, language) for name in editions),
        Td(untrained, "number"),
        Td(decides + _SMALL.format(" \N{MIDDLE DOT} ".join(filter(None, [wanted, words[about]])))),
    ]


def _side(row: Row, side: Side | None, here: bool, language: Language) -> Td:
    """Return a data set's verdict and, below it, what it rests on."""
    words = language.words("ledger")
    if side is None or side.verdict == APART:
        return Td(NONE)
    cell = Markup('<span aria-hidden="true">{}</span> {}').format(
        SIGNS[side.verdict], language.words("verdicts")[side.verdict]
    )
    if side.statistic is None or side.interval is None:
        return Td(cell + _SMALL.format(words["none"]), f"verdict {side.verdict}")
    bounds = interval(language, side.interval, row.unit)
    cell += Markup('<small><b>{}</b> <span class="interval">{}</span></small>').format(
        written(language, side.statistic, row.unit), bounds
    )
    past = side.networks - side.past if side.verdict == "fails" else side.past  # as its sentence counts them
    cell += _SMALL.format(escape(counted(language, side.networks, past)))
    if here and side.verdict == "undecided" and row.smallest is not None:
        smallest = written(language, row.smallest, row.unit).lstrip("+")
        cell += _SMALL.format(words["smallest"].format(smallest=smallest))
    return Td(cell, f"verdict {side.verdict}")


def counted(language: Language, networks: int, past: int) -> str:
    """Return in how many networks a statistic lies on the claimed side."""
    words = language.words("ledger")
    return words["one"] if networks == 1 else words["networks"].format(past=integer(past), n=integer(networks))
