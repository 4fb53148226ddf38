"""The report: inputs -> facts -> sentences, figures, tables -> one page."""

from forecast.report.facts import facts_to_json, gather_facts
from forecast.report.inputs import ReportInputs
from forecast.report.page import render_page
from forecast.report.records import ReportFacts
from forecast.report.write import write_report

__all__ = [
    "ReportFacts",
    "ReportInputs",
    "facts_to_json",
    "gather_facts",
    "render_page",
    "write_report",
]
