"""Words for the names that the answers about a workforce use: levers, parts, facts, evidence."""

import pandas as pd

LEVERS = {
    "stay_rate": "stay rate",
    "exit_rate": "exit rate",
    "inflow": "inflow",
    "domestic_inflow": "domestic inflow",
    "direct_arrivals": "rate of direct arrivals",
}
ENDS = {  # of the range of a lever, lowest and highest, as after "even with"
    "stay_rate": ("a stay rate of 0", "a stay rate of 100 %"),
    "exit_rate": ("an exit rate of 0", "an exit rate of 99 % a year"),
    "inflow": ("no inflow at all", "20 times the inflow"),
    "domestic_inflow": ("no domestic inflow at all", "20 times the domestic inflow"),
    "direct_arrivals": ("no direct arrivals at all", "20 times the direct arrivals"),
}
PARTS = {
    "stay level": "stay rates of the last year with evidence",
    "stay trend": "how stay rates go on from there",
    "definition link": "from whole cohorts to those of the workforce",
    "exits": "exits from the workforce",
    "selection": "who enters the workforce (direct arrivals too)",
    "start stock": "groups at the start",
    "growth": "growth and turnover",
    "inflow": "size of the cohorts to come",
    "flow noise": "chance in whole persons",
    "interactions": "interactions of parts",
    "dependence": "dependence between parts",
}
FACTS = {
    "selection": (
        "how often stayers of {group} enter the workforce, beside domestic ones, direct "
        "arrivals included"
    ),
    "inflow": "how large the cohorts of {group} will be",
    "start_share": "the share of {group} at the start",
    "exit": "how often members of {group} leave the workforce",
    "stay_rate": "which part of the cohorts of {group} will stay",
    "turnover": "which part of the workforce is new each year",
    "growth": "how fast entries to the workforce grow",
    "tier_stay": "how much more often those bound for the workforce stay than others do",
}
QUANTITIES = {"share": "shares", "survival": "follow-up", "stay": "stay rate"}
NOTHING, EVERYTHING = "all evidence", "none"  # as in `contributions`: what is left out


def lever_name(lever: str) -> str:
    """Return the name of a lever as words.

    Examples
    --------
    >>> lever_name("exit_rate")
    'exit rate'
    """
    return LEVERS.get(lever, lever.replace("_", " "))


def part_in_words(component: str) -> str:
    """Return what a part of the variance is about.

    Examples
    --------
    >>> part_in_words("start stock")
    'groups at the start'
    """
    return PARTS.get(component, component)


def fact_in_words(fact: str, group: str) -> str:
    """Return a fact as it stands after "if it were known".

    Examples
    --------
    >>> fact_in_words("inflow", "North"), fact_in_words("growth", "")
    ('how large the cohorts of North will be', 'how fast entries to the workforce grow')
    """
    words = FACTS.get(fact, fact.replace("_", " "))
    return words.replace("{group}", group)


def piece_in_words(piece: str, rows: pd.DataFrame | None) -> str:
    """Return a piece of evidence: what it is, when, of which series; with labels of groups.

    Examples
    --------
    >>> row = {"quantity": "survival", "series": "a_b", "group": "North", "year": 2025.0}
    >>> piece_in_words("survival a_b 2025 north", pd.DataFrame([row]))
    'the follow-up of North to 2025 (a b)'
    >>> piece_in_words("all evidence", None)
    'all evidence: the priors alone'
    """
    if piece == EVERYTHING:
        return "nothing: all evidence is used"
    if piece == NOTHING:
        return "all evidence: the priors alone"
    if rows is None or rows.empty:
        return piece
    first = rows.iloc[0]
    what = QUANTITIES.get(str(first["quantity"]), str(first["quantity"]))
    series = str(first["series"]).replace("_", " ")
    year = int(first["year"])
    if first["quantity"] == "share":
        return f"the {what} of {year} ({series})"
    until = "to" if first["quantity"] == "survival" else "in"
    return f"the {what} of {first['group']} {until} {year} ({series})"
