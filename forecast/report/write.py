"""Write a report: the page and its facts, in a folder that is there."""

from pathlib import Path

from forecast.report.facts import facts_to_json, gather_facts
from forecast.report.inputs import ReportInputs
from forecast.report.page import render_page
from forecast.report.records import ReportFacts

PAGE, FACTS = "index.html", "facts.json"


def write_report(inputs: ReportInputs, folder: Path) -> ReportFacts:
    """Write ``index.html`` and ``facts.json`` into an existing folder.

    Both are made before either is written. The same inputs give the same bytes.

    Raises
    ------
    RunError
        If the stay rates lack the headline.

    Examples
    --------
    >>> import tempfile
    >>> from forecast.report.example import example_inputs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     facts = write_report(example_inputs(), Path(folder))
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['facts.json', 'index.html']
    """
    facts = gather_facts(inputs)
    page, numbers = render_page(inputs, facts), facts_to_json(facts)
    (folder / PAGE).write_text(page, encoding="utf-8", newline="\n")
    (folder / FACTS).write_text(numbers, encoding="utf-8", newline="\n")
    return facts
