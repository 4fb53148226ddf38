"""Figures of the share: fans by scenario and by group, the probability over alternatives."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from forecast.report.inputs import ReportInputs
from forecast.report.numbers_in_words import (
    KINDS,
    interval_kind,
    listed,
    percent,
    percent_range,
    probability_in_words,
)
from forecast.report.records import ProbabilityFact, ShareStory
from forecast.report.sentences import alternatives_sentence
from forecast.report.share_facts import group_label, scenario_label
from forecast.report.svg import COLOURS, INK, MUTED, Drawing, inline_svg, look
from forecast.study import ShareSpec, frozen

FAN = COLOURS[0]
TARGET = COLOURS[1]
Z = 1.96  # of a 95 % interval of a normal


def fan_figure(share: pd.DataFrame, inputs: ReportInputs, story: ShareStory) -> Drawing:
    """Draw the share of the headline group in each scenario, side by side."""
    study = inputs.study
    fan = share[share["group"].eq(story.group)]
    names = list(dict.fromkeys(fan["scenario"].astype(str)))
    told = [
        f"{one.scenario_label}: {percent(one.estimate.median)} "
        f"({percent_range(one.estimate.lower, one.estimate.upper)})"
        for one in story.shares
    ]
    kind = interval_kind(story.shares[0].estimate.prob, story.shares[0].estimate.kind)
    alt = (
        f"Fan charts of the share of {story.group_label} by year, one a scenario. In {story.by}, "
        f"median and {kind}: {'; '.join(told)}. A line marks {percent(story.at_most)}."
    )
    with look("share-fans"):
        columns = min(len(names), 3)
        rows = -(-len(names) // columns)
        figure = Figure(figsize=(7.4, 2.9 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, name in zip(grid.flat, names, strict=False):
            _paint_fan(axes, fan[fan["scenario"].eq(name)], scenario_label(study, name))
            _paint_question(axes, story)
            _paint_evidence(axes, inputs, story.group)
        for axes in grid.flat[len(names) :]:
            axes.set_visible(False)
        markup = inline_svg(figure, "share-fans", alt)
    return Drawing("share-fans", _fan_title(story), _fan_caption(fan, inputs, story), alt, markup)


def groups_figure(share: pd.DataFrame, inputs: ReportInputs, story: ShareStory) -> Drawing:
    """Draw the share of every group in the baseline."""
    study = inputs.study
    fan = share[share["scenario"].eq(story.baseline)]
    prob = min(fan["prob"].unique(), key=lambda one: abs(one - 0.8))
    names = list(dict.fromkeys(fan["group"].astype(str)))
    told = [f"{one.group_label} {percent(one.estimate.median)}" for one in story.groups]
    alt = (
        f"Line charts of the share of each group in the baseline. In {story.by}: {', '.join(told)}."
    )
    with look("share-groups"):
        figure = Figure(figsize=(7.4, 2.3), layout="constrained")
        grid = figure.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)
        for axes, name in zip(grid.flat, names, strict=True):
            one = fan[fan["group"].eq(name) & fan["prob"].eq(prob)]
            _paint_fan(axes, one, group_label(study, name))
            _paint_evidence(axes, inputs, name)
        markup = inline_svg(figure, "share-groups", alt)
    caption = (
        f"Baseline. Line: median; band: {interval_kind(float(prob), str(fan['kind'].iloc[0]))}; "
        "points: published shares. In each draw the shares sum to one; medians need not."
    )
    title = f"Baseline in {story.by}: {listed(told)}"
    return Drawing("share-groups", title, caption, alt, markup)


def alternatives_figure(story: ShareStory) -> Drawing | None:
    """Draw the probability under the study's priors and under each listed alternative."""
    if not story.alternatives:
        return None
    told = [
        f"{one.label} {probability_in_words(one.probability, one.mcse)}"
        for one in story.alternatives
    ]
    alt = f"Dot plot of the probability by alternative: {'; '.join(told)}."
    with look("alternatives"):
        figure = Figure(figsize=(7.4, 0.9 + 0.3 * len(story.alternatives)), layout="constrained")
        _paint_dots(figure.subplots(), story.alternatives)
        markup = inline_svg(figure, "alternatives", alt)
    caption = (
        "Each dot replaces some priors of the share model and leaves the rest; all use the same "
        "random numbers. Bars: two Monte Carlo standard errors to each side, which is noise of the "
        "computation, not of the world. A hollow triangle stands at a bound: no draw got there."
    )
    return Drawing("alternatives", alternatives_sentence(story), caption, alt, markup)


def design_effect(inputs: ReportInputs, spec: ShareSpec) -> float:
    """Return the design effect of the evidence: its posterior mean, else its prior median."""
    learned = inputs.learned
    if learned is not None and learned["parameter"].eq("design_effect").any():
        return float(
            learned.loc[learned["parameter"].eq("design_effect"), "posterior_mean"].iloc[0]
        )
    return float(frozen(spec.priors.design_effect).median())


def _paint_fan(axes: Axes, fan: pd.DataFrame, label: str) -> None:
    """Draw bands from wide to narrow, each over the one before, and the median."""
    probs = sorted(fan["prob"].unique(), reverse=True)
    for prob in probs:
        band = fan[fan["prob"].eq(prob)].sort_values("year")
        axes.fill_between(
            band["year"], band["lower"], band["upper"], color=FAN, alpha=0.2, linewidth=0
        )
    line = fan[fan["prob"].eq(probs[0])].sort_values("year")
    axes.plot(line["year"], line["median"], color=FAN)
    axes.set_title(label)
    axes.set_xlim(fan["year"].min() - 0.4, fan["year"].max() + 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10], integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _paint_question(axes: Axes, story: ShareStory) -> None:
    axes.axhline(story.at_most, color=TARGET, linewidth=1.0, linestyle=(0, (5, 2)))
    axes.axvline(story.by, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    beside = axes.get_yaxis_transform()
    axes.text(
        1.02, story.at_most, percent(story.at_most), color=TARGET, va="center", transform=beside
    )


def _paint_evidence(axes: Axes, inputs: ReportInputs, group: str) -> None:
    """Draw the published shares of a group with sampling errors sqrt(deff p (1 - p) / n)."""
    table, spec = inputs.share_evidence, inputs.study.share
    if table is None or spec is None:
        return
    rows = table[table["quantity"].eq("share") & table["group"].eq(group)]
    p = rows["value"].to_numpy(float)
    error = Z * np.sqrt(design_effect(inputs, spec) * p * (1 - p) / rows["n"].to_numpy(float))
    axes.errorbar(
        rows["year"], p, yerr=error, fmt="o", color=INK, markersize=3.6, linewidth=0.9, capsize=2
    )


def _paint_dots(axes: Axes, facts: Sequence[ProbabilityFact]) -> None:
    for place, fact in enumerate(reversed(facts)):
        colour = TARGET if fact.name == "base" else FAN
        bound = fact.probability in (0.0, 1.0)
        x = abs(fact.probability - min(3 * fact.mcse, 1.0)) if bound else fact.probability
        if not bound:
            error = 2 * fact.mcse
            axes.hlines(place, max(x - error, 0), min(x + error, 1), color=colour, linewidth=1.4)
        marker = ("<" if fact.probability == 0 else ">") if bound else "o"
        face = "white" if bound else colour
        axes.plot([x], [place], marker=marker, color=colour, markerfacecolor=face, linestyle="none")
    axes.set_yticks(range(len(facts)), [fact.label for fact in reversed(facts)])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(-0.6, len(facts) - 0.4)
    axes.set_xlim(left=0)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.3g}%")
    right = axes.secondary_yaxis("right")
    words = [probability_in_words(fact.probability, fact.mcse) for fact in reversed(facts)]
    right.set_yticks(range(len(facts)), words)
    right.tick_params(axis="y", length=0, labelcolor=INK)
    right.spines["right"].set_visible(False)


def _fan_title(story: ShareStory) -> str:
    told = [f"{percent(o.estimate.median)} ({o.scenario_label})" for o in story.shares]
    return f"Share of {story.group_label} in {story.by}: {listed(told)}"


def _fan_caption(fan: pd.DataFrame, inputs: ReportInputs, story: ShareStory) -> str:
    probs = listed([percent(float(prob)) for prob in sorted(fan["prob"].unique())])
    kind = KINDS[str(fan["kind"].iloc[0])]
    text = (
        f"Line: median; bands: {probs} {kind} intervals. The dashed line is "
        f"{percent(story.at_most)}, the dotted one {story.by}."
    )
    if inputs.share_evidence is None or inputs.study.share is None:
        return text
    effect = design_effect(inputs, inputs.study.share)
    return (
        f"{text} Points: published shares with 95 % sampling intervals, for n divided by the "
        f"design effect {effect:.1f}."
    )
