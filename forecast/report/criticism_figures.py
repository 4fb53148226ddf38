"""Figures of the criticism: the map of residuals, and what single priors do."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from forecast.report.assessment_records import BarFact, CriticismStory, SensitivityStory
from forecast.report.backtest_facts import origin_label
from forecast.report.backtest_sentences import capital
from forecast.report.criticism_facts import FAR, deviations
from forecast.report.criticism_sentences import (
    furthest_cells,
    residual_title,
    signed,
    tornado_title,
)
from forecast.report.evidence_facts import definition_label
from forecast.report.numbers_in_words import percent
from forecast.report.svg import COLOURS, INK, MUTED, Drawing, inline_svg, look
from forecast.study import Study

LEAST_CELLS = 20  # of a definition that gets a panel
MOST_ROWS = 12  # origins in a panel
LIMIT = 2.5  # normal scores at the ends of the colours
ROW = 0.19  # inches
WIDTHS = (("half as wide", "o", COLOURS[0]), ("twice as wide", "D", COLOURS[1]))  # of a prior


class Panel(NamedTuple):
    """Residuals of a definition: its label, origins, cohorts, values and marks by both."""

    label: str
    origins: list[str]
    cohorts: np.ndarray
    values: np.ndarray
    far: np.ndarray


def residual_figure(
    table: pd.DataFrame | None, story: CriticismStory, study: Study
) -> Drawing | None:
    """Draw mean residuals by cohort and origin, a panel for each definition with many cells."""
    if table is None or story.residuals is None:
        return None
    panels = list(_panels(table, study))
    if not panels:
        return None
    heights = [len(one.origins) * ROW + 0.34 for one in panels]
    alt = _residual_alt(panels, story)
    with look("residual-map"):
        figure = Figure(figsize=(7.4, sum(heights) + 0.75), layout="constrained")
        grid = figure.subplots(
            len(panels), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
        )[:, 0]
        meshes = [_paint_panel(axes, one) for axes, one in zip(grid, panels, strict=True)]
        bar = figure.colorbar(
            meshes[-1], ax=list(grid), location="bottom", aspect=60, pad=0.01, extend="both"
        )
        bar.set_label("mean residual, normal scores: below 0 the figure is lower than the model")
        bar.outline.set_visible(False)
        markup = inline_svg(figure, "residual-map", alt)
    caption = (
        "Mean residual of the published figures by cohort (the middle of a window) and origin, for "
        f"each definition with at least {LEAST_CELLS} cells{_shown_rows(table, study)}. Blue: "
        "figures are higher than the model, red: lower; white: no figure. A dot: further from 0 "
        "than two standard deviations of a mean of so many, as 5 % of cells at most are under a "
        f"right model.{furthest_cells(story.residuals)}"
    )
    return Drawing("residual-map", residual_title(story.residuals), caption, alt, markup)


def _panels(table: pd.DataFrame, study: Study) -> list[Panel]:
    counts = table["definition"].value_counts()
    names = [name for name in study.stay.definitions if counts.get(name, 0) >= LEAST_CELLS]
    shown = table[table["definition"].isin(names)]
    if shown.empty:
        return []
    cohorts = np.arange(shown["cohort"].min(), shown["cohort"].max() + 1)
    return [_panel(shown[shown["definition"].eq(name)], name, cohorts, study) for name in names]


def _panel(table: pd.DataFrame, name: str, cohorts: np.ndarray, study: Study) -> Panel:
    """Return a panel: the origins with most cells, in the order of the table."""
    counts = table["origin"].value_counts(sort=False).sort_values(ascending=False, kind="stable")
    kept = set(counts.index[:MOST_ROWS])
    origins = [origin for origin in dict.fromkeys(table["origin"]) if origin in kept]
    marked = table.assign(far=deviations(table).abs().gt(FAR).astype(float))
    values, far = (
        marked.pivot_table(index="origin", columns="cohort", values=column)
        .reindex(index=origins, columns=cohorts)
        .to_numpy(float)
        for column in ("residual", "far")
    )
    labels = [origin_label(study, str(origin)) for origin in origins]
    return Panel(definition_label(study, name), labels, cohorts, values, far > 0)


def _paint_panel(axes: Axes, panel: Panel) -> QuadMesh:
    rows = np.arange(len(panel.origins))
    mesh = axes.pcolormesh(
        np.append(panel.cohorts, panel.cohorts[-1] + 1) - 0.5,
        np.append(rows, len(rows)) - 0.5,
        np.ma.masked_invalid(panel.values),
        cmap="coolwarm_r",
        vmin=-LIMIT,
        vmax=LIMIT,
        edgecolors="white",
        linewidth=0.6,
    )
    row, column = np.nonzero(panel.far)
    axes.scatter(panel.cohorts[column], row, s=13, c="white", edgecolors=INK, linewidths=0.7)
    axes.set_yticks(rows, panel.origins)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.invert_yaxis()
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(panel.label)
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
    return mesh


def _shown_rows(table: pd.DataFrame, study: Study) -> str:
    """Say that not all origins are drawn, if so."""
    counts = table["definition"].value_counts()
    many = [
        name
        for name in study.stay.definitions
        if counts.get(name, 0) >= LEAST_CELLS
        and table.loc[table["definition"].eq(name), "origin"].nunique() > MOST_ROWS
    ]
    return f" and its {MOST_ROWS} origins with most of them" if many else ""


def _residual_alt(panels: list[Panel], story: CriticismStory) -> str:
    told = [
        f"{one.label}, {one.cohorts[0]} to {one.cohorts[-1]}: mean residuals from "
        f"{signed(np.nanmin(one.values))} to {signed(np.nanmax(one.values))}, "
        f"{int(one.far.sum())} beyond two standard deviations"
        for one in panels
    ]
    title = "" if story.residuals is None else residual_title(story.residuals)
    return f"Heat maps of residuals by cohort and origin. {title}. {'; '.join(told)}."


def tornado_figure(story: SensitivityStory) -> Drawing | None:
    """Draw what a headline number becomes when a prior is half or twice as wide."""
    bars = story.bars
    if not bars:
        return None
    told = [f"{one.prior} {percent(one.low, 1)} to {percent(one.high, 1)}" for one in bars]
    alt = (
        f"Bars of {story.number}, {percent(bars[0].base, 1)} under the priors of the study, with "
        f"one prior narrower or wider: {'; '.join(told)}."
    )
    with look("tornado"):
        figure = Figure(figsize=(7.4, 1.15 + 0.28 * len(bars)), layout="constrained")
        _paint_tornado(figure.subplots(), list(bars))
        handles = [
            Line2D([], [], color=colour, marker=marker, markersize=5, linestyle="none", label=label)
            for label, marker, colour in WIDTHS
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=2, handlelength=1.2)
        markup = inline_svg(figure, "tornado", alt)
    caption = (
        f"{capital(story.number)}, its median with one prior at a time half "
        "as wide (blue circle) or twice as wide (orange diamond); line: under the priors of the "
        f"study. The {len(bars)} with the longest bars of "
        f"{story.refitted} refitted priors. Pale: no more than noise, or than a tenth of a "
        "posterior standard deviation."
    )
    return Drawing("tornado", tornado_title(story), caption, alt, markup)


def _paint_tornado(axes: Axes, bars: list[BarFact]) -> None:
    places = np.arange(len(bars))[::-1]
    for place, one in zip(places, bars, strict=True):
        strength = 1.0 if one.matters else 0.35
        length = one.high - one.low
        axes.barh(place, length, 0.34, one.low, color=MUTED, alpha=0.3 * strength, linewidth=0)
        for value, (_, marker, colour) in zip((one.narrower, one.wider), WIDTHS, strict=True):
            axes.plot(value, place, marker, color=colour, markersize=5, alpha=strength)
    axes.axvline(bars[0].base, color=INK, linewidth=0.9)
    axes.set_yticks(places, [one.prior for one in bars])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.use_sticky_edges = False
    axes.margins(x=0.03)
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.3g}%")
    right = axes.secondary_yaxis("right")
    right.set_yticks(places, [f"{percent(one.low, 1)} to {percent(one.high, 1)}" for one in bars])
    right.tick_params(axis="y", length=0, labelcolor=INK)
    right.spines["right"].set_visible(False)
