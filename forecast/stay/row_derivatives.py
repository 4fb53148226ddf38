"""Derivatives of the rows' log densities, to third order in the rate, for nested Laplace.

Count and rate rows are one family: with a = r s and b = (1 - r) s,

    l = f(a) + g(b) + h(s) + constant,   s = 1 / w - 1,   w = within + q square + known / q,

q = r (1 - r), where ``within`` is the overdispersion of a count row, or the inverse of the
effective size of a survey row; ``square`` the squared scale of a source; ``known`` a variance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special
from scipy.special import gammaln, psi

from forecast.stay.errors_of_rows import EDGE, ErrorModel
from forecast.stay.gamma import gamma2, gamma3

type Values = Mapping[str, Any]
type Stack = tuple[np.ndarray, np.ndarray, np.ndarray]
type Univariate = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RowDerivatives:
    """Log densities of the rows and their derivatives at given rates and error scales.

    ``value``, ``r1``, ``r2``: the density and its derivatives by the rate; ``expected``: one over
    the variance of the observed rate. Third derivatives are made when they are asked for.
    """

    value: np.ndarray
    r1: np.ndarray
    r2: np.ndarray
    expected: np.ndarray
    family: "RowFamily"
    rate: np.ndarray
    size: np.ndarray
    stacks: tuple[Stack, Stack, Stack]
    moves: "Moves"
    inside: np.ndarray

    @cached_property
    def r3(self) -> np.ndarray:
        """Return the third derivative by the rate."""
        (_, f3, g3), m, s = self._thirds, self.moves, self.size
        r3 = (
            s**3 * (f3 - g3)
            + 3 * (self._rrs * m.r1 + self._rss * m.r1**2)
            + 3 * (self._rs * m.r2 + self._ss * m.r1 * m.r2)
            + self._thirds[0] * m.r1**3
            + self._s * m.r3
        )
        return np.asarray(self.inside * r3)

    @cached_property
    def within(self) -> np.ndarray:
        """Return the derivatives of value, r1 and r2 by ``within``, (3, row)."""
        return self._by(self.moves.within)

    @cached_property
    def square(self) -> np.ndarray:
        """Return the derivatives of value, r1 and r2 by ``square``, (3, row)."""
        return self._by(self.moves.square)

    def _by(self, t: Stack) -> np.ndarray:
        m, sss = self.moves, self._thirds[0]
        first = (self._rs + self._ss * m.r1) * t[0] + self._s * t[1]
        second = (
            (self._rrs + 2 * self._rss * m.r1 + sss * m.r1**2 + self._ss * m.r2) * t[0]
            + 2 * (self._rs + self._ss * m.r1) * t[1]
            + self._s * t[2]
        )
        return np.stack([self._s * t[0], self.inside * first, self.inside * second])

    @cached_property
    def _s(self) -> np.ndarray:
        (_, f1, _), (_, g1, _), (_, h1, _) = self.stacks
        return self.rate * f1 + (1 - self.rate) * g1 + h1

    @cached_property
    def _rs(self) -> np.ndarray:
        (_, f1, f2), (_, g1, g2), _ = self.stacks
        return f1 - g1 + self.size * (self.rate * f2 - (1 - self.rate) * g2)

    @cached_property
    def _ss(self) -> np.ndarray:
        (_, _, f2), (_, _, g2), (_, _, h2) = self.stacks
        return self.rate**2 * f2 + (1 - self.rate) ** 2 * g2 + h2

    @cached_property
    def _thirds(self) -> Stack:
        """Return l_sss and the third derivatives of f and g."""
        r, s = self.rate, self.size
        f3, g3, h3 = self.family.univariate(r * s, (1 - r) * s, s, gamma3)
        return r**3 * f3 + (1 - r) ** 3 * g3 + h3, f3, g3

    @cached_property
    def _rrs(self) -> np.ndarray:
        (_, _, f2), (_, _, g2), _ = self.stacks
        (_, f3, g3), s = self._thirds, self.size
        return 2 * s * (f2 + g2) + s**2 * (self.rate * f3 + (1 - self.rate) * g3)

    @cached_property
    def _rss(self) -> np.ndarray:
        (_, _, f2), (_, _, g2), _ = self.stacks
        (_, f3, g3), r = self._thirds, self.rate
        return 2 * (r * f2 - (1 - r) * g2) + self.size * (r**2 * f3 - (1 - r) ** 2 * g3)


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
        a, b = r * s, (1 - r) * s
        orders = [self.univariate(a, b, s, function) for function in (gammaln, psi, gamma2)]
        stay, leave = np.log(self.errors.rates.rate), np.log1p(-self.errors.rates.rate)
        row = self.errors.rates.row
        (f0, g0, h0), (f1, g1, h1), (f2, g2, h2) = orders
        f0[row] += a[row] * stay
        f1[row] += stay
        g0[row] += b[row] * leave
        g1[row] += leave
        m = _moves(w, q, q1, square, known, free)
        l_s, l_rs = r * f1 + (1 - r) * g1 + h1, f1 - g1 + s * (r * f2 - (1 - r) * g2)
        l_ss = r**2 * f2 + (1 - r) ** 2 * g2 + h2
        inside = (rate > EDGE) & (rate < 1 - EDGE)
        curve = s**2 * (f2 + g2) + 2 * l_rs * m.r1 + l_ss * m.r1**2 + l_s * m.r2
        return RowDerivatives(
            value=f0 + g0 + h0 + self.constant,
            r1=inside * (s * (f1 - g1) + l_s * m.r1),
            r2=inside * curve,
            expected=self._expected(q, w),
            family=self,
            rate=r,
            size=s,
            stacks=((f0, f1, f2), (g0, g1, g2), (h0, h1, h2)),
            moves=m,
            inside=inside,
        )

    def _expected(self, q: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return one over the variance of the observed rates."""
        counts = self.errors.counts
        variance = q * w
        part = 1 / counts.n + (1 - 1 / counts.n) * w[counts.row]
        variance[counts.row] = q[counts.row] * part
        return 1 / variance

    def univariate(
        self, a: np.ndarray, b: np.ndarray, s: np.ndarray, function: Univariate
    ) -> Stack:
        """Return the Gamma parts of f(a), g(b) and h(s), or of a derivative of them.

        f = [function(stayed + a)] - function(a), g likewise with those who left, and
        h = function(s) - [function(n + s)]; the brackets only for count rows.
        """
        counts = self.errors.counts
        k, n, row = counts.stayed, counts.n, counts.row
        inner = function(np.concatenate([a, b, s, k + a[row], n - k + b[row], n + s[row]]))
        size, more = self.size, len(row)
        ends = np.cumsum([size, size, size, more, more])
        at_a, at_b, at_s, up_a, up_b, up_s = np.split(inner, ends)
        f, g, h = -at_a, -at_b, at_s.copy()
        f[row] += up_a
        g[row] += up_b
        h[row] -= up_s
        return f, g, h


@dataclass(frozen=True)
class Moves:
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
) -> Moves:
    w1 = square * q1 - known * q1 / q**2
    w2 = -2 * square + known * (2 * q1**2 / q**3 + 2 / q**2)
    w3 = known * (-6 * q1**3 / q**4 - 12 * q1 / q**3)
    s1, s2, s3 = -1.0 * free / w**2, 2 * free / w**3, -6 * free / w**4
    return Moves(
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
