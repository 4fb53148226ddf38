"""From a fit to the inputs of a projection."""

from collections.abc import Sequence

import xarray as xr

from forecast.errors import StudyError
from forecast.evidence import checked_table, domestic_sizes
from forecast.inference import Fit
from forecast.share.inputs import WorkforceInputs, workforce_inputs
from forecast.share.project import project
from forecast.stay.predict import reference_rates
from forecast.study import Scenario, Study

MOST_DRAWS = 4000  # of the stay posterior that a projection carries


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
    stay = reference_rates(thinned, study, spec.entry_years_since, list(study.evidence.years))
    table = checked_table(spec.evidence, "workforce", study.folder)
    return workforce_inputs(study, stay, fit.evidence.sizes, domestic_sizes(study), table)


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
    """Return scenarios of a study by name, all of them for None."""
    wanted = (
        list(study.scenarios)
        if names is None
        else [names]
        if isinstance(names, str)
        else list(names)
    )
    unknown = [name for name in wanted if name not in study.scenarios]
    if unknown or not wanted:
        known = ", ".join(study.scenarios) or "none"
        raise StudyError(f"a scenario is one of the study's ({known}); got {unknown or 'none'}.")
    return {name: study.scenarios[name] for name in wanted}
