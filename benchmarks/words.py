"""The fixed words of the results page."""

ABOUT = """\
# Engines side by side

Written by `python -m benchmarks`; `README.md` says how. One model, tables of known truth
(`data/README.md`), each contender in a process of its own."""

COLUMNS = """\
## Columns

- **first fit**: seconds from the start of the process to the draws: imports, compiling and empty
  caches count.
- **second fit**: seconds of the same fit again in the same process, with another seed. What a
  package keeps between fits it may use: nutpie its compiled model, `nuts`, PyMC and Bambi a cache
  of compiled code. NumPyro compiles again.
- **draws**: of the first fit, all chains together. All figures to the right of it are of the
  first fit.
- **ESS scales**, **ESS cells**: the smallest bulk effective sample size over the top-level
  scales, and over the cell probabilities. **/ s**: by the seconds of the second fit; with † by
  those of the first, where the second did not end.
- **RMSE**: of the posterior means of the cell probabilities against the truth. **coverage**: the
  part of true probabilities inside the equal-tailed 90 % interval.
- **R-hat**: the worst of the top-level scales, rank-normalised.
- **memory**: the largest peak of the process or of one of its workers up to the end of the first
  fit."""

CONTEXT = """\
## Not run here

Measured elsewhere, on two cores, with the same tables; not repeated by this benchmark, because it
runs Python alone:

| | 1663 | 6677 |
|---|---|---|
| TMB's Laplace approximation (R package `bage_0.10.8`) | 2.2 to 2.8 s | 15.8 to 18.3 s |

It drew 1,000 values. Its RMSE was 0.0128, and its 90 % interval covered 90.1 % of the truth."""

GROWTH = """\
Our Laplace engine on synthetic tables of the same kind: more rows of one shape, then more latent
values under one number of rows. The exponents are least squares of log time on log size over the
second fits."""
