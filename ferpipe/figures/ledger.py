"""The ledger: every finding of the original report, what each data set says of it, and what decides it."""

from collections import Counter

from markupsafe import Markup, escape

from ferpipe.drawing import table
from ferpipe.drawing.figure import REFERRED, Figure, numbers_file
from ferpipe.drawing.table import Td
from ferpipe.results.claims import Claims, Row, Side
from ferpipe.text.claims import APART, DECIDED, SIGNS, VERDICTS
from ferpipe.text.formats import NONE, beside, integer, interval, written
from ferpipe.text.language import Language

_SMALL = Markup("<small>{}</small>")


def draw(claims: Claims, language: Language) -> Figure:
    """Return a row for each claim: finding, the data sets' verdicts, untrained networks, the original's words."""
    editions = {side.edition: side.title.get(language, side.edition) for row in claims.rows for side in row.sides}
    words = language.words("ledger")
    names = [words["finding"], *editions.values(), words["untrained"], words["original"], words["decides"]]
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
        finding += _SMALL.format(words[f"differ_{reason(row)}"])
    elif decided:
        for side in row.sides:
            if side.verdict == "undecided" and side.statistic is not None and side.interval is not None:
                alike = any(side.interval[0] <= other <= side.interval[1] for other in _statistics(row))
                short = side.bound and _passes(row, side) and not side.past  # of untrained networks alone
                key = "differ_reach" if short else "differ_open" if alike else "differ_size"
                finding += _SMALL.format(words[key].format(where=editions[side.edition]))
    criterion = ""
    if row.threshold is not None:
        criterion = words[row.side].format(threshold=written(language, row.threshold, row.unit))
    alone = row.about == "learned" and all(side.control is None for side in row.sides)
    about = f"about_{row.about}{'_alone' * alone}"
    decides = Markup("{}").format(row.why[language])
    return [
        finding,
        *(_side(row, sides.get(name), language) for name in editions),
        Td(Markup("").join(_untrained(row, side, editions, language) for side in row.sides) or NONE, "number"),
        row.original[language],
        Td(decides + _SMALL.format(" \N{MIDDLE DOT} ".join(filter(None, [criterion, words[about]])))),
    ]


def _statistics(row: Row) -> list[float]:
    """Return what was found where the finding is decided."""
    return [side.statistic for side in row.sides if side.verdict in DECIDED and side.statistic is not None]


def reason(row: Row) -> str:
    """Return why two data sets may decide otherwise: the bar, where both pass the threshold, or what it is about."""
    sides = [side for side in row.sides if side.verdict in DECIDED]
    passed = all(_passes(row, side) for side in sides)
    return "bar" if passed and any(side.bound for side in sides) else row.about


def _passes(row: Row, side: Side) -> bool:
    """Return whether the mean over networks lies past the threshold, whatever untrained networks reach."""
    sign = 1 if row.side == "above" else -1
    return side.statistic is not None and side.threshold is not None and sign * (side.statistic - side.threshold) > 0


def _untrained(row: Row, side: Side, editions: dict[str, str], language: Language) -> Markup:
    """Return the mean of untrained networks; of another data set's with its title."""
    if side.control is None:
        return Markup("")
    words = language.words("ledger")
    value = beside(language, side.control, side.interval or [], row.unit)
    if side.draws == 1:
        value += words["one_draw"]
    elif side.draws < side.networks:
        value += words["draws"].format(n=integer(side.draws))
    if side is row.sides[0]:
        return Markup("{}").format(value)
    title = f"{editions[side.edition]}{language.words('page')['colon']}"
    return _SMALL.format(Markup("{}<wbr>{}").format(title, value))


def _side(row: Row, side: Side | None, language: Language) -> Td:
    """Return a data set's verdict and, below it, what it rests on."""
    words = language.words("ledger")
    if side is None or side.verdict == APART:
        return Td(NONE)
    cell = Markup('<span aria-hidden="true">{}</span> {}').format(
        SIGNS[side.verdict], language.words("verdicts")[side.verdict]
    )
    if side.statistic is None or side.interval is None:
        return Td(cell + _SMALL.format(words["none"]), f"verdict {side.verdict}")
    bounds = interval(language, side.interval, row.unit, bar=side.bar)
    cell += Markup('<small><b>{}</b> <span class="interval">{}</span></small>').format(
        written(language, side.statistic, row.unit), bounds
    )
    past = side.networks - side.past if side.verdict == "fails" else side.past  # as its sentence counts them
    cell += _SMALL.format(escape(counted(language, side.networks, past)))
    if side.bound and side.bar is not None:
        which = "not_past" if side.verdict == "fails" and _passes(row, side) else "bound"
        cell += _SMALL.format(words[which].format(bar=beside(language, side.bar, side.interval, row.unit)))
    if side.withheld:
        cell += _SMALL.format(words["withheld"])
    if side.smallest is not None:
        smallest = written(language, side.smallest, "points" if row.unit == "percent" else row.unit).lstrip("+")
        cell += _SMALL.format(words["smallest"].format(smallest=smallest))
    return Td(cell, f"verdict {side.verdict}")


def counted(language: Language, networks: int, past: int) -> str:
    """Return in how many networks a statistic lies on the claimed side."""
    words = language.words("ledger")
    return words["one"] if networks == 1 else words["networks"].format(past=integer(past), n=integer(networks))
