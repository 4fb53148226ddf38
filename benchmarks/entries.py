"""The list of contenders: where each lives and how it differs; imports none of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A contender: its name, its module and maker, whose it is, what to know about it."""

    name: str
    module: str
    maker: str
    peer: bool
    about: str


OURS = "benchmarks.ours"
PEERS = "benchmarks.peers"
SAME = "The same model and priors"

ENTRIES = (
    Entry("nuts", OURS, "nuts", False, f"{SAME}; `forecast.inference.nuts`, whitened, by nutpie."),
    Entry("laplace", OURS, "laplace", False, f"{SAME}; `forecast.inference.laplace`."),
    Entry(
        "laplace-exact",
        OURS,
        "laplace_exact",
        False,
        f"{SAME}; `forecast.inference.laplace_exact`.",
    ),
    Entry(
        "pymc-default",
        f"{PEERS}.pymc_default",
        "contender",
        True,
        f"{SAME}, non-centred; PyMC's own NUTS, with its default of half the cores.",
    ),
    Entry(
        "nutpie-naive",
        f"{PEERS}.nutpie_naive",
        "contender",
        True,
        f"{SAME}, non-centred; the second fit keeps the compiled model.",
    ),
    Entry(
        "numpyro-naive",
        f"{PEERS}.numpyro_naive",
        "contender",
        True,
        f"{SAME}, non-centred, in double precision, chains in parallel.",
    ),
    Entry(
        "bambi",
        f"{PEERS}.bambi_model",
        "contender",
        True,
        "Beta-binomial; Bambi has no random walk: smooth curves along cohorts (HSGP, Matern 3/2) "
        "stand for the walks, with Bambi's own priors.",
    ),
    Entry(
        "statsmodels-vb",
        f"{PEERS}.statsmodels_glmm",
        "contender",
        True,
        "Mean-field variational Bayes: no overdispersion, log-normal priors of scales, each "
        "person a row of zero or one, so a table of millions is refused; draws are from the "
        "fitted normal, so their ESS says nothing about its error.",
    ),
)

NAMES = tuple(entry.name for entry in ENTRIES)


def entry(name: str) -> Entry:
    """Return the entry of a name, or raise ValueError."""
    for one in ENTRIES:
        if one.name == name:
            return one
    raise ValueError(f"a contender is one of {', '.join(NAMES)}; got {name!r}. Mend --only.")
