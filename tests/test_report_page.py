"""The report page: self-contained, escaped, the same bytes twice, readable without eyes."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from forecast.errors import RunError
from forecast.report import ReportInputs, facts_to_json, gather_facts, render_page, write_report
from forecast.report.example import example_inputs, without_share

ATTACK = "<script>alert(1)</script>"
MOST_BYTES = 2_000_000


class Page(HTMLParser):
    """What the tests ask of a page: its tags with attributes, its text, its ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def inputs() -> ReportInputs:
    return example_inputs()


@pytest.fixture(scope="module")
def text(inputs: ReportInputs) -> str:
    return render_page(inputs, gather_facts(inputs))


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def rendered(inputs: ReportInputs) -> Page:
    return Page(render_page(inputs, gather_facts(inputs)))


def with_labels(inputs: ReportInputs, labels: dict[str, str]) -> ReportInputs:
    study = inputs.study
    report = study.report.model_copy(update={"labels": study.report.labels | labels})
    return replace(inputs, study=study.model_copy(update={"report": report}))


def test_same_inputs_give_the_same_bytes(inputs: ReportInputs, tmp_path: Path):
    """Two reports of one run are byte-equal, figures and facts included."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_report(inputs, tmp_path / name)
    for file in ("index.html", "facts.json"):
        one, two = ((tmp_path / name / file).read_bytes() for name in ("one", "two"))
        assert one == two


def test_facts_are_json_without_nan(inputs: ReportInputs):
    """The file of facts is strict JSON and holds the headline."""
    facts = json.loads(facts_to_json(gather_facts(inputs)))
    assert facts["stay"]["headline"]["cohort"] == 2021
    assert facts["share"]["probabilities"][0]["probability"] == 0.012


@pytest.mark.parametrize("label", [ATTACK, '"><b>bold</b>', "$x_1$ and $\\frac{1}{2}$ of 5 %"])
def test_labels_stay_text(inputs: ReportInputs, label: str):
    """A label of the study is text wherever it stands: prose, tables, figures, alt text."""
    page = rendered(with_labels(inputs, {"alpha": label, "north": label}))
    assert not page.all("script")
    assert not page.all("b")
    assert " ".join(label.split()[:1]) in page.text()


def test_texts_of_tables_stay_text(inputs: ReportInputs):
    """Reasons, claims, checks and provenance that look like markup are printed as they are."""
    hostile = replace(
        inputs,
        left_out=inputs.left_out.assign(reason=ATTACK),
        checks=inputs.checks.assign(advice=ATTACK),
        claims=pd.DataFrame([{"claim_id": "1", "claim": ATTACK, "url": "javascript:alert(1)"}]),
        provenance={ATTACK: ATTACK},
    )
    page = rendered(hostile)
    assert not page.all("script")
    assert page.text().count(ATTACK) >= 5
    assert not [a for a in page.all("a") if str(a.get("href")).startswith("javascript")]


def test_page_is_self_contained(text: str, page: Page):
    """The page loads nothing: its only outside addresses are plain links to sources."""
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("img")
    assert "@import" not in text
    sources = [value for _, a in page.tags for key, value in a.items() if key == "src"]
    assert not sources
    links = {a["href"] for a in page.all("a") if not str(a["href"]).startswith("#")}
    assert links == {"https://example.org/a"}
    without_links = re.sub(r'<a href="https://[^"]*"', "", text)
    assert "http://" not in without_links
    assert "https://" not in without_links
    assert not re.findall(r"url\((?!#)", text)


def test_ids_are_unique_and_references_lead_somewhere(page: Page):
    """No two elements share an id, and each reference in the page has its target."""
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {str(a["href"])[1:] for _, a in page.tags if str(a.get("href")).startswith("#")}
    named = {str(a["aria-labelledby"]) for _, a in page.tags if "aria-labelledby" in a}
    assert (targets | named) <= set(ids)


def test_headings_are_in_order(page: Page):
    """One first heading, and no heading skips a level."""
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_figures_speak(page: Page):
    """Each figure has a finding and alt text with numbers."""
    figures = page.all("svg")
    assert len(figures) == len(page.all("figure")) == len(page.all("figcaption")) == 16
    assert all(attrs["role"] == "img" for attrs in figures)
    assert all(re.search(r"\d", str(attrs["aria-label"])) for attrs in figures)


def test_wide_parts_scroll_by_keyboard(page: Page):
    """Tables and figures scroll in regions that take the focus and have a name."""
    regions = [a for a in page.all("div") if "scroll" in str(a.get("class"))]
    assert len(regions) == len(page.all("table")) + len(page.all("figure"))
    assert all(a["tabindex"] == "0" and a["role"] == "region" for a in regions)
    assert all("aria-label" in a or "aria-labelledby" in a for a in regions)
    assert len(page.all("caption")) == len(page.all("table"))


def test_page_is_small(text: str):
    """The page stays under two megabytes."""
    assert len(text.encode()) < MOST_BYTES


def test_skip_link_comes_first(page: Page):
    """The first link leads past the contents."""
    assert page.all("a")[0]["href"] == "#main"


def test_a_failed_check_heads_the_page(inputs: ReportInputs):
    """A failing verdict turns the answer into a warning that names the check."""
    checks = inputs.checks.assign(verdict=["fail", "pass"])
    page = rendered(replace(inputs, checks=checks, verdict="fail"))
    assert "Warning: do not use this answer" in page.text()
    assert "One of two checks failed (R-hat)" in page.text()
    assert "[fail]" in page.text()


def test_an_open_check_heads_the_page(inputs: ReportInputs):
    """A verdict of review is said above the answer."""
    checks = inputs.checks.assign(verdict=["review", "pass"])
    page = rendered(replace(inputs, checks=checks, verdict="review"))
    assert "Warning: an answer to be reviewed" in page.text()
    assert "(R-hat)" in page.text()


def test_a_quick_run_is_a_preview(inputs: ReportInputs):
    """A shortened run is marked in title, heading and command."""
    page = rendered(replace(inputs, quick=True))
    assert "Preview: not yet an answer" in page.text()
    assert "[preview]" in page.text()
    assert "--quick" in page.text()


def test_a_clean_run_has_no_notice(page: Page):
    """Where all checks pass, the answer stands without a notice."""
    assert "Warning" not in page.text()
    assert not [a for a in page.all("p") if a.get("role") == "note"]


def test_a_study_without_workforce_has_a_page(inputs: ReportInputs):
    """Without [share] the page leaves out what it cannot say, links included."""
    page = rendered(without_share(inputs))
    sections = {str(a["id"]) for a in page.all("section")}
    assert "stay" in sections
    assert not sections & {"share", "scenarios", "target", "uncertainty", "claims"}
    links = {str(a["href"])[1:] for a in page.all("a") if str(a["href"]).startswith("#")}
    assert links == sections | {"main"}


def test_an_engine_without_statistics_has_a_page(inputs: ReportInputs):
    """An engine without energy, predictive draws or log likelihood says what is not shown."""
    tree = inputs.tree.copy()
    for group in ("sample_stats", "posterior_predictive", "log_likelihood", "observed_data"):
        del tree[group]
    page = rendered(replace(inputs, tree=tree, engine="laplace"))
    assert "Energy: the engine has none." in page.text()
    assert len(page.all("figure")) == 13


def test_a_report_leaves_no_figure_open(inputs: ReportInputs):
    """Drawing leaves pyplot as it was."""
    before = (plt.get_fignums(), plt.get_backend(), plt.rcParams["font.size"])
    rendered(inputs)
    assert (plt.get_fignums(), plt.get_backend(), plt.rcParams["font.size"]) == before


def test_a_missing_headline_is_an_error(inputs: ReportInputs):
    """Stay rates without the headline cell are refused, with the cell in the message."""
    rates = inputs.stay_rates[inputs.stay_rates["cohort"].ne(2021)]
    with pytest.raises(RunError, match="cohort 2021"):
        gather_facts(replace(inputs, stay_rates=rates))
