"""Reading the shipped tables by name, each with its title, sources and caveats."""

import json
import tomllib
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import Any

import pandas as pd

from forecast.errors import EvidenceError


def _read_text(file: str) -> str:
    return files("forecast.datasets").joinpath(file).read_text(encoding="utf-8")


def _read_table(name: str) -> pd.DataFrame:
    """Read a shipped table; an empty cell is missing, the text "NA" is not."""
    with files("forecast.datasets").joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False, na_values=[""])


@lru_cache
def _catalogue() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_read_text("catalogue.toml"))


@lru_cache
def _sources() -> dict[str, dict[str, Any]]:
    """Title, publisher, year of publication and address by source id; unknown ones are None."""
    table = _read_table("sources").set_index("source")
    columns = table[["title", "publisher", "published", "url"]].astype(object)
    known = columns.where(columns.notna(), None)
    return {
        str(source): {
            "title": row["title"],
            "publisher": row["publisher"],
            "published": None if row["published"] is None else int(row["published"]),
            "url": row["url"],
        }
        for source, row in known.to_dict(orient="index").items()
    }


def _check_name(name: str) -> None:
    """Refuse a name that is not in the catalogue.

    Raises
    ------
    EvidenceError
        If there is no dataset of that name; the message names the nearest one.
    """
    names = dataset_names()
    if name not in names:
        nearest = get_close_matches(name, names, n=1, cutoff=0.0)[0]
        raise EvidenceError(
            f"A dataset is loaded by its name in the catalogue; got {name!r}. "
            f"The nearest name is {nearest!r}, dataset_names() lists all."
        )


def dataset_names() -> tuple[str, ...]:
    """Names of the shipped datasets, in the order of the catalogue.

    Returns
    -------
    tuple of str
        Each name is an argument of `load_dataset`.

    Examples
    --------
    >>> from forecast.datasets import dataset_names
    >>> dataset_names()[:2]
    ('us_doctorates', 'us_doctorates_sizes')
    """
    return tuple(_catalogue())


def load_dataset(name: str) -> pd.DataFrame:
    """Load a shipped dataset.

    Parameters
    ----------
    name : str
        One of `dataset_names`.

    Returns
    -------
    pandas.DataFrame
        A fresh copy of the table. Its `attrs` hold `name`, `title`, `description`, `sources`
        (title, publisher, year of publication and address of each source in the table, by
        source id) and `caveats` (sentences that a user must know).

    Raises
    ------
    EvidenceError
        If there is no dataset of that name.

    Examples
    --------
    >>> from forecast.datasets import load_dataset
    >>> table = load_dataset("us_doctorates")
    >>> table.attrs["title"]
    'Stay rates of US doctorate recipients: published figures'
    >>> china = table.query("definition == 'intention' and origin == 'CHN'")
    >>> china.query("cohort_start == 2023")[["rate", "n"]].values.tolist()
    [[0.775, 6652.0]]
    """
    _check_name(name)
    table = _read_table(name)
    entry = _catalogue()[name]
    named = sorted(set(table["source"].dropna())) if "source" in table else []
    table.attrs = {
        "name": name,
        "title": entry["title"],
        "description": entry["description"],
        "sources": {source: dict(_sources()[source]) for source in named if source in _sources()},
        "caveats": list(entry["caveats"]),
    }
    return table


def demo_truth() -> dict[str, Any]:
    """Parameters, paths and probabilities behind the dataset `demo`.

    Returns
    -------
    dict
        Keys `seed`, `parameters`, `D`, `G`, `GO`, `resident_5_years` (one entry a cell) and
        `stock`, the true stock by year and group.

    Examples
    --------
    >>> from forecast.datasets import demo_truth
    >>> demo_truth()["parameters"]["intention_offset"]
    0.25
    """
    truth: dict[str, Any] = json.loads(_read_text("demo_truth.json"))
    return truth
