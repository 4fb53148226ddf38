"""All figures of a report, in the order of the page."""

from forecast.report.assessment_figures import assessment_figures
from forecast.report.diagnostics import energy_figure, loo_figure, predictive_figure, rank_figure
from forecast.report.fan_figures import fan_figure
from forecast.report.inputs import ReportInputs
from forecast.report.question_figures import contour_figure, parts_figure
from forecast.report.records import ReportFacts
from forecast.report.share_figures import alternatives_figure, groups_figure
from forecast.report.stay_figures import fields_figure, origins_figure
from forecast.report.svg import Drawing


def draw_figures(inputs: ReportInputs, facts: ReportFacts) -> dict[str, Drawing]:
    """Return the figures of a report by name; one whose input is missing is left out."""
    drawn: list[Drawing | None] = [origins_figure(inputs, facts), fields_figure(inputs, facts)]
    work = inputs.workforce
    if facts.share is not None and work is not None:
        drawn += [
            fan_figure(work, inputs, facts.share),
            groups_figure(work, inputs, facts.share),
            alternatives_figure(facts.share),
        ]
    if facts.questions is not None:
        drawn += [contour_figure(facts.questions), parts_figure(facts.questions)]
    drawn += assessment_figures(inputs, facts)
    if facts.sampling.parameters:
        drawn.append(rank_figure(inputs, facts))
    drawn += [
        energy_figure(inputs, facts),
        predictive_figure(inputs, facts),
        loo_figure(inputs, facts),
    ]
    return {figure.name: figure for figure in drawn if figure is not None}
