"""From a fit to the inputs of a projection."""

from collections.abc import Sequence

import xarray as xr

from forecast.errors import StudyError
from forecast.evidence import checked_table, domestic_sizes, read_table
from forecast.inference import Fit
from forecast.share.departure import departures
from forecast.share.inputs import WorkforceInputs, workforce_inputs
from forecast.share.model import ShareModel, share_model
from forecast.share.project import project
from forecast.stay.predict import reference_rates
from forecast.study import Scenario, Study, combined

MOST_DRAWS = 4000  # of the stay posterior that a projection carries
LATER = 9  # years after entry: as far as most published stay rates go


def inputs_of(fit: Fit) -> WorkforceInputs:
    """Return the inputs of a projection: the fit's stay draws with the study's workforce tables.

    Every k-th draw is taken where the posterior has more than a projection carries.

    Raises
    ------
    StudyError
        If the study has no ``[share]``.
    EvidenceError
        If a table breaks a rule or does not fit the study.
    """
    study, spec = fit.study, fit.study.share
    if spec is None:
        raise StudyError(f"a workforce needs [share]; got {study.name} without. Add the table.")
    posterior = fit.posterior
    step = -(-posterior.sizes["chain"] * posterior.sizes["draw"] // MOST_DRAWS)
    thinned = posterior.isel(draw=slice(None, None, step))
    entry, years = spec.entry_years_since, list(study.evidence.years)
    stay, sizes = reference_rates(thinned, study, entry, years), fit.evidence.sizes
    last = min(entry + LATER, study.stay.duration_knots[-1])
    later = reference_rates(thinned, study, last, [spec.start])
    leave = departures(stay.sel(cohort=[spec.start]), later, sizes, spec, last - entry)
    table = checked_table(spec.evidence, "workforce", study.folder)
    shocks = None if spec.shocks is None else read_table(spec.shocks, study.folder)
    home = domestic_sizes(study)
    return workforce_inputs(study, stay, sizes, home, table, leave, shocks)


def share_model_of(
    fit: Fit, seed: int | None = None, until: int | None = None, noise: bool = False
) -> ShareModel:
    """Calibrate the workforce of a fit: the start of every question about scenarios.

    The seed is that of the fit if none is given; see ``share_model`` for the rest.

    Raises
    ------
    StudyError
        If the study has no workforce.
    RunError
        If ``until`` is not among its years, or ``noise`` needs ``share.people``.
    """
    random = int(fit.tree.attrs["seed"]) if seed is None else seed
    return share_model(inputs_of(fit), random, until, noise=noise)


def project_fit(
    fit: Fit,
    scenario: str | Sequence[str] | None = None,
    until: int | None = None,
    seed: int | None = None,
) -> xr.Dataset:
    """Project the workforce of a fit under scenarios of its study, all of them if none is named.

    Returns ``share``, ``stock`` and ``entrants`` with dims (chain, draw, scenario, year, group).
    The seed is that of the fit if none is given.

    Raises
    ------
    StudyError
        If the study has no workforce, or no scenario of that name.
    """
    scenarios = chosen_scenarios(fit.study, scenario)
    random = int(fit.tree.attrs["seed"]) if seed is None else seed
    return project(inputs_of(fit), scenarios, random, until)


def chosen_scenarios(study: Study, names: str | Sequence[str] | None) -> dict[str, Scenario]:
    """Return scenarios of a study by name or joined by ``+``, all of the study for None."""
    wanted = (
        list(study.scenarios)
        if names is None
        else [names]
        if isinstance(names, str)
        else list(names)
    )
    if not wanted:
        known = ", ".join(study.scenarios) or "none"
        raise StudyError(f"a scenario is one of the study's ({known}); got none. Name one.")
    return {name: combined(study.scenarios, name) for name in wanted}
