"""Evidence: tables -> checked observations -> cells and the observation operator W."""

from forecast.evidence.findings import Finding, findings_table
from forecast.evidence.observations import check_observations, read_observations
from forecast.evidence.operator import (
    Evidence,
    arrange,
    check_cells,
    load_evidence,
    observation_operator,
    only,
)
from forecast.evidence.sizes import cell_sizes, domestic_sizes
from forecast.evidence.tables import checked_table
from forecast.evidence.text import read_table

__all__ = [
    "Evidence",
    "Finding",
    "arrange",
    "cell_sizes",
    "check_cells",
    "check_observations",
    "checked_table",
    "domestic_sizes",
    "findings_table",
    "load_evidence",
    "observation_operator",
    "only",
    "read_observations",
    "read_table",
]
