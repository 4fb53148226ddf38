"""Write the shipped tables: `python -m curation [FOLDER]`, by default `forecast/datasets`."""

import json
import sys
from pathlib import Path

import pandas as pd

from curation import references
from curation.demo import demo_tables
from curation.nurses import nurses_tables
from curation.observations import excluded_table, observation_table, raw_rows
from curation.sizes import domestic_table, sizes_table
from curation.sources import sources_table
from curation.tables import write_table
from curation.workforce import workforce_tables

SHIPPED = Path(__file__).resolve().parents[1] / "forecast" / "datasets"


def curated_tables() -> dict[str, pd.DataFrame]:
    """All tables that come from publications, by name."""
    stay, plans = raw_rows()
    workforce, workforce_rest = workforce_tables()
    return {
        "us_doctorates": observation_table(stay, plans),
        "us_doctorates_excluded": excluded_table(stay, plans),
        "us_doctorates_sizes": sizes_table(),
        "us_domestic_doctorates": domestic_table(),
        "us_ai_workforce": workforce,
        "us_ai_workforce_excluded": workforce_rest,
        "field_groups": references.groups_table(),
        "shocks": references.shocks_table(),
        "elasticities": references.elasticities_table(),
        "claims": references.claims_table(),
        "flows": references.flows_table(),
        "sources": sources_table(),
    }


def write_all(folder: Path) -> list[str]:
    """Write every table and the truth of the demo; return the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    demo, truth = demo_tables()
    tables = {**curated_tables(), **demo, **nurses_tables()}
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")
    text = json.dumps(truth, indent=1, sort_keys=True) + "\n"
    (folder / "demo_truth.json").write_text(text, encoding="utf-8", newline="\n")
    return [f"{name}.csv" for name in tables] + ["demo_truth.json"]


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED
    sys.stdout.write("\n".join(write_all(target)) + "\n")
