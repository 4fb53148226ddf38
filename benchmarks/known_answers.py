"""Our engines on published analyses: `python -m benchmarks.known_answers` writes the page."""

import argparse
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import arviz_stats
import numpy as np
import xarray as xr

from benchmarks import quadrature
from benchmarks.examples import EXAMPLES, SMALL, TAIL, Example, Figure, moments_of
from benchmarks.quadrature import Moments
from forecast.inference.engines import engine_named
from forecast.study.schema import LaplaceSpec, SamplerSpec

ENGINES = ("laplace", "laplace-exact")
POINTS, DRAWS, SWEEPS = 4000, 2000, 2000
NORMAL = 1.96  # standard errors on each side of a 95 % interval
OUT = Path(__file__).resolve().parents[1] / "docs" / "known_answers.md"
WIDTH = 120
FAR = 4.0  # standard errors that chance does not explain
HEAD = ("quantity", "moment", "published", "quadrature", *ENGINES)


@dataclass(frozen=True)
class Estimate:
    """Moments of draws, with their Monte Carlo standard errors."""

    moments: Moments
    errors: Moments

    def of(self, statistic: str) -> tuple[float, float]:
        """Return the mean or the standard deviation, and its error."""
        return getattr(self.moments, statistic), getattr(self.errors, statistic)


type Estimates = Mapping[str, Estimate]


def fit(example: Example, engine: str, effort: LaplaceSpec, seed: int) -> Estimates:
    """Return what the draws of an engine say about the quantities of an example."""
    spec = SamplerSpec(chains=4, laplace=effort)
    posterior, _ = engine_named(engine)(example.model(), spec, seed)
    draws = xr.Dataset(example.read(posterior))
    return {str(name): _estimate(draws[name]) for name in draws.data_vars}


def _estimate(draws: xr.DataArray) -> Estimate:
    """Return moments and their Monte Carlo errors, which are zero where all draws are one."""
    moments = moments_of(draws)
    if moments.sd == 0:
        return Estimate(moments, Moments(0.0, 0.0))
    one = draws.to_dataset(name="one")
    mean, sd = (float(arviz_stats.mcse(one, method=kind)["one"]) for kind in ("mean", "sd"))
    return Estimate(moments, Moments(mean, sd))


@dataclass(frozen=True)
class Result:
    """An example with its exact moments and the estimates of each engine."""

    example: Example
    exact: Mapping[str, Moments]
    estimates: Mapping[str, Estimates]


def main(arguments: Sequence[str]) -> int:
    """Run the engines on all examples and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.known_answers", description=__doc__)
    parser.add_argument("--points", type=int, default=POINTS, help="of laplace (%(default)s)")
    parser.add_argument("--draws", type=int, default=DRAWS, help="a chain (%(default)s)")
    parser.add_argument("--sweeps", type=int, default=SWEEPS, help="a chain (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, help="the page (docs/known_answers.md)")
    given = parser.parse_args(arguments)
    effort = LaplaceSpec(points=given.points, draws=given.draws, sweeps=given.sweeps)
    results = []
    for name, example in EXAMPLES.items():
        sys.stdout.write(f"{name} ...\n")
        sys.stdout.flush()
        found = {engine: fit(example, engine, effort, given.seed) for engine in ENGINES}
        results.append(Result(example, example.exact(), found))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(page(results, effort, given.seed), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{given.out}\n")
    return 0


def page(results: Sequence[Result], effort: LaplaceSpec, seed: int) -> str:
    """Return the page in Markdown."""
    parts = [_about(effort, seed)]
    for result in results:
        rows = [_row(figure, result) for figure in result.example.figures]
        parts += [f"## {result.example.title}", _filled(f"Published: {result.example.source}.")]
        parts.append(_table(rows))
    return "\n\n".join([*parts, _book(), _agreement(results), _tail(results)]) + "\n"


def _about(effort: LaplaceSpec, seed: int) -> str:
    command = (
        f"python -m benchmarks.known_answers --points {effort.points} --draws {effort.draws} "
        f"--sweeps {effort.sweeps} --seed {seed}"
    )
    text = f"""Each engine draws from the posterior of a published analysis, put together by hand
    from the terms of the stay model (`benchmarks/published.py`): `laplace` with {effort.points:,}
    values of the scales and 4 chains of {effort.draws:,} draws, `laplace-exact` with 4 chains of
    {effort.sweeps:,} sweeps. *Quadrature* is the same posterior integrated without sampling and
    without our engines (`benchmarks/quadrature.py`). After ±: half of the 95 % interval of Monte
    Carlo error ({NORMAL} standard errors), for a published figure where its source states that
    error; (r): half a unit of the last printed digit."""
    return f"# Known answers\n\nMade by:\n\n```\n{command}\n```\n\n{_filled(text)}"


def _filled(text: str, later: str = "") -> str:
    """Return a paragraph in lines of the width of our pages, ``later`` before all but the first."""
    words = " ".join(text.split())
    return textwrap.fill(words, WIDTH, break_on_hyphens=False, subsequent_indent=later)


def _row(figure: Figure, result: Result) -> tuple[str, ...]:
    exact = getattr(result.exact[figure.quantity], figure.statistic)
    error = NORMAL * figure.standard_error
    printed = f"{figure.text} ± {error:.2g}" if error else f"{figure.text} (r {figure.rounding:g})"
    ours = [result.estimates[engine][figure.quantity].of(figure.statistic) for engine in ENGINES]
    return (
        figure.quantity,
        figure.statistic,
        printed,
        _digits(exact, exact),
        *(f"{_digits(value, exact)} ± {NORMAL * error:.2g}" for value, error in ours),
    )


def _digits(value: float, scale: float) -> str:
    """Return a number with four digits of a scale."""
    return f"{value:.{max(3 - int(np.floor(np.log10(abs(scale)))), 0)}f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _book() -> str:
    """Say the tumours' posterior under the prior of the book, which is not one of ours."""
    book, ours = (quadrature.tumours(prior_of_the_book=known) for known in (True, False))
    alpha, beta = (book.moments[name].mean for name in ("alpha", "beta"))
    own_alpha, own_beta = (ours.moments[name].mean for name in ("alpha", "beta"))
    text = f"""The book's prior (alpha + beta)^(-5/2) is not one of our kinds; `published.tumours`
    derives what stands for it. By quadrature under the book's prior E(alpha) = {alpha:.3f} and
    E(beta) = {beta:.2f}, and the mode is ({book.mode[0]:.3f}, {book.mode[1]:.3f}) in
    (log(alpha / beta), log(alpha + beta)); the book prints 2.4, 14.3 and (-1.79, 2.74). Under ours
    the means are {own_alpha:.3f} and {own_beta:.2f}."""
    return f"## The prior of the tumours\n\n{_filled(text)}"


def _agreement(results: Sequence[Result]) -> str:
    """Say how many 95 % intervals hold the quadrature's value, and which are far from it."""
    lines = []
    for engine in ENGINES:
        away = dict(_away(results, engine))
        held = sum(abs(z) <= NORMAL for z in away.values())
        far = [f"{where} ({z:+.1f})" for where, z in away.items() if abs(z) > FAR]
        text = f"""- `{engine}`: {held} of {len(away)} intervals (all quantities of
        `benchmarks/quadrature.py`, means and standard deviations) hold the value by quadrature;
        more than {FAR:g} standard errors off: {", ".join(far) or "none"}."""
        lines.append(_filled(text, later="  "))
    return "## Agreement with quadrature\n\n" + "\n".join(lines)


def _away(results: Sequence[Result], engine: str) -> Iterator[tuple[str, float]]:
    """Yield each mean and standard deviation with its distance in standard errors."""
    for result in results:
        for name, exact in result.exact.items():
            for statistic in ("mean", "sd"):
                value, error = result.estimates[engine][name].of(statistic)
                where = f"{result.example.title}, {statistic} of {name}"
                yield where, (value - getattr(exact, statistic)) / error


def _tail(results: Sequence[Result]) -> str:
    """Say how many draws lie where the vague prior of the seeds has its second mode."""
    below = [
        f"{result.estimates[engine][TAIL].moments.mean:.1%} of the draws of `{engine}`"
        for result in results
        for engine in ENGINES
        if TAIL in result.estimates[engine]
    ]
    text = f"""Gamma(.001, .001) on a precision is nearly flat in log sigma down to about .03, and
    the plates do not rule out a sigma of zero: by quadrature {quadrature.seeds_below(SMALL):.1%} of
    the posterior has sigma below {SMALL}; {" and ".join(below)} lie there. In the coordinates of
    the scales this is a heavy tail, which proposals seldom reach: there an importance sample has
    few points, and a chain that gets there stays long."""
    return f"## The small sigma of the seeds\n\n{_filled(text)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
