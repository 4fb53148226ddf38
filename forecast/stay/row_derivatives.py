"""Derivatives of the rows' log densities, to third order in the rate, for nested Laplace.

Count and rate rows are one family: with a = r s and b = (1 - r) s,

    l = f(a) + g(b) + h(s) + constant,   s = 1 / w - 1,   w = within + q square + known / q,

q = r (1 - r), where ``within`` is the overdispersion of a count row, or the inverse of the
effective size of a survey row; ``square`` the squared scale of a source; ``known`` a variance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from forecast.stay.errors_of_rows import EDGE, ErrorModel

type Values = Mapping[str, Any]
type Stack = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class RowDerivatives:
    """Log densities of the rows and their derivatives at given rates and error scales.

    ``r1`` to ``r3``: by the rate. ``within`` and ``square``: rows of (d, d r1, d r2) by that part
    of w. ``expected``: one over the variance of the observed rate.
    """

    value: np.ndarray
    r1: np.ndarray
    r2: np.ndarray
    r3: np.ndarray
    within: np.ndarray
    square: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True)
class RowFamily:
    """The rows of an error model as one family of densities."""

    errors: ErrorModel

    @cached_property
    def size(self) -> int:
        """Return the number of rows."""
        return len(self.errors.counts.row) + len(self.errors.rates.row)

    @cached_property
    def constant(self) -> np.ndarray:
        """Return the part of the log densities that no parameter moves."""
        counts, rates = self.errors.counts, self.errors.rates
        out = np.zeros(self.size)
        out[counts.row] = -np.log1p(counts.n) - special.betaln(
            counts.n - counts.stayed + 1, counts.stayed + 1
        )
        out[rates.row] = -np.log(rates.rate) - np.log1p(-rates.rate)
        return out

    @cached_property
    def floor(self) -> np.ndarray:
        """Return the least s of each row."""
        out = np.full(self.size, EDGE)
        out[self.errors.counts.row] = 1 / (1 - EDGE) - 1
        return out

    def parts(self, values: Values) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return within, square and known of each row."""
        counts, rates = self.errors.counts, self.errors.rates
        within, square, known = (np.zeros(self.size) for _ in range(3))
        if len(counts.row):
            within[counts.row] = np.asarray(values["overdispersion"])[counts.which]
            known[counts.row] = counts.rounding
        if len(rates.row):
            if "effective_share" in values:
                within[rates.row] = rates.per_person / values["effective_share"]
            if "source_scale" in values:
                scale = np.asarray(values["source_scale"])[rates.which]
                square[rates.row] = rates.unknown * scale**2
            known[rates.row] = rates.known
        return within, square, known

    def gradient(
        self, by_within: np.ndarray, by_square: np.ndarray, values: Values
    ) -> dict[str, np.ndarray]:
        """Return derivatives by the error scales from those by within and square of each row."""
        counts, rates = self.errors.counts, self.errors.rates
        out: dict[str, np.ndarray] = {}
        if len(counts.row):
            many = len(np.asarray(values["overdispersion"]))
            out["overdispersion"] = np.bincount(counts.which, by_within[counts.row], many)
        if "effective_share" in values:
            moved = -rates.per_person / values["effective_share"] ** 2
            out["effective_share"] = np.atleast_1d(by_within[rates.row] @ moved)
        if "source_scale" in values:
            scale = np.asarray(values["source_scale"])
            moved = 2 * rates.unknown * scale[rates.which] * by_square[rates.row]
            out["source_scale"] = np.bincount(rates.which, moved, len(scale))
        return out

    def look(self, rate: np.ndarray, values: Values) -> RowDerivatives:
        """Return log densities and derivatives at the rates of the rows."""
        r = np.clip(rate, EDGE, 1 - EDGE)
        within, square, known = self.parts(values)
        q, q1 = r * (1 - r), 1 - 2 * r
        w = within + q * square + known / q
        free = 1 / w - 1 > self.floor
        s = np.where(free, 1 / w - 1, self.floor)
        f, g, h = self._univariate(r * s, (1 - r) * s, s)
        moves = _moves(w, q, q1, square, known, free)
        own = self.errors.counts
        variance = q * w
        variance[own.row] = q[own.row] * (1 / own.n + (1 - 1 / own.n) * w[own.row])
        inside = (rate > EDGE) & (rate < 1 - EDGE)
        return _chain(r, s, (f, g, h), moves, self.constant, 1 / variance, inside)

    def _univariate(self, a: np.ndarray, b: np.ndarray, s: np.ndarray) -> tuple[Stack, ...]:
        """Return f(a), g(b) and h(s), each with three derivatives."""
        counts, rates, size = self.errors.counts, self.errors.rates, self.size
        k, n, row = counts.stayed, counts.n, counts.row
        inner = _gammas(np.concatenate([a, b, s, k + a[row], n - k + b[row], n + s[row]]))
        more = len(row)
        ends = np.cumsum([size, size, size, more, more])
        pieces = [np.split(piece, ends) for piece in inner]
        f: list[np.ndarray] = []
        g: list[np.ndarray] = []
        h: list[np.ndarray] = []
        for at_a, at_b, at_s, up_a, up_b, up_s in pieces:
            at_a, at_b = -at_a, -at_b
            at_a[row] += up_a
            at_b[row] += up_b
            at_s = at_s.copy()
            at_s[row] -= up_s
            f.append(at_a)
            g.append(at_b)
            h.append(at_s)
        stay, leave = np.log(rates.rate), np.log1p(-rates.rate)
        f[0][rates.row] += a[rates.row] * stay
        f[1][rates.row] += stay
        g[0][rates.row] += b[rates.row] * leave
        g[1][rates.row] += leave
        return (*f,), (*g,), (*h,)  # type: ignore[return-value]  # each has four


@dataclass(frozen=True)
class _Moves:
    """Derivatives of s: by the rate, and by within and square with the rate."""

    r1: np.ndarray
    r2: np.ndarray
    r3: np.ndarray
    within: tuple[np.ndarray, np.ndarray, np.ndarray]
    square: tuple[np.ndarray, np.ndarray, np.ndarray]


def _moves(
    w: np.ndarray,
    q: np.ndarray,
    q1: np.ndarray,
    square: np.ndarray,
    known: np.ndarray,
    free: np.ndarray,
) -> _Moves:
    w1 = square * q1 - known * q1 / q**2
    w2 = -2 * square + known * (2 * q1**2 / q**3 + 2 / q**2)
    w3 = known * (-6 * q1**3 / q**4 - 12 * q1 / q**3)
    s1, s2, s3 = -1.0 * free / w**2, 2 * free / w**3, -6 * free / w**4
    return _Moves(
        r1=s1 * w1,
        r2=s2 * w1**2 + s1 * w2,
        r3=s3 * w1**3 + 3 * s2 * w1 * w2 + s1 * w3,
        within=(s1, s2 * w1, s3 * w1**2 + s2 * w2),
        square=(
            s1 * q,
            s2 * w1 * q + s1 * q1,
            s3 * w1**2 * q + s2 * (w2 * q + 2 * w1 * q1) - 2 * s1,
        ),
    )


def _chain(
    r: np.ndarray,
    s: np.ndarray,
    stacks: tuple[Stack, ...],
    m: _Moves,
    constant: np.ndarray,
    expected: np.ndarray,
    inside: np.ndarray,
) -> RowDerivatives:
    """Return derivatives of l(r, s(r)) by the chain rule."""
    (f0, f1, f2, f3), (g0, g1, g2, g3), (h0, h1, h2, h3) = stacks
    o = 1 - r
    l_s, l_rs = r * f1 + o * g1 + h1, f1 - g1 + s * (r * f2 - o * g2)
    l_ss = r**2 * f2 + o**2 * g2 + h2
    l_rrs = 2 * s * (f2 + g2) + s**2 * (r * f3 + o * g3)
    l_rss = 2 * (r * f2 - o * g2) + s * (r**2 * f3 - o**2 * g3)
    l_sss = r**3 * f3 + o**3 * g3 + h3
    r1 = s * (f1 - g1) + l_s * m.r1
    r2 = s**2 * (f2 + g2) + 2 * l_rs * m.r1 + l_ss * m.r1**2 + l_s * m.r2
    r3 = (
        s**3 * (f3 - g3)
        + 3 * (l_rrs * m.r1 + l_rss * m.r1**2 + l_rs * m.r2 + l_ss * m.r1 * m.r2)
        + l_sss * m.r1**3
        + l_s * m.r3
    )

    def by(t: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        first = l_rs * t[0] + l_ss * m.r1 * t[0] + l_s * t[1]
        second = (
            (l_rrs + 2 * l_rss * m.r1 + l_sss * m.r1**2 + l_ss * m.r2) * t[0]
            + 2 * (l_rs + l_ss * m.r1) * t[1]
            + l_s * t[2]
        )
        return np.stack([l_s * t[0], inside * first, inside * second])

    return RowDerivatives(
        value=f0 + g0 + h0 + constant,
        r1=inside * r1,
        r2=inside * r2,
        r3=inside * r3,
        within=by(m.within),
        square=by(m.square),
        expected=expected,
    )


SHIFT = 8
SERIES = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)  # Bernoulli numbers


def _gammas(x: np.ndarray) -> Stack:
    """Return ln Gamma and its first three derivatives for x > 0."""
    second, third = np.zeros_like(x), np.zeros_like(x)
    up = x.copy()
    for _ in range(SHIFT):
        inverse = 1 / up
        square = inverse * inverse
        second += square
        third -= 2 * square * inverse
        up += 1
    inverse = 1 / up
    square = inverse * inverse
    tail2, tail3 = np.zeros_like(x), np.zeros_like(x)
    for order, number in reversed(list(enumerate(SERIES))):
        tail2 = tail2 * square + number
        tail3 = tail3 * square - number * (2 * order + 3)
    second += inverse + square / 2 + tail2 * square * inverse
    third += -square - square * inverse + tail3 * square * square
    return special.gammaln(x), special.psi(x), second, third
