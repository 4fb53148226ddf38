"""The Laplace engine on the main study: a fit, and a refit with new data; makes main_study.md.

python -m benchmarks.main_study
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import forecast as fc
from benchmarks.machine import machine
from forecast.inference import fit, stay_rates
from forecast.inference.laplace import draw_nested
from forecast.inference.scale_posterior import moved_posterior, scale_posterior
from forecast.stay import StayModel, stay_model
from forecast.study.schema import LaplaceSpec

STUDY = "china_ai_2030"
REFIT = LaplaceSpec(points=64, draws=250)
PAGE = Path(__file__).resolve().parent / "main_study.md"


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """Return what some work gave, and the seconds it took."""
    begin = time.perf_counter()
    found = work()
    return found, time.perf_counter() - begin


def with_new_data(model: StayModel, seed: int) -> StayModel:
    """Return the model with other rates: each logit moved by a twentieth, at random."""
    rng = np.random.default_rng(seed)
    counts, rates = model.errors.counts, model.errors.rates
    share = np.clip(counts.stayed / counts.n, 0.001, 0.999)
    moved = 1 / (1 + (1 / share - 1) * np.exp(0.05 * rng.standard_normal(len(share))))
    new = 1 / (1 + (1 / rates.rate - 1) * np.exp(0.05 * rng.standard_normal(len(rates.rate))))
    errors = replace(
        model.errors,
        counts=replace(counts, stayed=np.round(moved * counts.n)),
        rates=replace(rates, rate=new),
    )
    return replace(model, errors=errors)


def main() -> None:
    """Time the engine on one core and write the page."""
    study = fc.load_study(STUDY)
    fitted, cold = timed(lambda: fit(study, "laplace", 1))
    fitted, warm = timed(lambda: fit(study, "laplace", 2))
    assert isinstance(fitted, fc.Fit)
    _, predicted = timed(lambda: stay_rates(fitted))
    model = stay_model(study, fitted.evidence)
    with threadpool_limits(1):
        found = scale_posterior(model)
        other = with_new_data(model, 1)
        sampler = study.sampler.model_copy(update={"laplace": REFIT})
        _, again = timed(lambda: draw_nested(moved_posterior(found, other), other, sampler, 1))
    spec = study.sampler.laplace
    draws = study.sampler.chains * spec.draws
    points = fitted.tree["sample_stats"].sizes["point"]
    lines = [
        "# The Laplace engine on the main study",
        "Made by `python -m benchmarks.main_study`, in one process on one core.",
        f"| | seconds |\n|---|---|\n"
        f"| first fit: {points} values of the scales, {draws:,} draws | {cold:.1f} |\n"
        f"| second fit | {warm:.1f} |\n"
        f"| stay rates of all origins, fields and cohorts | {predicted:.1f} |\n"
        f"| refit with new data of the same shape: {REFIT.points} values, "
        f"{4 * REFIT.draws:,} draws | {again:.1f} |",
        f"{len(fitted.evidence.rows)} rows, {model.design.shape[1]:,} latent values, "
        f"{found.marginal.unit.size} top-level parameters.",
        "Machine: " + ", ".join(f"{key} {value}" for key, value in machine().items()) + ".",
    ]
    PAGE.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
