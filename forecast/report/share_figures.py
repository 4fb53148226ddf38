"""Figures of the share: fans by group, the probability over alternatives."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from forecast.report.fan_figures import FAN, HOLLOW, TARGET, other_basis, paint_evidence, paint_fan
from forecast.report.inputs import ReportInputs
from forecast.report.numbers_in_words import interval_kind, listed, percent, probability_in_words
from forecast.report.records import ProbabilityFact, ShareStory
from forecast.report.sentences import alternatives_sentence
from forecast.report.share_facts import group_label
from forecast.report.svg import INK, Drawing, inline_svg, look
from forecast.share import Workforce
from forecast.share.headline import ENOUGH


def groups_figure(work: Workforce, inputs: ReportInputs, story: ShareStory) -> Drawing:
    """Draw the share of every group in the baseline."""
    study = inputs.study
    fan = work.share[work.share["scenario"].eq(story.baseline)]
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
            paint_fan(axes, one, group_label(study, name))
            paint_evidence(axes, work, inputs, name)
        markup = inline_svg(figure, "share-groups", alt)
    spec = inputs.study.share
    hollow = HOLLOW if spec is not None and other_basis(work, spec).any() else ""
    caption = (
        f"Baseline. Line: median; band: {interval_kind(float(prob), str(fan['kind'].iloc[0]))}; "
        f"points: published shares{hollow}. In each draw the shares sum to one; medians need not."
    )
    title = f"Baseline in {story.by}: {listed(told)}"
    return Drawing("share-groups", title, caption, alt, markup)


def alternatives_figure(story: ShareStory) -> Drawing | None:
    """Draw the probability under the study as it is and under each listed alternative."""
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
        "Each dot is a listed alternative: it replaces some priors of the share model, or leaves a "
        "series of evidence out, and keeps the rest; all use the same random numbers. The dots "
        f"rest on about {ENOUGH:,} draws each, fewer in a short run, so the first may differ from "
        "the headline by Monte Carlo error. Bars: two Monte Carlo standard errors to each side, "
        "which is noise of the computation, not of the world. A hollow "
        "triangle stands at a bound: no draw got there."
    )
    return Drawing("alternatives", alternatives_sentence(story), caption, alt, markup)


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
