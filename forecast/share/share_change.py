"""A fall of a group's share by arithmetic: the heads and the output that it costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecast.errors import RunError
from forecast.inference.rates import bounds
from forecast.share.diagnostics import indicator_mcse
from forecast.share.output import contribution_draws
from forecast.study import ShareSpec

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

CLAIMED = (0.15, 0.20)  # loss of output in the article


@dataclass(frozen=True)
class ShareChange:
    r"""A foreign group that falls from ``before`` to ``after`` of the workforce.

    ``domestic``: the domestic part of the workforce before; ``replaced``: the part :math:`\rho` of
    the lost places that the others take, in proportion to what they were. Of a workforce of 1

    .. math:: \Delta = (a - b) / (1 - b (1 - \rho))

    leave the group, with a = before, b = after, and :math:`(1 - \rho) \Delta` heads are lost.

    Examples
    --------
    >>> round(ShareChange(0.40, 0.25, domestic=0.37).lost_heads, 12)
    0.2
    """

    before: float
    after: float
    domestic: float
    replaced: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that are no fall of a share."""
        if not 0 <= self.after <= self.before < 1:
            got = f"{self.before:g} to {self.after:g}"
            raise RunError(f"a share falls, 1 > before >= after >= 0; got {got}. Turn it round.")
        if not 0 <= self.domestic <= 1 - self.before:
            most = f"the {1 - self.before:g} outside the group"
            raise RunError(f"domestic is a part of {most}; got {self.domestic:g}. Lower it.")
        if not 0 <= self.replaced <= 1:
            raise RunError(f"replaced lies in [0, 1]; got {self.replaced:g}. Write 1 for all.")

    @property
    def leavers(self) -> float:
        """The part of the workforce that leaves the group."""
        return (self.before - self.after) / (1 - self.after * (1 - self.replaced))

    @property
    def lost_heads(self) -> float:
        """The part of all heads that is lost."""
        return (1 - self.replaced) * self.leavers

    def lost_output(self, contribution: Array) -> Array:
        r"""Return the part of output that is lost, for each contribution w.

        :math:`\Delta [w - \rho (d + w f) / (d + f)] / (d + w (a + f))` with d domestic and f other
        foreign people.
        """
        others = 1 - self.before
        foreign = others - self.domestic
        newcomers = (self.domestic + contribution * foreign) / others
        whole = self.domestic + contribution * (self.before + foreign)
        return self.leavers * (contribution - self.replaced * newcomers) / whole


def output_of_share_change(
    spec: ShareSpec,
    change: ShareChange,
    replaced: Sequence[float] = (0.0, 1.0),
    between: tuple[float, float] = CLAIMED,
    draws: int = 4000,
    seed: int = 1,
) -> pd.DataFrame:
    """Return what a fall of a foreign group's share costs, by who takes the places.

    A row for each part ``replaced`` (in the place of that of ``change``), the same draws of the
    contribution in each. Columns: from_share, to_share, domestic, replaced, lost_heads (exact),
    lost_median, lost_lower, lost_upper (of output, 90 % equal-tailed), prob, kind, from, to,
    probability (that the loss of output lies between these two), mcse.

    Raises
    ------
    RunError
        If a part is not in [0, 1], or the study has no ``[share.output]``.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> spec = load_study("china_ai_2030").share
    >>> table = output_of_share_change(spec, ShareChange(0.40, 0.25, domestic=0.37))
    >>> table[["replaced", "lost_heads"]].round(12).to_numpy().tolist()
    [[0.0, 0.2], [1.0, 0.0]]
    """
    drawn, (low, high), prob = contribution_draws(spec, (1, draws), seed), between, 0.9
    rows = []
    for part in replaced:
        one = replace(change, replaced=float(part))
        lost = one.lost_output(drawn)
        spread, inside = bounds(lost, prob), (lost >= low) & (lost <= high)
        limits = [float(end) for end in (spread.median, spread.lower, spread.upper)]
        facts = (one.before, one.after, one.domestic, one.replaced, one.lost_heads, *limits)
        rows.append((*facts, prob, "eti", low, high, inside.mean(), indicator_mcse(inside)))
    columns = ["from_share", "to_share", "domestic", "replaced", "lost_heads", "lost_median"]
    columns += ["lost_lower", "lost_upper", "prob", "kind", "from", "to", "probability", "mcse"]
    return pd.DataFrame(rows, columns=columns)
