"""The page: facts, figures and tables set into one self-contained HTML file."""

import re
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from forecast.report import question_sentences, sentences, sentences_of_methods
from forecast.report.assessment_sentences import assessment_words
from forecast.report.assessment_tables import assessment_tables
from forecast.report.diagnostics import not_drawn
from forecast.report.figures import draw_figures
from forecast.report.inputs import ReportInputs
from forecast.report.numbers_in_words import THIN, percent
from forecast.report.question_records import QuestionStory
from forecast.report.question_tables import question_tables
from forecast.report.records import ReportFacts
from forecast.report.svg import Drawing
from forecast.report.tables import page_tables

SECTIONS = (
    ("answer", "The answer"),
    ("evidence", "Evidence"),
    ("stay", "Stay rates"),
    ("share", "Share of the workforce"),
    ("scenarios", "Scenarios"),
    ("target", "What it would take"),
    ("uncertainty", "Where the uncertainty comes from"),
    ("trust", "How good the forecasts were"),
    ("claims", "Claims"),
    ("priors", "Priors and their reasons"),
    ("diagnostics", "Diagnostics"),
    ("provenance", "Provenance"),
)


def render_page(inputs: ReportInputs, facts: ReportFacts) -> str:
    """Return the report as HTML: no script, no network, the same text for the same input."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["prose"] = prose
    template = environment.from_string(_shipped("page.html"))
    figures = {name: _Figure(drawing) for name, drawing in draw_figures(inputs, facts).items()}
    return template.render(
        facts=facts,
        figures=figures,
        tables=page_tables(facts) | question_tables(facts) | assessment_tables(facts),
        sections=_sections(facts),
        notice=sentences.notice(facts),
        key_figures=sentences.key_figures(facts),
        say=_prose(facts) | _answers(facts.questions),
        targets=_targets(facts.questions),
        trust=assessment_words(facts.assessment),
        not_drawn=not_drawn(inputs.tree),
        command=_command(facts),
        style=Markup(_shipped("style.css")),  # our own file
    )


def prose(text: str) -> Markup:
    """Escape a text, keep percent signs with their numbers, and set names in backticks as code.

    Examples
    --------
    >>> str(prose("`a` < 5 %")).replace(THIN, "~")
    '<code>a</code> &lt; 5~%'
    """
    safe = re.sub(r"(?<=\d) %", f"{THIN}%", str(escape(text)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", safe))


class _Figure:
    """A drawing whose markup the template may print as it is."""

    def __init__(self, drawing: Drawing) -> None:
        self.name = drawing.name
        self.title = drawing.title
        self.caption = drawing.caption
        self.svg = Markup(drawing.svg)  # labels were escaped when it was written


def _shipped(name: str) -> str:
    return files("forecast.report").joinpath("templates", name).read_text(encoding="utf-8")


def _sections(facts: ReportFacts) -> list[tuple[str, str]]:
    """Return id and title of the sections that have something to say."""
    without = set()
    if facts.share is None:
        without |= {"share", "uncertainty"}
    if not _targets(facts.questions):
        without.add("target")
    if not facts.scenarios:
        without.add("scenarios")
    if facts.assessment is None:
        without.add("trust")
    if not facts.claims and not (facts.questions and facts.questions.verdicts):
        without.add("claims")
    named = dict(SECTIONS) | {"answer": sentences.notice(facts).heading}
    return [(name, named[name]) for name, _ in SECTIONS if name not in without]


def _prose(facts: ReportFacts) -> dict[str, str]:
    """Return every sentence of the page by name."""
    methods = sentences_of_methods
    first, second = sentences.answer(facts)
    said = {
        "answer_first": first,
        "answer_second": second,
        "evidence": methods.evidence_sentence(facts.evidence),
        "left_out": methods.left_out_sentence(facts.evidence),
        "fields": methods.fields_sentence(facts.evidence),
        "path": sentences.path_sentence(facts.stay),
        "basis": methods.basis_sentence(facts.stay),
        "sampling": methods.sampling_sentence(facts),
        "checks": methods.checks_sentence(facts),
    }
    if facts.share is not None:
        said["learned"] = sentences.learned_sentence(facts.share)
    return said


def _answers(story: QuestionStory | None) -> dict[str, str]:
    """Return every sentence about the questions by name, empty where there is nothing to say."""
    if story is None:
        return dict.fromkeys(("passage", "refit", "worth", "parts", "contribution", "asked"), "")
    passage = story.passage
    return {
        "passage": "" if passage is None else question_sentences.passage_sentence(passage),
        "refit": question_sentences.refit_sentence(story),
        "worth": question_sentences.worth_sentence(story) if story.worth else "",
        "parts": question_sentences.dependence_sentence(story.uncertainty),
        "contribution": question_sentences.contribution_sentence(story),
        "asked": f"{percent(story.at_most)} in {story.by}",
    }


def _targets(story: QuestionStory | None) -> list[str]:
    if story is None:
        return []
    said = question_sentences
    return [
        f"{said.solved_sentence(s)}{said.over_alternatives(story, s.lever)}" for s in story.solved
    ]


def _command(facts: ReportFacts) -> str:
    quick = " --quick" if facts.quick else ""
    return f"stayrate run {facts.study} --engine {facts.engine} --seed {facts.seed}{quick}"
