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


def page(found: OnePicture, scores: Scores | None, report: Report, languages: Sequence[Language]) -> bytes:
    """Return the page of one picture, for classes as `languages` name them; `scores` is the networks' score card."""
    templates = report.folder.parent / "templates"
    articles = [_article(found, scores, report, language) for language in languages]
    values = {
        "articles": articles,
        "name": found.given.name,
        "title": found.given.name,
        "tag": alone.tags(languages)[0],
    }
    return alone.rendered(templates, TEMPLATE, COMMAND, values)


def index(found: Sequence[tuple[str, OnePicture]], report: Report, languages: Sequence[Language]) -> bytes:
    """Return the page that leads to each picture's file, with its prediction."""
    templates = report.folder.parent / "templates"
    entries = [
        {
            "file": file,
            "name": one.given.name,
            "face": alone.inline(drawing.given(one, languages[0]).files[drawing.FACE], drawing.FACE),
            "answers": [f"{class_name(language, one.label)} {percent(max(one.together))}" for language in languages],
        }
        for file, one in found
    ]
    words = [language.words("explain") for language in languages]
    tags = alone.tags(languages)
    values = {"entries": entries, "words": words, "tags": tags, "tag": tags[0], "title": words[0]["index"]}
    return alone.rendered(templates, "pictures.html", COMMAND, values)


def _article(found: OnePicture, scores: Scores | None, report: Report, language: Language) -> dict[str, object]:
    """Return what the template says of a picture in one language."""
    words = language.words("explain")
    names, count = language.words("scores.methods"), len(found.networks)
    label = class_name(language, found.label)
    own = [max(range(len(row)), key=row.__getitem__) for row in found.probabilities]
    good = [names[name] for name in drawing.order(found, scores) if name in drawing.passing(scores)]
    trust = "unscored" if scores is None else "trusted" if good else "none_trusted"
    lost = found.changes[0].probabilities[found.label]
    strongest = min(found.changes[1:], key=lambda change: change.probabilities[found.label])
    left = strongest.probabilities[found.label]
    return {
        "language": language,
        "tag": language.words("page")["html"],
        "called": language.words("page")["language"],
        "words": words,
        "answer": words["answer" if count > 1 else "answer_one"].format(
            label=label, chance=percent(found.together[found.label]), n=integer(count)
        ),
        "agree": words["agree"].format(same=integer(own.count(found.label)), n=integer(count)) if count > 1 else "",
        "warning": words["gap"].join(_warnings(found, words)),
        "alarm": words["unknown" if found.alarm is None else "like"] if (found.alarm or 0) <= 0 else "",
        "cut": words[f"cut_{found.given.cut}"] if found.given.cut != "faceless" else "",
        "given": alone.html(drawing.given(found, language), words["given_title"]),
        "answers": alone.html(drawing.answers(found, language), words["networks"]),
        "maps": alone.html(drawing.maps(found, scores, language), words["maps_title"]),
        "changes": alone.html(drawing.changes(found, language), words["changes_title"]),
        "trust": words[trust].format(
            good=listing(language, good), n=integer(len(found.methods)), passed=integer(len(good))
        ),
        "explained": words["explained"].format(network=found.networks[0].name, label=label),
        "lime": words["lime"].format(
            fit=number(found.fit), stability=number(found.stability), samples=integer(found.samples)
        ),
        "strongest": words["strongest" if left < lost else "no_change"].format(
            what=words[strongest.what], label=label, before=percent(lost), after=percent(left)
        ),
        "networks": [
            words["told_unknown"].format(name=told.name)
            if told.accuracy is None
            else words["told"].format(
                name=told.name,
                data=report.names.get(told.data, {}).get(language, told.data),
                accuracy=percent(told.accuracy),
                n=integer(told.n),
            )
            for told in found.networks
        ],
    }


def _warnings(found: OnePicture, words: Mapping[str, str]) -> list[str]:
    faceless = [words["cut_faceless"]] if found.given.cut == "faceless" else []
    return faceless + ([words["unlike"]] if found.alarm is not None and found.alarm > 0 else [])
