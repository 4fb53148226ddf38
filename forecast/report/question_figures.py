"""Figures of the questions to the workforce: the contour of two levers, parts of the variance."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from forecast.report.numbers_in_words import MINUS, interval_kind, percent, percent_range
from forecast.report.question_records import ContourFact, PartFact, QuestionStory, SolvedFact
from forecast.report.question_sentences import parts_title
from forecast.report.question_words import lever_name
from forecast.report.svg import COLOURS, INK, MUTED, Drawing, inline_svg, look

BAND, MARK = COLOURS[0], COLOURS[1]
ROOM = 1.08  # above the highest finite value


def contour_figure(story: QuestionStory) -> Drawing | None:
    """Draw which exit rates bring the share to the target at each stay rate."""
    line = story.contour
    if line is None or not _finite(line):
        return None
    marks = {one.lever: one for one in story.solved if one.way == "path"}
    first, second = (marks.get(name) for name in (line.first, line.second))
    alt = _contour_alt(line, first, second)
    with look("target-contour"):
        figure = Figure(figsize=(7.4, 3.5), layout="constrained")
        axes = figure.subplots()
        _paint_contour(axes, line)
        if first is not None and second is not None:
            _paint_usual(axes, first, second)
        markup = inline_svg(figure, "target-contour", alt)
    title = _contour_title(line, second)
    return Drawing("target-contour", title, _contour_caption(line), alt, markup)


def parts_figure(story: QuestionStory) -> Drawing | None:
    """Draw the parts of the variance of the headline share, the dependence between them last."""
    parts = _ordered(story.uncertainty)
    if not parts:
        return None
    told = [f"{one.label} {percent(one.first)} (± {percent(2 * one.first_se)})" for one in parts]
    alt = f"Bars of the parts of the variance of the share in {story.by}: {'; '.join(told)}."
    with look("variance-parts"):
        figure = Figure(figsize=(7.4, 0.8 + 0.3 * len(parts)), layout="constrained")
        _paint_parts(figure.subplots(), parts)
        markup = inline_svg(figure, "variance-parts", alt)
    caption = (
        "Bars: what each part brings alone, of the posterior variance of the share of "
        f"{story.group_label} in {story.by}; with interactions and dependence they add up to "
        "100 %. Lines: two standard errors to each side. Rings: with its interactions. A bar to "
        "the left takes variance away."
    )
    title = parts_title(story.uncertainty)
    return Drawing("variance-parts", title, caption, alt, markup)


def _finite(line: ContourFact) -> list[float]:
    return [one.second.median for one in line.points if np.isfinite(one.second.median)]


def _top(line: ContourFact) -> float:
    """Return the end of the axis: above every finite end of the band."""
    ends = [end for one in line.points for end in (one.second.upper, one.second.median)]
    return ROOM * max(end for end in ends if np.isfinite(end))


def _paint_contour(axes: Axes, line: ContourFact) -> None:
    top = _top(line)
    x = [one.first for one in line.points]
    lower, middle, upper = (
        np.clip([getattr(one.second, part) for one in line.points], 0, top)
        for part in ("lower", "median", "upper")
    )
    axes.fill_between(x, lower, upper, color=BAND, alpha=0.22, linewidth=0)
    axes.plot(x, middle, color=BAND)
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(0, top)
    axes.set_xlabel(f"{lever_name(line.first)}, {line.group_label}")
    axes.set_ylabel(f"{lever_name(line.second)} a year")
    for height, side in ((0.94, "below"), (0.04, "above")):
        plain = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        words = f"share {side} {percent(line.target)}"
        axes.text(0.02, height, words, color=MUTED, transform=axes.transAxes, bbox=plain)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _paint_usual(axes: Axes, first: SolvedFact, second: SolvedFact) -> None:
    """Mark what the evidence says of both levers, with the intervals."""
    x, y = first.usual, second.usual
    axes.errorbar(
        [x.median],
        [y.median],
        xerr=[[x.median - x.lower], [x.upper - x.median]],
        yerr=[[y.median - y.lower], [y.upper - y.median]],
        fmt="D",
        color=MARK,
        markersize=5,
        linewidth=1.2,
        capsize=2.5,
    )
    axes.annotate(
        "the evidence",
        (x.median, y.upper),
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        color=MARK,
    )


def _contour_title(line: ContourFact, second: SolvedFact | None) -> str:
    values = _finite(line)
    says = "" if second is None else f"; the evidence says {percent(second.usual.median, 1)}"
    return (
        f"For {percent(line.target)} in {line.year} the {lever_name(line.second)} would have to "
        f"be {percent_range(min(values), max(values))} a year, whatever the "
        f"{lever_name(line.first)} from {percent(line.points[0].first)} to "
        f"{percent(line.points[-1].first)}{says}"
    )


def _contour_caption(line: ContourFact) -> str:
    band = line.points[0].second
    text = (
        f"Line: median over draws of the {lever_name(line.second)} that brings the share to "
        f"{percent(line.target)} in {line.year} at each {lever_name(line.first)}; band: "
        f"{interval_kind(band.prob, band.kind)}. Diamond: what the evidence says of both, with "
        "its intervals."
    )
    ends = [e for one in line.points for e in (one.second.lower, one.second.upper)]
    if np.isfinite(ends).all() and len(_finite(line)) == len(line.points):
        return text
    least = min(one.reachable for one in line.points)
    return (
        f"{text} Where no possible value is far enough the band is cut at the axis: at worst in "
        f"{percent(1 - least)} of draws."
    )


def _contour_alt(line: ContourFact, first: SolvedFact | None, second: SolvedFact | None) -> str:
    ends = (line.points[0], line.points[-1])
    told = [
        f"{percent(one.second.median)} at {lever_name(line.first)} {percent(one.first)}"
        for one in ends
    ]
    usual = ""
    if first is not None and second is not None:
        usual = (
            f" The evidence says {percent(first.usual.median)} and "
            f"{percent(second.usual.median, 1)}."
        )
    return (
        f"Line of the {lever_name(line.second)} a year that brings the share of "
        f"{line.group_label} to {percent(line.target)} in {line.year}: {' and '.join(told)}.{usual}"
    )


def _ordered(parts: Sequence[PartFact]) -> list[PartFact]:
    """Return single parts, the largest first, then interactions and dependence."""
    single = sorted((p for p in parts if p.total is not None), key=lambda p: -p.first)
    return [*single, *(p for p in parts if p.total is None)]


def _paint_parts(axes: Axes, parts: Sequence[PartFact]) -> None:
    places = np.arange(len(parts))[::-1]
    first = np.array([one.first for one in parts])
    error = 2 * np.array([one.first_se for one in parts])
    colours = [MUTED if one.total is None else BAND for one in parts]
    axes.barh(places, first, height=0.56, color=colours, alpha=0.55)
    axes.errorbar(first, places, xerr=error, fmt="none", color=INK, linewidth=1.0, capsize=2)
    rings = [(one.total, place) for one, place in zip(parts, places, strict=True)]
    at = np.array([ring for ring in rings if ring[0] is not None], float).reshape(-1, 2)
    axes.plot(at[:, 0], at[:, 1], "o", color=INK, markersize=4.5, markerfacecolor="white")
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_yticks(places, [one.label for one in parts])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(-0.6, len(parts) - 0.4)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    right = axes.secondary_yaxis("right")
    right.set_yticks(places, [percent(one.first).replace("-", MINUS) for one in parts])
    right.tick_params(axis="y", length=0, labelcolor=INK)
    right.spines["right"].set_visible(False)
