"""The priors of the benchmark's model: the same numbers for every contender that can take them.

Standard deviations on the logit scale; all but the intercept are half-normal. ``CORRELATION`` is
that of the overdispersion: 1 / (1 + the sum of the beta shapes) within a row; it is cut below one,
where first guesses of a sampler may lie.
"""

INTERCEPT = 1.5
EFFECT = 1.0
WALK = 0.3
DURATION_STEP = 1.0
CORRELATION = 0.05
LARGEST_CORRELATION = 1 - 1e-6
