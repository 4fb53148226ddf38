"""The package knows no subject of its own: nurses of two wards are projected like researchers."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import forecast
from forecast.share import project
from forecast.share.cells import arrange
from forecast.share.example import example_spec
from forecast.share.inputs import WorkforceInputs, nobody_leaves
from forecast.share.model import BASELINE, share_model
from forecast.study import ShareSpec
from tests.share_loops import Loops, moving_inputs, scenario_of

PACKAGE = Path(forecast.__file__).parent
SUBJECT = re.compile(r"china|chinese|\bai\b", re.IGNORECASE)
EXAMPLE = re.compile(r"^\s*(>>>|\.\.\.)|stayrate [a-z]+ .*china_ai_2030")
YEARS = range(2010, 2031)


@pytest.fixture(scope="module")
def nurses():
    """Return inputs of a hospital: nurses trained abroad and at home, surgery and paediatrics."""
    spec = ShareSpec.model_validate(
        example_spec().model_dump()
        | {
            "workforce": "nurses of a hospital",
            "field_weights": {"surgery": 1.0, "paediatrics": 0.8},
            "groups": {
                "home": {"label": "Trained here", "domestic": True},
                "abroad": {"label": "Trained abroad", "origins": ["island", "valley"]},
            },
            "start": 2015,
            "headline": {"group": "abroad", "at_most": 0.3, "by": 2025},
            "people": 900,
        }
    )
    wards, schools = list(spec.field_weights), ["valley", "island"]
    rng = np.random.default_rng(1)
    labels = {"origin": schools, "field": wards, "cohort": list(YEARS)}
    rates = rng.uniform(0.4, 0.9, (2, 60, 2, 2, 21))
    stay = xr.DataArray(rates, labels, ("chain", "draw", *labels))
    sizes = xr.DataArray(rng.uniform(20, 60, (2, 2, 21)), labels, tuple(labels))
    home = 3 * sizes.sum("origin")
    row = {"quantity": "share", "series": "census", "group": "abroad", "year_from": np.nan}
    table = pd.DataFrame(
        [
            row | {"year": year, "value": part, "n": 900}
            for year, part in ((2015, 0.2), (2019, 0.25))
        ]
    )
    return WorkforceInputs(stay, sizes, home, nobody_leaves(stay, spec), table, spec, 2030)


def test_a_hospital_is_a_workforce(nurses):
    """Nurses follow the same formulas, and the evidence of a census is met."""
    fewer = scenario_of(
        {"lever": "inflow", "group": "abroad", "fields": ["surgery"], "multiplier": 0.5},
        {"lever": "exit_rate", "group": "home", "shift": 0.5, "start": 2022, "ramp": 3},
        replaced=0.5,
    )
    model = share_model(nurses, seed=1, steps=60)
    flows = model.flows(fewer)
    stock, came = Loops(model.world, fewer, 2019).flows()
    np.testing.assert_allclose(flows.stock, stock, rtol=1e-12)
    np.testing.assert_allclose(flows.entrants, came, rtol=1e-12)
    share = project(nurses, {"baseline": BASELINE}, 1, steps=60)["share"].sel(group="abroad")
    for year, published in ((2015, 0.2), (2019, 0.25)):
        assert abs(float(share.sel(year=year).mean()) - published) < 0.02


def test_nurses_are_whole_persons(nurses):
    """The hospital has 900 nurses at the start, and later stocks are whole nurses too."""
    projection = project(nurses, {"baseline": BASELINE}, 1, steps=12, noise=True)
    persons = projection["stock"].values * 900
    np.testing.assert_allclose(persons, np.rint(persons), rtol=0, atol=1e-9)
    np.testing.assert_allclose(persons[:, :, :, 0].sum(-1), 900, rtol=1e-12)


def test_labels_and_not_places_say_which_cell_is_which(nurses):
    """Origins, fields and groups in any order of the arrays give the same cells."""
    turned = replace(
        nurses,
        stay=nurses.stay[:, :, ::-1, ::-1],
        sizes=nurses.sizes[::-1, ::-1],
        domestic=nurses.domestic[::-1],
        departure=nurses.departure[:, :, ::-1],
    )
    cells, other = arrange(nurses, range(2016, 2020)), arrange(turned, range(2016, 2020))
    assert cells.grid.origins[:2] == ("island", "island")
    island = nurses.stay.sel(origin="island", field="surgery", cohort=range(2016, 2020))
    np.testing.assert_array_equal(cells.stay[:, :, 0], island.values.reshape(120, 4))
    for name in ("stay", "people", "departure"):
        np.testing.assert_array_equal(getattr(cells, name), getattr(other, name))


def test_the_order_of_groups_does_not_matter():
    """Groups listed in another order have the doctorates and stay rates of their own origins."""
    inputs, years = moving_inputs(seed=1), range(2020, 2031)
    groups = {name: inputs.spec.groups[name] for name in ("home", "rest", "north")}
    turned = replace(inputs, spec=inputs.spec.model_copy(update={"groups": groups}))
    one, other = arrange(inputs, years), arrange(turned, years)
    assert other.grid.origins == ("east",) * 2 + ("south",) * 2 + ("north",) * 2 + ("home",) * 2
    places = [2, 3, 4, 5, 0, 1, 6, 7]
    np.testing.assert_array_equal(other.stay, one.stay[:, :, places])
    np.testing.assert_array_equal(other.people, one.people[:, :, places])
    np.testing.assert_array_equal(other.departure, one.departure[:, ::-1])


def test_a_refitted_lever_is_a_history_in_which_it_was_always_so():
    """Half the doctorates of a group, refitted, is the baseline of a table with half of them.

    A half is exact in binary, so calibration and projection agree bit by bit.
    """
    inputs = moving_inputs(seed=2, draws=60)
    north = inputs.sizes["origin"] == "north"
    halved = replace(inputs, sizes=inputs.sizes.where(~north, 0.5 * inputs.sizes))
    less = {"lever": "inflow", "group": "north", "multiplier": 0.5}
    model, expected = share_model(inputs, 1, steps=20), share_model(halved, 1, steps=20)
    refit = scenario_of(less, history="refit")
    np.testing.assert_array_equal(model.calibrated(refit).z, expected.calibration.z)
    np.testing.assert_array_equal(model.flows(refit).stock, expected.flows(BASELINE).stock)
    assert not np.array_equal(model.calibration.z, expected.calibration.z)


def test_the_package_speaks_of_no_subject():
    """Subject matter stands in studies, tables and examples of them, not in the code."""
    breaks = []
    for path in sorted(p for p in PACKAGE.rglob("*") if p.suffix in (".py", ".html", ".css")):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] in ("datasets", "_models"):
            continue
        shown = False  # inside the output of an example
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            example = bool(EXAMPLE.search(line))
            shown = example or (shown and bool(line.strip()) and '"""' not in line)
            if SUBJECT.search(line) and not shown:
                breaks.append(f"{inside}:{number}: {line.strip()}")
    assert not breaks, "\n".join(breaks)
