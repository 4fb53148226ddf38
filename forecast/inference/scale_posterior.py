"""Finding the posterior of the top-level parameters: its mode, its shape, where the latents go."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from forecast.errors import RunError
from forecast.inference.field import (
    LOOSE,
    TIGHT,
    Mode,
    given,
    latent_field,
    near_mode,
)
from forecast.inference.marginal import Marginal, surroundings
from forecast.inference.proposal import Proposal, fitted_proposal
from forecast.stay import StayModel
from forecast.stay.unit_normal import UnitNormal

GRADIENT = 0.05  # where the search for the mode ends; u has standard deviations of up to one
SEARCH = 1e-4  # Newton decrement while the mode is sought
REACH = 1.0  # the axes are looked at this many standard deviations (as the search learnt them) away


@dataclass(frozen=True)
class ScalePosterior:
    """The Laplace marginal of u, a proposal for it, and the latents' mode as u moves.

    The conditional mode is near latents + tangent d + bend d^2 / 2, with d = u - centre: where
    Newton starts.
    """

    marginal: Marginal
    proposal: Proposal
    spread: np.ndarray
    latents: np.ndarray
    tangent: np.ndarray
    bend: np.ndarray
    tension: np.ndarray

    def mode(self, u: np.ndarray) -> Mode:
        """Return the conditional mode of the latents at u: mostly one Newton step to it."""
        away = u - self.proposal.centre
        start = self.latents + self.tangent @ away + self.bend @ (away**2 / 2)
        field = self.marginal.field
        at = given(field, self.marginal.unit.values(u))
        return near_mode(field, at, start, self.tension)

    def mean(self, mode: Mode) -> np.ndarray:
        """Return the conditional mean of the latents to first order: x* - H^-1 d log|H| / 2 dx.

        Third derivatives pull the mean from the mode (Tierney & Kadane 1986); their pull is taken
        at the centre of the scales.
        """
        return mode.seen.x - mode.factor.solve(self.tension)


@dataclass
class _Search:
    """The search for the mode: each conditional mode starts at the last one."""

    marginal: Marginal
    x: np.ndarray

    def __call__(self, u: np.ndarray) -> tuple[float, np.ndarray]:
        mode = self.marginal.mode(u, self.x, SEARCH)
        self.x = mode.seen.x
        return -self.marginal.value(u, mode), -self.marginal.gradient(u, mode)


def scale_posterior(model: StayModel) -> ScalePosterior:
    """Return the posterior of the top-level parameters of a model.

    Raises
    ------
    RunError
        If no mode is found.
    """
    marginal = Marginal(latent_field(model), UnitNormal(model.top_level))
    start = marginal.unit.start
    centre, spread, x = _search(marginal, start, np.eye(len(start)), marginal.field.prior.mean)
    return _explored(marginal, centre, spread, x)


def moved_posterior(found: ScalePosterior, model: StayModel) -> ScalePosterior:
    """Return the posterior for new data of the same shape: only its mode is sought again."""
    marginal = Marginal(latent_field(model), found.marginal.unit)
    centre, _, x = _search(marginal, found.proposal.centre, found.spread, found.latents)
    proposal = replace(found.proposal, centre=centre)
    return replace(found, marginal=marginal, proposal=proposal, latents=x)


def _search(
    marginal: Marginal, u: np.ndarray, spread: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mode, the covariance that the search learnt, and the latents there."""
    search = _Search(marginal, x)
    options = {"gtol": GRADIENT, "hess_inv0": spread, "maxiter": 200}
    found = optimize.minimize(search, u, jac=True, method="BFGS", options=options)
    largest = float(np.abs(found.jac).max())
    if not np.isfinite(found.fun) or largest > 1.0:
        raise RunError(
            f"the scales have a posterior mode; the search stopped at slope {largest:.2g}: "
            f"{found.message}. Check the priors, or use engine nuts."
        )
    mode = marginal.mode(found.x, search.x, TIGHT)
    spread = np.asarray(found.hess_inv)
    return found.x, (spread + spread.T) / 2, mode.seen.x


def _explored(
    marginal: Marginal, centre: np.ndarray, spread: np.ndarray, x: np.ndarray
) -> ScalePosterior:
    """Look at gradients on both sides of the mode along each axis, and fit the proposal."""
    steps = REACH * np.sqrt(np.diagonal(spread)).clip(0.05, 1.0)
    ends = {}
    for k, step in enumerate(steps):
        start = x
        for sign in (1.0, -1.0):
            u = centre.copy()
            u[k] += sign * step
            mode = marginal.mode(u, start, LOOSE)
            ends[sign, k] = marginal.gradient(u, mode), mode.seen.x
            start = 2 * x - mode.seen.x  # the latents go about as far the other way
    axes = range(len(steps))
    up, down = (np.stack([ends[sign, k][0] for k in axes]) for sign in (1.0, -1.0))
    middle, field = marginal.mode(centre, x, TIGHT), marginal.field
    here = marginal.gradient(centre, middle)
    tension = field.design_back @ surroundings(field, middle).tension
    high, low = (np.stack([ends[sign, k][1] for k in axes], axis=1) for sign in (1.0, -1.0))
    tangent, bend = (high - low) / (2 * steps), (high + low - 2 * x[:, None]) / steps**2
    proposal = fitted_proposal(centre, here, steps, up, down)
    return ScalePosterior(marginal, proposal, spread, x, tangent, bend, tension)
