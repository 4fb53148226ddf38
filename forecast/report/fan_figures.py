"""The share by year as fans: of two scenarios in full and of the others the medians, or of all."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from forecast.report.inputs import ReportInputs
from forecast.report.numbers_in_words import KINDS, interval_kind, listed, percent, percent_range
from forecast.report.records import ShareStory
from forecast.report.share_facts import scenario_label
from forecast.report.svg import COLOURS, INK, MUTED, Drawing, inline_svg, look
from forecast.share import Workforce
from forecast.study import ShareSpec, frozen

FAN = COLOURS[0]
TARGET = COLOURS[1]
OTHERS = tuple(colour for colour in COLOURS if colour not in (FAN, TARGET))
STYLES = ("-", (0, (4, 1.5)))
HOLLOW = "; hollow: derived, on another basis"
Z = 1.96  # of a 95 % interval of a normal


def fan_figure(work: Workforce, inputs: ReportInputs, story: ShareStory) -> Drawing:
    """Draw the share of the headline group: fans of the main scenarios, medians of the others."""
    study = inputs.study
    fan = work.share[work.share["group"].eq(story.group)]
    main = [one.scenario for one in story.fanned]
    others = [one.scenario for one in story.shares if one.scenario not in main]
    with look("share-fans"):
        figure = Figure(figsize=(7.4, 5.6 if others else 2.9), layout="constrained")
        above, *below = figure.subfigures(2 if others else 1, 1, squeeze=False)[:, 0]
        grid = above.subplots(1, len(main), sharex=True, sharey=True, squeeze=False)
        for axes, name in zip(grid.flat, main, strict=True):
            paint_fan(axes, fan[fan["scenario"].eq(name)], scenario_label(study, name))
            _paint_question(axes, story)
            paint_evidence(axes, work, inputs, story.group)
        if below:
            _paint_medians(below[0].subplots(), fan, [story.baseline, *others], inputs)
        markup = inline_svg(figure, "share-fans", _alt(story))
    caption = _caption(fan, work, inputs, story)
    return Drawing("share-fans", _title(story), caption, _alt(story), markup)


def design_effect(work: Workforce, spec: ShareSpec) -> float:
    """Return the design effect of the evidence: its posterior mean, else its prior median."""
    learned = work.learned
    own = learned[learned["parameter"].eq("design_effect")] if len(learned) else learned
    if len(own):
        return float(own["posterior_mean"].iloc[0])
    return float(frozen(spec.priors.design_effect).median())


def other_basis(work: Workforce, spec: ShareSpec) -> pd.Series:
    """Say of each row of the evidence whether its series counts on another basis."""
    if spec.basis is None:
        return pd.Series(False, index=work.evidence.index)  # the value of each row
    return work.evidence["series"].ne(spec.basis)


def paint_fan(axes: Axes, fan: pd.DataFrame, label: str) -> None:
    """Draw bands from wide to narrow, each over the one before, and the median."""
    probs = sorted(fan["prob"].unique(), reverse=True)
    for prob in probs:
        band = fan[fan["prob"].eq(prob)].sort_values("year")
        axes.fill_between(
            band["year"], band["lower"], band["upper"], color=FAN, alpha=0.2, linewidth=0
        )
    line = fan[fan["prob"].eq(probs[0])].sort_values("year")
    axes.plot(line["year"], line["median"], color=FAN)
    _scale(axes, fan, label)


def paint_evidence(axes: Axes, work: Workforce, inputs: ReportInputs, group: str) -> None:
    """Draw the published shares of a group with sampling errors sqrt(deff p (1 - p) / n).

    Rows of another basis than the study's are hollow.
    """
    spec, table = inputs.study.share, work.evidence
    if spec is None:
        return
    asked = table["quantity"].eq("share") & table["group"].eq(group)
    other = other_basis(work, spec)
    for chosen, face in ((asked & ~other, INK), (asked & other, "white")):
        rows = table[chosen]
        p = rows["value"].to_numpy(float)
        error = Z * np.sqrt(design_effect(work, spec) * p * (1 - p) / rows["n"].to_numpy(float))
        axes.errorbar(
            rows["year"],
            p,
            yerr=error,
            fmt="o",
            color=INK,
            markerfacecolor=face,
            markersize=3.8,
            linewidth=0.9,
            capsize=2,
        )


def _scale(axes: Axes, fan: pd.DataFrame, label: str) -> None:
    axes.set_title(label)
    axes.set_xlim(fan["year"].min() - 0.4, fan["year"].max() + 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10], integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _paint_medians(axes: Axes, fan: pd.DataFrame, names: list[str], inputs: ReportInputs) -> None:
    """Draw the medians of scenarios, labelled in the order in which the lines end."""
    lines = fan[fan["prob"].eq(fan["prob"].max())].sort_values("year")
    ends = {name: lines.loc[lines["scenario"].eq(name), "median"].iloc[-1] for name in names}
    for place, name in enumerate(names):
        own = lines[lines["scenario"].eq(name)]
        colour = FAN if place == 0 else OTHERS[(place - 1) % len(OTHERS)]
        style = STYLES[max(place - 1, 0) // len(OTHERS) % len(STYLES)]
        label = scenario_label(inputs.study, name)
        width = 2.4 if place == 0 else 1.4
        axes.plot(own["year"], own["median"], color=colour, ls=style, lw=width, label=label)
    _scale(axes, lines, "Medians of the other scenarios, beside the baseline")
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda place: -ends[names[place]])
    axes.legend(
        [handles[place] for place in order],
        [labels[place] for place in order],
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
    )


def _paint_question(axes: Axes, story: ShareStory) -> None:
    axes.axhline(story.at_most, color=TARGET, linewidth=1.0, linestyle=(0, (5, 2)))
    axes.axvline(story.by, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    beside = axes.get_yaxis_transform()
    axes.text(
        1.02, story.at_most, percent(story.at_most), color=TARGET, va="center", transform=beside
    )


def _title(story: ShareStory) -> str:
    told = [f"{percent(o.estimate.median)} ({o.scenario_label})" for o in story.fanned]
    return f"Share of {story.group_label} in {story.by}: {listed(told)}{_range_of_others(story)}"


def _range_of_others(story: ShareStory) -> str:
    main = story.fanned
    others = [one.estimate.median for one in story.shares if one not in main]
    if not others:
        return ""
    return f"; medians of the other scenarios {percent_range(min(others), max(others))}"


def _alt(story: ShareStory) -> str:
    told = [
        f"{one.scenario_label}: {percent(one.estimate.median)} "
        f"({percent_range(one.estimate.lower, one.estimate.upper)})"
        for one in story.shares
    ]
    kind = interval_kind(story.shares[0].estimate.prob, story.shares[0].estimate.kind)
    return (
        f"Charts of the share of {story.group_label} by year: fans of the main scenarios, lines of "
        f"the others. In {story.by}, median and {kind}: {'; '.join(told)}. A line marks "
        f"{percent(story.at_most)}."
    )


def _caption(fan: pd.DataFrame, work: Workforce, inputs: ReportInputs, story: ShareStory) -> str:
    probs = listed([percent(float(prob)) for prob in sorted(fan["prob"].unique())])
    kind = KINDS[str(fan["kind"].iloc[0])]
    text = (
        f"Line: median; bands: {probs} {kind} intervals. The dashed line is "
        f"{percent(story.at_most)}, the dotted one {story.by}."
    )
    spec = inputs.study.share
    if spec is None:
        return text
    hollow = HOLLOW if _hollow(work, spec, story) else ""
    return (
        f"{text} Points: published shares with 95 % sampling intervals, for n divided by the "
        f"design effect {design_effect(work, spec):.1f}{hollow}."
    )


def _hollow(work: Workforce, spec: ShareSpec, story: ShareStory) -> bool:
    shown = work.evidence["quantity"].eq("share") & work.evidence["group"].eq(story.group)
    return bool((shown & other_basis(work, spec)).any())
