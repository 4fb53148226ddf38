"""Figures of the forecasts: coverage by level and horizon, where figures fell, ranks of truths."""

import arviz as az
import numpy as np
import xarray as xr
from arviz_stats.ecdf_utils import ecdf_pit
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from forecast.assess import Assessment
from forecast.report.assessment_records import (
    AssessmentStory,
    BacktestStory,
    CalibrationStory,
    ForecasterFact,
    Resampled,
)
from forecast.report.assessment_sentences import calibration_title
from forecast.report.backtest_sentences import (
    coverage_title,
    held_range,
    pit_title,
)
from forecast.report.criticism_figures import residual_figure, tornado_figure
from forecast.report.diagnostics import drawn
from forecast.report.inputs import ReportInputs
from forecast.report.numbers_in_words import interval_kind, percent
from forecast.report.records import ReportFacts
from forecast.report.svg import COLOURS, INK, MUTED, Drawing, inline_svg, look

MODEL, BASELINE = COLOURS[0], COLOURS[7]
LEVEL = 0.8  # by which horizons are compared
SHOWN = 9  # quantities whose ranks are drawn
BAND = 0.95  # of the simultaneous bands of ranks
DASHED = (0, (4, 2))


def assessment_figures(inputs: ReportInputs, facts: ReportFacts) -> list[Drawing | None]:
    """Return the figures of the assessment in the order of the page."""
    found, story = inputs.assessment, facts.assessment
    if found is None or story is None:
        return []
    drawn: list[Drawing | None] = []
    if story.backtest is not None:
        drawn += [coverage_figure(story.backtest), pit_figure(story.backtest)]
    if story.calibration is not None:
        drawn.append(calibration_figure(found, story.calibration))
    return [*drawn, *_of_the_model(found, story, inputs)]


def _of_the_model(
    found: Assessment, story: AssessmentStory, inputs: ReportInputs
) -> list[Drawing | None]:
    drawn: list[Drawing | None] = []
    if story.criticism is not None:
        table = found.parts["criticism"].tables.get("residuals")
        drawn.append(residual_figure(table, story.criticism, inputs.study))
    if story.sensitivity is not None:
        drawn.append(tornado_figure(story.sensitivity))
    return drawn


def coverage_figure(story: BacktestStory) -> Drawing:
    """Draw what intervals held: by level for all forecasters, by years ahead for each of them."""
    names = [story.whole.model, *story.whole.baselines]
    with look("backtest-coverage"):
        figure = Figure(figsize=(7.4, 2.3 + 0.24 * len(names)), layout="constrained")
        share = 0.55 + 0.24 * len(names)
        above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[share, 1.75])[:, 0]
        _paint_levels(above, names)
        _paint_horizons(below, story)
        alt = _coverage_alt(story)
        markup = inline_svg(figure, "backtest-coverage", alt)
    caption = (
        "Above: what part of later figures the central intervals of each forecaster held, at "
        "three levels; below: the "
        f"{percent(LEVEL)} intervals by years from the forecast to the publication. Dashed: what "
        "is promised; left of or below it intervals are too narrow. Lines: "
        f"{interval_kind(story.prob, 'bootstrap')}s over years of publication."
    )
    return Drawing("backtest-coverage", coverage_title(story), caption, alt, markup)


def _paint_levels(frame: SubFigure, names: list[ForecasterFact]) -> None:
    levels = [level for level, _ in names[0].held]
    places = np.arange(len(names))[::-1]
    grid = frame.subplots(1, len(levels), sharey=True, squeeze=False)[0]
    for axes, level in zip(grid, levels, strict=True):
        for place, one in zip(places, names, strict=True):
            held, colour = one.at(level), _colour(one, names)
            axes.hlines(place, *_ends(held), color=colour, linewidth=1.6)
            axes.plot(held.value, place, "o", color=colour, markersize=4.5)
            axes.text(
                1.03,
                place,
                percent(held.value),
                color=colour,
                va="center",
                transform=axes.get_yaxis_transform(),
            )
        axes.axvline(level, color=INK, linewidth=0.9, linestyle=DASHED, zorder=1.5)
        axes.set_title(f"{percent(level)} intervals")
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.set_yticks(places, [one.name for one in names])
        axes.tick_params(axis="y", labelcolor=INK)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.set_xlim(*_around(level, [one.at(level) for one in names]))
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _around(level: float, held: list[Resampled]) -> tuple[float, float]:
    """Return limits of an axis that hold the level, the values and their intervals."""
    values = np.array([level, *(end for one in held for end in (one.value, *_ends(one)))])
    room = 0.08 * np.ptp(values)
    return float(max(values.min() - room, -0.02)), float(min(values.max() + room, 1.02))


def _paint_horizons(frame: SubFigure, story: BacktestStory) -> None:
    names = [story.whole.model, *story.whole.baselines]
    x, labels = np.arange(len(story.horizons)), [one.label for one in story.horizons]
    grid = frame.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, who in zip(grid, names, strict=True):
        colour = _colour(who, names)
        every = [{f.name: f for f in (g.model, *g.baselines)} for g in story.horizons]
        held = [one[who.name].at(LEVEL) for one in every]
        axes.axhline(LEVEL, color=INK, linewidth=0.9, linestyle=DASHED, zorder=1.5)
        for place, one in zip(x, held, strict=True):
            axes.vlines(place, *_ends(one), color=colour, linewidth=1.6)
        axes.plot(x, [one.value for one in held], "o", color=colour, markersize=4)
        axes.set_xticks(x, labels)
        axes.set_xlim(-0.6, len(x) - 0.4)
        axes.set_title(who.name, color=colour, fontsize=8.5)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    frame.supxlabel("years ahead", fontsize=8.5, color=MUTED)


def _colour(one: ForecasterFact, names: list[ForecasterFact]) -> str:
    return MODEL if one is names[0] else BASELINE


def _ends(held: Resampled) -> tuple[float, float]:
    """Return the ends of an interval; where there is none, the value itself."""
    known = np.isfinite(held.lower)
    return (held.lower, held.upper) if known else (held.value, held.value)


def _coverage_alt(story: BacktestStory) -> str:
    told = [
        f"{one.name} {', '.join(_with_ends(held, level) for level, held in one.held)}"
        for one in (story.whole.model, *story.whole.baselines)
    ]
    ahead = [f"{one.label}: {percent(one.model.at(LEVEL).value)}" for one in story.horizons]
    return (
        f"Dot plots of coverage, with {interval_kind(story.prob, 'bootstrap')}s. By level: "
        f"{'; '.join(told)}. {percent(LEVEL)} intervals of the model by years ahead: "
        f"{', '.join(ahead)}."
    )


def _with_ends(held: Resampled, level: float) -> str:
    ends = f" ({held_range(held)})" if np.isfinite(held.lower) else ""
    return f"{percent(held.value)} of {percent(level)}{ends}"


def pit_figure(story: BacktestStory) -> Drawing:
    """Draw where later figures fell in the model's forecasts: the histogram of their PIT."""
    bins = len(story.pit)
    edges = np.arange(bins) / bins
    alt = (
        f"Histogram of the PIT of {story.whole.forecasts:,} forecasts, lowest to highest bin: "
        f"{', '.join(percent(part) for part in story.pit)}."
    )
    with look("backtest-pit"):
        figure = Figure(figsize=(7.4, 2.4), layout="constrained")
        axes = figure.subplots()
        axes.bar(edges, story.pit, 0.94 / bins, align="edge", color=MODEL, alpha=0.55)
        axes.axhline(1 / bins, color=INK, linewidth=0.9, linestyle=DASHED)
        axes.text(
            1.01,
            1 / bins,
            "even",
            va="center",
            color=INK,
            transform=axes.get_yaxis_transform(),
        )
        axes.set_xlim(0, 1)
        axes.set_xlabel("place of the figure in its forecast, from the lowest draw to the highest")
        axes.set_ylabel("part of forecasts")
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        markup = inline_svg(figure, "backtest-pit", alt)
    caption = (
        "Probability integral transform: what part of the draws of a forecast lies below the "
        "figure that came. Even bars mean calibrated forecasts, a hump in the middle intervals "
        "that are too wide, a slope forecasts that are too low (rising) or too high (falling). "
        "Forecasts of one figure from several years err together, so bars of calibrated forecasts "
        "differ more than their number suggests."
    )
    return Drawing("backtest-pit", pit_title(story), caption, alt, markup)


def calibration_figure(found: Assessment, story: CalibrationStory) -> Drawing | None:
    """Draw the ranks of the quantities with the least uniform ones, if single draws are there."""
    draws = found.parts["calibration"].tables.get("draws")
    if draws is None:
        return None
    names = [one.name for one in story.quantities[:SHOWN]]
    each = {  # by number, as a group of a tree has no slashes in its names
        str(i): (("chain", "draw"), draws.loc[draws["quantity"].eq(name), "pit"].to_numpy()[None])
        for i, name in enumerate(names)
    }
    tree = xr.DataTree.from_dict({"prior_sbc": xr.Dataset(each)})
    rows = -(-len(names) // 3)

    def plot() -> object:
        collection = az.plot_ecdf_pit(
            tree,
            visuals=dict.fromkeys(("p_value_text", "suspicious_points", "xlabel", "title"), False),
            col_wrap=3,
            backend="matplotlib",
            figure_kwargs={"figsize": (7.4, 1.7 * rows + 0.4)},
        )
        _paint_bands(collection.viz["figure"].item(), names, story.simulations)
        return collection

    told = "; ".join(f"{one.name} {one.p:.3f}" for one in story.quantities[:SHOWN])
    several = len(story.quantities) > len(names)
    which = f"the {len(names)} least uniform" if several else "all"
    caption = (
        f"Ranks of the simulated truths in their posteriors, {which} of "
        f"{len(story.quantities)} quantities: the difference of their distribution (ECDF) from a "
        f"uniform one. Grey: simultaneous {percent(BAND)} bands; a calibrated quantity leaves its "
        f"band in {percent(1 - BAND)} of cases, so of {len(story.quantities)} about "
        f"{(1 - BAND) * len(story.quantities):.1f} do."
    )
    alt = f"Rank plots of {story.simulations} simulations. p of uniform ranks: {told}."
    return drawn("calibration-ranks", plot, calibration_title(story), caption, alt)


def _paint_bands(figure: Figure, names: list[str], simulations: int) -> None:
    """Name the panels; draw simultaneous bands of a uniform sample, at which ArviZ 1.3 stops."""
    x, _, lower, upper = ecdf_pit(np.linspace(0, 1, simulations), BAND, n_simulations=1000)
    figure.supxlabel("rank of the truth in its posterior", fontsize=8.5, color=MUTED)
    figure.supylabel("distance from uniform (ECDF)", fontsize=8.5, color=MUTED)
    for axes, name in zip(figure.axes, names, strict=True):
        axes.set_title(name)
        axes.fill_between(x, lower - x, upper - x, color=MUTED, alpha=0.18, linewidth=0, zorder=0)
