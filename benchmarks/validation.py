"""Our model against published answers: `python -m benchmarks.validation` writes the page.

Posteriors of four published analyses, counted here and shown figure by figure in
docs/known_answers.md; and retention curves, forecast beside the shifted-beta-geometric.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks import followed, known_answers, quadrature, retention
from benchmarks.examples import EXAMPLES, Example
from benchmarks.followed import Coverage
from benchmarks.known_answers import ENGINES, Estimates
from benchmarks.retention import AHEAD, LAST, SEEN, BetaGeometric, Draws, Score
from benchmarks.validation_words import ABOUT, DATA, FOLLOWED, OURS, SETUPS, WHY, filled
from forecast.study import Study
from forecast.study.schema import LaplaceSpec

OUT = Path(__file__).resolve().parents[1] / "docs" / "validation.md"
POINTS, COHORTS = 2000, 100
EFFORT = LaplaceSpec(points=2000, draws=1000, sweeps=500)  # of the published posteriors
FEW = LaplaceSpec(points=128, draws=250)  # of one simulated cohort
FAR = 4.0  # standard errors that chance does not explain
PRINTED = {"high_end": (0.668, 3.806), "regular": (0.704, 1.182)}  # alpha and beta of the article
KNOTS: tuple[tuple[float, ...], ...] = (
    (0, 1, 2, 4, 8),
    (0, 1, 3, 7),
    (0, 1, 2, 4, 7),
    (0, 1, 2, 4),
    (0, 1, 3),
    (0, 1, 2, 4, 7, 12),
    (0, 1, 2, 5, 10, 16),
)

type Curves = Mapping[str, np.ndarray]
type Fitted = Mapping[str, BetaGeometric]


def main(arguments: Sequence[str]) -> int:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validation", description=__doc__)
    parser.add_argument("--points", type=int, default=POINTS, help="of a forecast (%(default)s)")
    parser.add_argument("--cohorts", type=int, default=COHORTS, help="simulated (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, help="the page (docs/validation.md)")
    given = parser.parse_args(arguments)
    parts = [_about(given.points, given.cohorts, given.seed), *posteriors(given.seed)]
    parts += customers(given.points, given.cohorts, given.seed)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8", newline="\n")
    sys.stdout.write(f"{given.out}\n")
    return 0


def _about(points: int, cohorts: int, seed: int) -> str:
    command = f"python -m benchmarks.validation --points {points} --cohorts {cohorts} --seed {seed}"
    return f"# Published validation\n\nMade by:\n\n```\n{command}\n```\n\n{filled(ABOUT)}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text} ...\n")
    sys.stdout.flush()


def posteriors(seed: int) -> Iterator[str]:
    """Yield the section on published posteriors."""
    rows = []
    for name, example in EXAMPLES.items():
        _say(name)
        found = [known_answers.fit(example, engine, EFFORT, seed) for engine in ENGINES]
        rows.append((example.title, *(met(example, one) for one in found)))
    text = f"""Of each printed mean and standard deviation: how many our draws meet within {FAR:g}
    standard errors of both Monte Carlo runs and half a unit of the last printed digit, and the
    greatest distance in standard errors. Each engine draws {EFFORT.draws:,} values a chain here.
    Sources, every figure, and the same posteriors by quadrature: [known
    answers](known_answers.md)."""
    yield f"## Posteriors of hierarchical models\n\n{filled(text)}"
    yield table(("published analysis", *(f"`{engine}`" for engine in ENGINES)), rows)


def met(example: Example, found: Estimates) -> str:
    """Return how many printed figures an engine meets, and the greatest distance in words."""
    away = [_distance(example, found, i) for i in range(len(example.figures))]
    held = sum(one <= FAR for one in away)
    return f"{held} of {len(away)}; {max(away):.1f}"


def _distance(example: Example, found: Estimates, number: int) -> float:
    """Return the distance to a printed figure in standard errors, beyond its rounding.

    For the tumours what our prior moves, by quadrature, is taken off first.
    """
    figure = example.figures[number]
    value, error = found[figure.quantity].of(figure.statistic)
    if example is EXAMPLES["tumours"]:
        ours, book = (quadrature.tumours(prior_of_the_book=known) for known in (False, True))
        value -= ours.moments[figure.quantity].mean - book.moments[figure.quantity].mean
    room = max(abs(value - figure.value) - figure.rounding, 0.0)
    return room / float(np.hypot(error, figure.standard_error))


def customers(points: int, cohorts: int, seed: int) -> Iterator[str]:
    """Yield the sections on retention."""
    effort = LaplaceSpec(points=points, draws=points)
    study = retention.with_effort(retention.study(), effort)
    rows = retention.published()
    came = retention.surviving(rows)
    fitted = {plan: retention.estimated(parts[:SEEN]) for plan, parts in came.items()}
    _say("forecasts")
    draws = retention.each_alone(study, retention.seen(rows), seed)
    yield f"## Customers of two plans\n\n{filled(DATA)}"
    yield table(("plan", "", "alpha", "beta", "log likelihood"), list(_estimates(study, came)))
    yield filled(OURS)
    yield _forecasts(study, came, fitted, draws)
    yield verdict(study, came, fitted, draws)
    yield f"### Why\n\n{filled(WHY)}\n\n{_slopes(study, came)}"
    yield _setups(study, came, fitted, seed)
    yield _same_people(study, came, fitted, cohorts, seed)


def _estimates(study: Study, came: Curves) -> Iterator[tuple[str, ...]]:
    """Yield our estimates of the sBG and those of the article."""
    for plan, parts in came.items():
        own = retention.estimated(parts[:SEEN])
        fit = retention.log_likelihood(own, parts[:SEEN])
        alpha, beta = PRINTED[plan]
        yield study.label(plan), "ours", f"{own.alpha:.3f}", f"{own.beta:.3f}", f"{fit:.3f}"
        yield study.label(plan), "printed", f"{alpha}", f"{beta}", ""


def _forecasts(study: Study, came: Curves, fitted: Fitted, draws: Draws) -> str:
    """Return the table of forecasts, in percent."""
    head = ("plan", "year", "observed", "sBG", "ours", "90 % interval", "inside")
    lines = []
    for plan, parts in came.items():
        sbg, ends = fitted[plan].surviving(LAST), retention.bounds(draws[plan])
        for year in range(SEEN, LAST):
            low, median, high = (100 * ends[:, year]).tolist()
            value = 100 * float(parts[year])
            inside = "yes" if low <= value <= high else "no"
            shown = [f"{x:.1f}" for x in (value, 100 * float(sbg[year]), median)]
            span = f"{low:.1f} to {high:.1f}"
            lines.append((study.label(plan), str(year + 1), *shown, span, inside))
    return table(head, lines)


def verdict(study: Study, came: Curves, fitted: Fitted, draws: Draws) -> str:
    """Return who is nearer to the forecast years of each plan, and how many an interval holds."""
    lines = []
    for plan, parts in came.items():
        ours = retention.score(draws[plan], parts)
        sbg = sbg_error(fitted[plan], parts)
        word = "ours wins" if ours.error < sbg else "the sBG wins"
        text = f"""- {study.label(plan)}: {word}. Mean absolute error of years 8 to 12: ours
        {ours.error:.2f} points, the sBG {sbg:.2f} points; started from the observed year 7, the sBG
        {anchored_error(fitted[plan], parts):.2f}. Inside our 90 % interval: {ours.inside} of
        {LAST - SEEN} years; mean width {ours.width:.1f} points."""
        lines.append(filled(text, later="  "))
    return "\n".join(lines)


def sbg_error(model: BetaGeometric, parts: np.ndarray) -> float:
    """Return the mean absolute error of an sBG over the forecast years, in points."""
    return retention.points_off(model.surviving(LAST)[AHEAD], parts[AHEAD])


def anchored_error(model: BetaGeometric, parts: np.ndarray) -> float:
    """Return the same for S(t) / S(7), times what was left after year 7."""
    curve = model.surviving(LAST)
    scaled = curve / curve[SEEN - 1] * parts[SEEN - 1]
    return retention.points_off(scaled[AHEAD], parts[AHEAD])


def _slopes(study: Study, came: Curves) -> str:
    """Return the fall of the observed logits by the log of the years."""
    spans = ((1, 2), (2, 4), (4, 7), (7, 9), (9, 12))
    head = ("fall of the logit over log(1 + d)", *(f"years {a} to {b}" for a, b in spans))
    lines = [
        (study.label(plan), *(f"{fall(parts, a, b):.2f}" for a, b in spans))
        for plan, parts in came.items()
    ]
    return table(head, lines)


def fall(parts: np.ndarray, start: int, end: int) -> float:
    """Return (logit S(start) - logit S(end)) / (log(1 + end) - log(1 + start))."""
    logits = np.log(parts / (1 - parts))
    return float((logits[start - 1] - logits[end - 1]) / np.log((1 + end) / (1 + start)))


def _setups(study: Study, came: Curves, fitted: Fitted, seed: int) -> str:
    """Return the errors of other duration curves, plans alone and together."""
    seen = retention.seen(retention.published())
    lines = []
    for knots in KNOTS:
        _say(f"knots {knots}")
        other = retention.with_knots(study, knots)
        both = (retention.each_alone(other, seen, seed), retention.curves(other, seen, seed))
        cells = [_cell(retention.score(one[plan], came[plan])) for one in both for plan in came]
        chosen = " (above)" if knots == study.stay.duration_knots else ""
        lines.append((" ".join(f"{k:g}" for k in knots) + chosen, *cells))
    plans = [study.label(plan) for plan in came]
    lines.append(("sBG", *(f"{sbg_error(fitted[p], came[p]):.2f}" for p in came), "", ""))
    head = ("knots", *(f"{p}, {how}" for how in ("alone", "together") for p in plans))
    return f"### Other duration curves\n\n{filled(SETUPS)}\n\n{table(head, lines)}"


def _cell(one: Score) -> str:
    return f"{one.error:.2f} ({one.inside}; {one.width:.1f})"


def _same_people(study: Study, came: Curves, fitted: Fitted, cohorts: int, seed: int) -> str:
    """Return the section on rows that follow one set of people."""
    few = retention.with_effort(study, FEW)
    head = (
        *("plan", "rows see", "covers the truth", "covers the people"),
        *("width", "error, ours", "error, sBG"),
    )
    lines = []
    for plan in came:
        for same in (True, False):
            _say(f"simulated cohorts, {plan}")
            found = followed.coverage(few, plan, fitted[plan], cohorts, same, seed)
            people = "the same people" if same else "new people"
            lines.append((study.label(plan), people, *_covered(found)))
    near, wide = (correlation(came["high_end"], a, b) for a, b in ((6, 7), (1, 7)))
    text = FOLLOWED.format(near=near, wide=wide, cohorts=cohorts)
    return f"### Rows of the same people\n\n{filled(text)}\n\n{table(head, lines)}"


def correlation(parts: np.ndarray, start: int, end: int) -> float:
    """Return the correlation of two parts of one set of followed people, the root of odds ratio."""
    odds = parts / (1 - parts)
    return float(np.sqrt(odds[end - 1] / odds[start - 1]))


def _covered(found: Coverage) -> tuple[str, ...]:
    covers = (f"{found.truth:.0%}", f"{found.people:.0%}")
    return (*covers, f"{found.width:.1f}", f"{found.ours:.2f}", f"{found.sbg:.2f}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
