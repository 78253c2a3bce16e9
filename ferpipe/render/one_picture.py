"""One picture's page: a single file that asks for nothing else, in every language of the report."""

from collections.abc import Mapping, Sequence

from ferpipe.figures import one_picture as drawing
from ferpipe.render import alone
from ferpipe.results.one_picture import OnePicture
from ferpipe.results.scores import Scores
from ferpipe.text.formats import class_name, integer, listing, number, percent
from ferpipe.text.language import Language
from ferpipe.text.report import Report

TEMPLATE, COMMAND = "one_picture.html", "explain"


def page(explanation: OnePicture, scores: Scores | None, report: Report, languages: Sequence[Language]) -> bytes:
    """Return the page of one picture, for classes as `languages` name them; `scores` is the networks' score card."""
    templates = report.folder.parent / "templates"
    articles = [_article(explanation, scores, report, language) for language in languages]
    values = {
        "articles": articles,
        "name": explanation.given.name,
        "title": explanation.given.name,
        "tag": alone.tags(languages)[0],
    }
    return alone.rendered(templates, TEMPLATE, COMMAND, values)


def index(explanations: Sequence[tuple[str, OnePicture]], report: Report, languages: Sequence[Language]) -> bytes:
    """Return the page that leads to each picture's file, with its prediction."""
    templates = report.folder.parent / "templates"
    entries = [
        {
            "file": file,
            "name": explanation.given.name,
            "face": alone.inline(drawing.given(explanation, languages[0]).files[drawing.FACE], drawing.FACE),
            "answers": [
                f"{class_name(language, explanation.label)} {percent(max(explanation.together))}"
                for language in languages
            ],
        }
        for file, explanation in explanations
    ]
    words = [language.words("explain") for language in languages]
    tags = alone.tags(languages)
    values = {"entries": entries, "words": words, "tags": tags, "tag": tags[0], "title": words[0]["index"]}
    return alone.rendered(templates, "pictures.html", COMMAND, values)


def _article(explanation: OnePicture, scores: Scores | None, report: Report, language: Language) -> dict[str, object]:
    """Return what the template says of a picture in one language."""
    words = language.words("explain")
    names, count = language.words("scores.methods"), len(explanation.networks)
    label = class_name(language, explanation.label)
    answers = [max(range(len(row)), key=row.__getitem__) for row in explanation.probabilities]
    good = [names[name] for name in drawing.order(explanation, scores) if name in drawing.passing(scores)]
    trust = "unscored" if scores is None else "trusted" if good else "none_trusted"
    lost = explanation.changes[0].probabilities[explanation.label]
    strongest = min(explanation.changes[1:], key=lambda change: change.probabilities[explanation.label])
    left = strongest.probabilities[explanation.label]
    return {
        "language": language,
        "tag": language.words("page")["html"],
        "called": language.words("page")["language"],
        "words": words,
        "answer": words["answer" if count > 1 else "answer_one"].format(
            label=label, chance=percent(explanation.together[explanation.label]), n=integer(count)
        ),
        "agree": words["agree"].format(same=integer(answers.count(explanation.label)), n=integer(count))
        if count > 1
        else "",
        "warning": words["gap"].join(_warnings(explanation, words)),
        "alarm": words["unknown" if explanation.alarm is None else "like"] if (explanation.alarm or 0) <= 0 else "",
        "cut": words[f"cut_{explanation.given.cut}"] if explanation.given.cut != "faceless" else "",
        "given": alone.html(drawing.given(explanation, language), words["given_title"]),
        "answers": alone.html(drawing.answers(explanation, language), words["networks"]),
        "maps": alone.html(drawing.maps(explanation, scores, language), words["maps_title"]),
        "changes": alone.html(drawing.changes(explanation, language), words["changes_title"]),
        "trust": words[trust].format(
            good=listing(language, good), n=integer(len(explanation.methods)), passed=integer(len(good))
        ),
        "explained": words["explained"].format(network=explanation.networks[0].name, label=label),
        "lime": words["lime_none" if None in (explanation.fit, explanation.stability) else "lime"].format(
            fit=number(explanation.fit), stability=number(explanation.stability), samples=integer(explanation.samples)
        ),
        "strongest": words["strongest" if left < lost else "no_change"].format(
            what=words[strongest.what], label=label, before=percent(lost), after=percent(left)
        ),
        "networks": [
            words["told_guessed" if told.guessed else "told_unknown"].format(name=told.name)
            if told.accuracy is None
            else words["told"].format(
                name=told.name,
                data=report.names.get(told.data, {}).get(language, told.data),
                accuracy=percent(told.accuracy),
                n=integer(told.n),
            )
            for told in explanation.networks
        ],
    }


def _warnings(explanation: OnePicture, words: Mapping[str, str]) -> list[str]:
    faceless = [words["cut_faceless"]] if explanation.given.cut == "faceless" else []
    return faceless + ([words["unlike"]] if explanation.alarm is not None and explanation.alarm > 0 else [])
