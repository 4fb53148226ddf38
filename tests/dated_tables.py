"""Small tables of figures with years of publication, and the demo on them."""

from pathlib import Path

import pandas as pd

from forecast.study import Study, load_study

# Letters are figures; what they speak of and when they were printed. The survey of 2008 was printed
# in 2015; v has no year, i is another population's.
FIGURES = """
id,series,definition,population,origin,field,cohort_start,years_since,rate,published
a,old,resident,all,north,alpha,2006,2,0.60,2010
b,old,resident,all,north,alpha,2007,2,0.61,2011
c,old,resident,all,north,beta,2007,2,0.62,2011
d,old,resident,all,north,alpha,2008,2,0.63,2015
e,old,resident,all,east,alpha,2009,2,0.64,2012
f,old,intention,all,north,alpha,2009,0,0.65,2012
g,new,resident,all,north,alpha,2010,2,0.66,2014
h,new,resident,all,north,alpha,2011,2,0.67,2016
i,old,resident,men,north,alpha,2011,2,0.68,2013
v,old,resident,all,north,alpha,2012,2,0.69,
"""


def figures(text: str = FIGURES) -> pd.DataFrame:
    """Return a table of figures, each of one cohort and of a source of its own, ``id``."""
    lines = [line.split(",") for line in text.strip().splitlines()]
    rows = pd.DataFrame(lines[1:], columns=lines[0])
    return rows.assign(cohort_end=rows["cohort_start"], source=rows["id"])


def study_on(table: pd.DataFrame, folder: Path) -> Study:
    """Return the demo with another table of observations, written to a folder."""
    table.to_csv(folder / "made_up.csv", index=False)
    demo = load_study("demo")
    evidence = demo.evidence.model_copy(update={"table": "made_up.csv"})
    return demo.model_copy(update={"evidence": evidence, "folder": str(folder)})
