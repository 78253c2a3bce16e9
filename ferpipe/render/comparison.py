"""The page of two runs: a single file, in every language of the report."""

from collections.abc import Sequence

from ferpipe.drawing.figure import Figure
from ferpipe.figures import comparison as drawing
from ferpipe.render import alone
from ferpipe.results.comparison import Comparison, Difference
from ferpipe.text.formats import fall, integer, interval, percent
from ferpipe.text.language import Language
from ferpipe.text.report import Report

TEMPLATE, COMMAND = "comparison.html", "compare"
LEVEL = 0.05  # of McNemar's test

Name = tuple[str, dict[Language, str], str]  # of a finding: its id, its words, the unit of its statistic


def page(comparison: Comparison, names: Sequence[Name], report: Report, languages: Sequence[Language]) -> bytes:
    """Return the page of two runs, for classes as `languages` name them."""
    articles = [_article(comparison, names, language) for language in languages]
    title = f"{comparison.first.name} · {comparison.second.name}"
    values = {"articles": articles, "title": title, "tag": alone.tags(languages)[0]}
    return alone.rendered(report.folder.parent / "templates", TEMPLATE, COMMAND, values)


def clear(part: Difference) -> bool:
    """Return whether the two differ: by McNemar's test or, where they are not paired, by the whole interval."""
    return part.p < LEVEL if part.p is not None else not part.interval[0] <= 0 <= part.interval[1]


def _article(comparison: Comparison, names: Sequence[Name], language: Language) -> dict[str, object]:
    words = language.words("compare")
    settings, shared = drawing.settings(comparison, language)
    findings, both, same = drawing.findings(
        comparison, [(key, texts[language], unit) for key, texts, unit in names], language
    )
    changed = sum(
        said.verdict != comparison.second.said[key].verdict
        for key, said in comparison.first.said.items()
        if key in comparison.second.said
    )
    return {
        "language": language,
        "tag": language.words("page")["html"],
        "called": language.words("page")["language"],
        "words": words,
        "first": comparison.first.name,
        "second": comparison.second.name,
        "answer": _answer(comparison.differences[-1], language),
        "paired": words[f"paired_{comparison.why}" if comparison.why else "paired"].format(n=integer(comparison.n)),
        "verdicts": words["verdicts"].format(both=integer(both), same=integer(same), changed=integer(changed)),
        "accuracies": alone.html(drawing.accuracies(comparison, language), words["accuracies_title"]),
        "settings": alone.html(settings, words["settings_title"]),
        "shared": words["shared"].format(n=integer(shared)),
        "findings": alone.html(findings, words["findings_title"]),
        "curves": _html(drawing.curves(comparison, language), words["curves_title"]),
        "maps": _html(drawing.maps(comparison, language), words["maps_title"]),
    }


def _answer(part: Difference, language: Language) -> str:
    """Return in a sentence which run predicts more, by the mean of its members."""
    words, texts = language.words("compare"), (percent(part.first.accuracy), percent(part.second.accuracy))
    key = "same" if not clear(part) else "more" if part.value > 0 else "less"
    return words[key].format(
        first=texts[0],
        second=texts[1],
        by=fall(language, part.value),
        interval=interval(language, part.interval, "points"),
    )


def _html(figure: Figure | None, name: str) -> str:
    return alone.html(figure, name) if figure else ""
