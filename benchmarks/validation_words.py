"""The fixed words of the page on published validation."""

import textwrap

WIDTH = 120

ABOUT = """Posteriors that others have published, drawn by our engines; and a published forecasting
example, forecast by our model. Figures are those of the run; only words, and what others have
printed, are typed by hand."""

DATA = """Fader and Hardie (2007, doi 10.1002/dir.20074, table 1) print the percent of customers of
two plans who are left after each of twelve years, from Berry and Linoff (2004). Their
shifted-beta-geometric (sBG) has two parameters: each customer leaves with a probability of their
own, the same every year, and these probabilities have a beta distribution. It is fitted to years 1
to 7 by maximum likelihood and forecasts years 8 to 12; the fit here is our own run. The number of
customers is not part of the table; 1,000 is what others take who use the data, and the estimates of
the sBG do not depend on it. Table and printed estimates were compared with copies in public code
(`benchmarks/data/retention.toml` names them), not with the article."""

OURS = """Our stay model (`benchmarks/data/retention.toml`, engine `laplace`) has the same seven
rows a plan, as census counts of 1,000 customers: origin is the plan, years_since the year, one
cohort, one field. Each plan is fitted alone, as by the sBG. The knots of its duration curve are
doublings, the last just past the years seen: 0 1 2 4 8. Forecasts are posterior medians, intervals
are equal-tailed, errors are in percentage points. The years 8 to 12 have been in print since 2007
and were known to us: no choice here is blind, so the table of other duration curves below is part
of the result."""

WHY = """The curve D of the stay model is straight in log(1 + d) between knots and goes on beyond
the last one; each plan has a slope in log(1 + d) of its own. Let customers leave at constant rates
that differ between them, with a density of order theta^(alpha - 1) near zero. Then S(t) ~ C
t^-alpha (a Tauberian theorem; the sBG is the case of a beta density), and logit S = log S - log(1 -
S) falls by a nearly constant amount for each unit of log t, in the end by alpha: the last piece of
the curve, going on. The curve was linear in years and flat beyond its last knot before this example
was tried; it then lost on one plan, and was changed for all studies. A last piece that begins early
takes its slope from years in which the curve still bends; one that begins late has few years to
learn from. People of whom a part never leaves have a flatter tail than this one."""

SETUPS = """Mean absolute error of years 8 to 12; in brackets how many of the five years lie inside
the 90 % interval, and its mean width. *Together* has both plans as origins of one study, with one
duration curve and a slope for each plan."""

FOLLOWED = """The customers of year 7 are those of year 6 less those who left, so the rows are not
independent, and our model takes them to be. Parts S(s) > S(t) of one set of people correlate by the
square root of their odds ratio: {near:.2f} for years 6 and 7 of High End, {wide:.2f} for years 1
and 7. An error of the level then does not average out over rows, and in a difference of rows errors
cancel: our model thinks the first smaller and the second larger than they are. And what is left
next year shares the chance deviation of this year, so for the same people our intervals are too
wide. What that comes to is simulated: {cohorts} cohorts a line, 1,000 customers each, from the
fitted sBG. *Covers*: how often the 90 % interval holds the true probabilities of years 8 to 12, and
the part of the people who are left. Errors are against the truth. The sBG is the truth there, so it
is at home; with 1,000 customers even it is off by more than a point on average, by chance. So who
wins by some tenths of a point on one table of two plans is no proof of a better model."""


def filled(text: str, later: str = "") -> str:
    """Return a paragraph in lines of the width of our pages, ``later`` before all but the first."""
    words = " ".join(text.split())
    return textwrap.fill(words, WIDTH, break_on_hyphens=False, subsequent_indent=later)
