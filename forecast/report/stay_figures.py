"""Figures of stay rates: small multiples by cohort, with the published figures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter
from matplotlib.typing import LineStyleType

from forecast.report.inputs import ReportInputs
from forecast.report.numbers_in_words import interval_kind, percent, percent_range
from forecast.report.records import DefinitionFact, ReportFacts
from forecast.report.sentences import estimate_in_words, inside, years_on
from forecast.report.stay_facts import broad_field, estimate_of, headline_duration, stay_path
from forecast.report.svg import COLOURS, INK, MARKERS, Drawing, inline_svg, look
from forecast.study import Study

STYLES: dict[str, LineStyleType] = {
    "residence": "-",
    "intentions": (0, (4, 1.5)),
    "forecast": (0, (1, 1.2)),
}
SHADES = {"intentions": "#f6eedb", "forecast": "#e9eef4"}
WORDS = {
    "residence": "residence is published",
    "intentions": "rests on intentions alone",
    "forecast": "outside the published cohorts",
}
BAND = COLOURS[0]


class Panel(NamedTuple):
    """One small multiple: its label, its path, the published figures in it."""

    label: str
    path: pd.DataFrame
    points: pd.DataFrame


def origins_figure(inputs: ReportInputs, facts: ReportFacts) -> Drawing | None:
    """Draw stay rates by cohort for the main origins, in the broad field."""
    study, field = inputs.study, broad_field(inputs.study)
    panels = [
        _panel(inputs, origin, field, study.label(origin)) for origin in study.report.main_origins
    ]
    return _drawing("stay-origins", panels, f", {inside(study.label(field))}", study, facts)


def fields_figure(inputs: ReportInputs, facts: ReportFacts) -> Drawing | None:
    """Draw stay rates by cohort for the main fields, of the headline origin."""
    study, head = inputs.study, facts.stay.headline
    panels = [
        _panel(inputs, head.origin, field, study.label(field)) for field in study.report.main_fields
    ]
    return _drawing("stay-fields", panels, f", {head.origin_label}", study, facts)


def published_points(
    observations: pd.DataFrame, study: Study, origin: str, field: str
) -> pd.DataFrame:
    """Return the figures drawn in a panel, with x the middle of their cohorts.

    Of that origin; of that field, or of all fields if the field is a group; seen at the headline
    duration, or asked within a year of the doctorate; remainders of totals are not drawn.
    """
    fields = {field, "ALL"} if len(study.evidence.field_sets[field]) > 1 else {field}
    middle = (observations["cohort_start"] + observations["cohort_end"]) / 2
    years = observations["years_since"].fillna(observations["observed_year"] - middle)
    near = years.sub(headline_duration(study)).abs().le(1) | years.le(1)
    same = observations["origin"].eq(origin) & observations["field"].isin(fields)
    chosen = same & near & ~observations["derived"].astype(bool)
    return observations.assign(x=middle)[chosen]


def _panel(inputs: ReportInputs, origin: str, field: str, label: str) -> Panel:
    path = stay_path(inputs.stay_rates, inputs.study, origin, field)
    points = published_points(inputs.observations, inputs.study, origin, field)
    return Panel(label, path, points)


def _drawing(
    name: str, panels: Sequence[Panel], where: str, study: Study, facts: ReportFacts
) -> Drawing | None:
    panels = [panel for panel in panels if not panel.path.empty]
    if not panels:
        return None
    alt = _alt(panels, where, study, facts)
    with look(name):
        figure = _paint(panels, facts.evidence.definitions)
        markup = inline_svg(figure, name, alt)
    return Drawing(name, _title(panels, where, study), _caption(panels, facts), alt, markup)


def _paint(panels: Sequence[Panel], definitions: Sequence[DefinitionFact]) -> Figure:
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(7.4, 2.15 * rows + 0.75), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        _paint_panel(axes, panel, definitions)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    low, high = _limits(panels)
    grid[0, 0].set_ylim(low, high)
    figure.legend(
        handles=_legend(panels, definitions), loc="outside lower left", ncols=2, handlelength=2.4
    )
    return figure


def _paint_panel(axes: Axes, panel: Panel, definitions: Sequence[DefinitionFact]) -> None:
    path = panel.path
    x, basis = path["cohort"].to_numpy(float), path["basis"].to_numpy(str)
    axes.fill_between(x, path["lower"], path["upper"], color=BAND, alpha=0.22, linewidth=0)
    for kind, first, last in _runs(basis):
        if kind in SHADES:
            axes.axvspan(x[first] - 0.5, x[last] + 0.5, color=SHADES[kind], linewidth=0, zorder=0)
        joined = slice(max(first - 1, 0), last + 1)  # from the last of the run before: no gap
        axes.plot(x[joined], path["median"][joined], color=BAND, linestyle=STYLES[kind], zorder=3)
    for i, definition in enumerate(definitions):
        _paint_points(
            axes, panel.points[panel.points["definition"].eq(definition.key)], i, definition
        )
    axes.set_title(panel.label)
    axes.set_xlim(x.min() - 0.5, x.max() + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _runs(basis: np.ndarray) -> list[tuple[str, int, int]]:
    """Return the stretches of equal basis: the basis, first and last position."""
    starts = np.flatnonzero(np.r_[True, basis[1:] != basis[:-1]])
    ends = np.r_[starts[1:], len(basis)] - 1
    return [(str(basis[i]), int(i), int(j)) for i, j in zip(starts, ends, strict=True)]


def _paint_points(axes: Axes, points: pd.DataFrame, i: int, definition: DefinitionFact) -> None:
    if points.empty:
        return
    colour = _colour(i, definition)
    wide = points[points["cohort_end"].gt(points["cohort_start"])]
    axes.hlines(
        wide["rate"], wide["cohort_start"], wide["cohort_end"], colour, linewidth=0.8, zorder=4
    )
    axes.add_line(_markers(points["x"].to_numpy(), points["rate"].to_numpy(), i, definition))


def _colour(i: int, definition: DefinitionFact) -> str:
    return INK if definition.reference else COLOURS[1 + i % (len(COLOURS) - 1)]


def _markers(x: np.ndarray, y: np.ndarray, i: int, definition: DefinitionFact) -> Line2D:
    """Return points in the marker of a definition: filled for the reference, hollow for others."""
    colour = _colour(i, definition)
    return Line2D(
        x,
        y,
        linestyle="none",
        marker=MARKERS[i % len(MARKERS)],
        markersize=4.2 if definition.reference else 3.8,
        markeredgecolor=colour,
        markerfacecolor=colour if definition.reference else "white",
        markeredgewidth=0.9,
        label=definition.label,
        zorder=5,
    )


def _legend(panels: Sequence[Panel], definitions: Sequence[DefinitionFact]) -> list[Line2D | Patch]:
    kinds = {str(kind) for panel in panels for kind in panel.path["basis"].unique()}
    drawn = {str(key) for panel in panels for key in panel.points["definition"].unique()}
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=BAND, linestyle=style, label=WORDS[kind])
        for kind, style in STYLES.items()
        if kind in kinds
    ]
    nothing = np.empty(0)
    handles += [
        _markers(nothing, nothing, i, one) for i, one in enumerate(definitions) if one.key in drawn
    ]
    return handles


def _limits(panels: Sequence[Panel]) -> tuple[float, float]:
    """Return y limits on tenths that hold the bands, and the points of the panels."""
    values = np.concatenate(
        [np.r_[p.path["lower"], p.path["upper"], p.points["rate"]] for p in panels]
    )
    return max(np.floor(values.min() * 10) / 10, 0.0), min(np.ceil(values.max() * 10) / 10, 1.0)


def _at_headline(panels: Sequence[Panel], study: Study) -> list[tuple[str, pd.Series]]:
    year = study.report.headline_year
    found = [(p.label, p.path[p.path["cohort"].eq(year)]) for p in panels]
    return [(label, rows.iloc[0]) for label, rows in found if len(rows)]


def _title(panels: Sequence[Panel], where: str, study: Study) -> str:
    at = sorted(_at_headline(panels, study), key=lambda one: float(one[1]["median"]))
    year = study.report.headline_year
    if not at:
        return f"Stay rates by cohort{where}"
    (low, least), (high, most) = at[0], at[-1]
    if len(at) == 1:
        return f"{low}, cohort {year}{where}: {estimate_in_words(estimate_of(least))}"
    if percent(least["median"]) == percent(most["median"]):
        return f"Cohort {year}{where}: {percent(most['median'])} in each"
    return (
        f"Cohort {year}{where}: from {percent(least['median'])} ({low}) to "
        f"{percent(most['median'])} ({high})"
    )


def _caption(panels: Sequence[Panel], facts: ReportFacts) -> str:
    head = facts.stay.headline
    return (
        f"Stay rate ({facts.stay.definition_label}) {years_on(head)}, by cohort. "
        f"Line: median; band: {_kind(panels)}. Solid line: residence is "
        "published; dashed on sand: the estimate rests on stated intentions alone; dotted on "
        "grey-blue: outside the published cohorts, a forecast after the last. Filled circles "
        "follow the definition of the line; hollow markers are "
        "other definitions, drawn as published, and need not lie on it. A bar joins the cohorts of "
        "a window."
    )


def _kind(panels: Sequence[Panel]) -> str:
    prob, kind = panels[0].path.iloc[0][["prob", "kind"]]
    return interval_kind(float(prob), str(kind))


def _alt(panels: Sequence[Panel], where: str, study: Study, facts: ReportFacts) -> str:
    year = study.report.headline_year
    told = [
        f"{label} {percent(row['median'])} ({percent_range(row['lower'], row['upper'])})"
        for label, row in _at_headline(panels, study)
    ]
    kind = _kind(panels)
    first, last = (int(panels[0].path["cohort"].iloc[i]) for i in (0, -1))
    return (
        f"Line charts of stay rates{where}, {years_on(facts.stay.headline)}, cohorts {first} to "
        f"{last}. Cohort {year}, median and {kind}: {'; '.join(told)}."
    )
