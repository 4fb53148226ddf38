"""NumPyro's NUTS on the naive model, chains side by side, in double precision."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS

from benchmarks import priors
from benchmarks.contender import Contender, Draws, Effort
from benchmarks.peers.naive import PIECES, SCALES, read_samples
from benchmarks.tables import Codes, Table


def contender(table: Table) -> Contender:
    """Return the contender of a table."""
    return NumPyro(table)


@dataclass(frozen=True)
class NumPyro:
    """The table; nothing else is kept, as NumPyro compiles chains side by side for each run."""

    table: Table

    def fit(self, seed: int, effort: Effort) -> dict[str, np.ndarray]:
        """Return the samples by name."""
        numpyro.enable_x64()
        numpyro.set_host_device_count(effort.chains)
        sampler = MCMC(
            NUTS(partial(naive, self.table)),
            num_warmup=effort.tune,
            num_samples=effort.draws,
            num_chains=effort.chains,
            progress_bar=False,
        )
        sampler.run(jax.random.key(seed))
        samples = sampler.get_samples(group_by_chain=True)
        return {name: np.asarray(samples[name]) for name in (*SCALES, *PIECES)}

    def read(self, posterior: Any, rows: Codes) -> Draws:
        """Return the draws of the scales and of some rows."""
        return read_samples(posterior, self.table, rows)


def naive(table: Table) -> None:
    """Say the model of a table to NumPyro."""
    origins, fields, cohorts = table.shape
    intercept = numpyro.sample("intercept", dist.Normal(0.0, priors.INTERCEPT))
    origin = _effect("origin_effect", "sigma_origin", (origins,))
    of_field = _effect("field_effect", "sigma_field", (fields,))
    both = _effect("origin_field", "sigma_origin_field", (origins, fields))
    walk = _walk("walk", "sigma_walk", (cohorts - 1,))
    by_origin = _walk("walk_origin", "sigma_walk_origin", (origins, cohorts - 1))
    by_field = _walk("walk_field", "sigma_walk_field", (fields, cohorts - 1))
    knots = (len(table.ages) - 1,)
    step = numpyro.sample(
        "duration_step", dist.HalfNormal(priors.DURATION_STEP).expand(knots).to_event(1)
    )
    fall = jnp.concatenate([jnp.zeros(1), jnp.cumsum(step)])
    eta = intercept + origin[table.origin] + of_field[table.field]
    eta = eta + both[table.origin, table.field] + walk[table.cohort]
    eta = eta + by_origin[table.origin, table.cohort] + by_field[table.field, table.cohort]
    p = jax.nn.sigmoid(eta - fall[table.age])
    correlation = numpyro.sample("overdispersion", dist.HalfNormal(priors.CORRELATION))
    size = 1 / jnp.minimum(correlation, priors.LARGEST_CORRELATION) - 1
    shapes = (p * size, (1 - p) * size)
    numpyro.sample("y", dist.BetaBinomial(*shapes, total_count=table.n), obs=table.y)


def _effect(name: str, scale: str, shape: tuple[int, ...]) -> Any:
    sigma = numpyro.sample(scale, dist.HalfNormal(priors.EFFECT))
    return numpyro.deterministic(name, sigma * _standard(f"{name}_z", shape))


def _walk(name: str, scale: str, shape: tuple[int, ...]) -> Any:
    """Return a random walk along cohorts, zero at the first."""
    sigma = numpyro.sample(scale, dist.HalfNormal(priors.WALK))
    path = jnp.cumsum(sigma * _standard(f"{name}_z", shape), axis=-1)
    start = jnp.zeros_like(path[..., :1])
    return numpyro.deterministic(name, jnp.concatenate([start, path], axis=-1))


def _standard(name: str, shape: tuple[int, ...]) -> Any:
    return numpyro.sample(name, dist.Normal().expand(shape).to_event(len(shape)))
