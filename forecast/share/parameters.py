"""The parameters of the share model: names, priors, and the whitened space they are drawn in."""

from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import special

from forecast.stay.unit_normal import quantile
from forecast.study import Prior, ShareSpec, frozen
from forecast.study.priors import HalfCauchy, HalfNormal, LogNormal, Normal, RootInverseGamma

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

# name -> who has one: everybody ("one"), each foreign group, each group, or a study whose evidence
# of shares is on several bases ("bases")
OWNERS = {
    "start_logit": "foreign",
    "exit_rate": "one",
    "exit_spread": "one",
    "exit_z": "group",
    "turnover": "one",
    "growth": "one",
    "selection": "foreign",
    "direct_arrivals": "foreign",
    "tier_stay": "one",
    "design_effect": "one",
    "basis_offset": "bases",
}
LARGEST_EXIT = 0.99  # nobody leaves more than once
STANDARD = Normal(dist="normal", loc=0.0, scale=1.0, reason="a standard normal deviate")


@dataclass(frozen=True)
class Layout:
    """Which column of a whitened draw is which parameter of which group.

    ``groups`` are all groups in the order of the study, ``foreign`` the places of the foreign
    ones among them; ``columns`` maps a parameter to its columns and ``priors`` to its prior.
    """

    groups: tuple[str, ...]
    foreign: tuple[int, ...]
    columns: dict[str, slice]
    priors: dict[str, Prior]

    @property
    def size(self) -> int:
        """The number of whitened columns."""
        return int(max(columns.stop for columns in self.columns.values()))

    @property
    def names(self) -> list[str]:
        """A name for each whitened column, with its group where there is one."""
        names = []
        for name, owner in OWNERS.items():
            places = {"foreign": self.foreign, "group": range(len(self.groups))}.get(owner)
            if places is not None:
                names += [f"{name}[{self.groups[g]}]" for g in places]
            elif self.columns[name].stop > self.columns[name].start:
                names.append(name)
        return names


@dataclass(frozen=True)
class Theta:
    """Draws of the parameters on their own scales, shapes (draw,) or (draw, group).

    The domestic group is pinned: ``start_logit`` 0, ``selection`` 1, ``direct_arrivals`` 0.
    ``exit`` is the part of a group that leaves the tier each year; ``basis_offset`` the log odds by
    which evidence on another basis counts foreign people more often.
    """

    start_logit: Array
    exit: Array
    exit_rate: Array
    exit_spread: Array
    turnover: Array
    growth: Array
    selection: Array
    direct_arrivals: Array
    tier_stay: Array
    design_effect: Array
    basis_offset: Array

    def of_draws(self, draws: np.ndarray) -> "Theta":
        """Return the parameters of some draws."""
        return replace(self, **{name: array[draws] for name, array in self.named().items()})

    def named(self) -> dict[str, Array]:
        """Return the arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def layout(spec: ShareSpec) -> Layout:
    """Return the layout of a study's share parameters.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> layout(load_study("china_ai_2030").share).names[:4]
    ['start_logit[CHN]', 'start_logit[IND]', 'start_logit[OTH]', 'exit_rate']
    """
    groups = tuple(spec.groups)
    foreign = tuple(i for i, group in enumerate(spec.groups.values()) if not group.domestic)
    bases = int(spec.basis is not None)
    lengths = {"one": 1, "foreign": len(foreign), "group": len(groups), "bases": bases}
    columns, at = {}, 0
    for name, owner in OWNERS.items():
        columns[name] = slice(at, at + lengths[owner])
        at += lengths[owner]
    priors = {name: getattr(spec.priors, name, STANDARD) for name in OWNERS}
    return Layout(groups, foreign, columns, priors)


def unwhiten(z: Array, prior: Prior) -> Array:
    r"""Return draws of a prior from standard normal deviates, :math:`F^{-1}(\Phi(z))`.

    In this space each prior is N(0, 1), so a log prior is :math:`-z^2 / 2` without a Jacobian.
    Any shape in, the same shape out.

    Examples
    --------
    >>> prior = LogNormal(dist="lognormal", median=0.2, sigma=0.5, reason="about a fifth a year")
    >>> unwhiten(np.array([0.0, 1.0]), prior).round(3).tolist()
    [0.2, 0.33]
    """
    match prior:
        case Normal():
            return prior.loc + prior.scale * z
        case LogNormal():
            return prior.median * np.exp(prior.sigma * z)
        case HalfNormal():
            return -prior.scale * np.asarray(special.ndtri(0.5 * special.ndtr(-z)))
        case HalfCauchy() | RootInverseGamma():
            return np.asarray(quantile(prior, z))
        case _:
            return np.asarray(frozen(prior).ppf(special.ndtr(z)))


def theta_of(z: Array, where: Layout) -> Theta:
    r"""Return the parameters of whitened draws ``z``, shape (draw, column).

    Exits are exchangeable around their mean on the log scale,
    :math:`\mathrm{exit}_g = \min(\mathrm{rate} \cdot e^{\mathrm{spread} \cdot z_g}, 0.99)`.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> where = layout(load_study("china_ai_2030").share)
    >>> theta_of(np.zeros((1, where.size)), where).selection.tolist()
    [[1.0, 1.0, 1.0, 1.0]]
    """
    values = {n: unwhiten(z[:, where.columns[n]], where.priors[n]) for n in OWNERS}
    spread = values["exit_spread"] * values["exit_z"]
    leaving = np.minimum(values["exit_rate"] * np.exp(spread), LARGEST_EXIT)
    foreign = {
        name: _beside_domestic(values[name], where, pinned)
        for name, pinned in (("start_logit", 0.0), ("selection", 1.0), ("direct_arrivals", 0.0))
    }
    single = {name: values[name][:, 0] for name, owner in OWNERS.items() if owner == "one"}
    offset = values["basis_offset"].sum(axis=1)  # zero where there is one basis
    return Theta(exit=leaving, basis_offset=offset, **foreign, **single)


def _beside_domestic(values: Array, where: Layout, pinned: float) -> Array:
    """Put the columns of the foreign groups in their places, the pinned value in the other."""
    full = np.full((len(values), len(where.groups)), pinned)
    full[:, list(where.foreign)] = values
    return full
