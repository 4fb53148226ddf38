"""Diagnostic figures by ArviZ: ranks, energy, predictive and leave-one-out PIT."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import arviz as az
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from forecast.report.inputs import ReportInputs
from forecast.report.records import ParameterFact, ReportFacts
from forecast.report.sampling_facts import has_statistic
from forecast.report.sentences_of_methods import (
    coverage_sentence,
    energy_title,
    loo_sentence,
    mixing_title,
)
from forecast.report.svg import COLOURS, MUTED, Drawing, inline_svg, look

SHOWN = 9  # parameters in the rank plot
MOST_DRAWS = 500  # draws a chain in the rank plot: more are not seen, and weigh a lot

LIKE_ARVIZ = {
    "axes.grid": False,
    "axes.titlelocation": "center",
    "axes.prop_cycle": mpl.rcsetup.cycler("color", COLOURS),
    "figure.constrained_layout.use": True,
}


def rank_figure(inputs: ReportInputs, facts: ReportFacts) -> Drawing | None:
    """Draw ranks of the top-level parameters that mix worst, one line a chain, if there are any."""
    if facts.sampling.points is not None:
        return None
    worst = sorted(facts.sampling.parameters, key=lambda one: -one.r_hat)[:SHOWN]
    flat = _flat_parameters(inputs.tree, inputs.top_level, worst)
    step = _thinning(flat, worst)
    tree = xr.DataTree.from_dict({"posterior": flat.isel(draw=slice(None, None, step))})
    rows = -(-len(worst) // 3)

    def plot() -> object:
        size = {"figsize": (7.4, 1.9 * rows + 0.4)}
        return az.plot_rank(
            tree,
            method="mtc_c",  # the envelope of ArviZ 1.3 is far too wide for two or three chains
            backend="matplotlib",
            figure_kwargs=size,
            col_wrap=3,
        )

    told = "; ".join(f"{one.name} {one.r_hat:.3f}" for one in worst)
    caption = (
        f"The {len(worst)} top-level parameters with the highest R-hat. Each line is a chain: the "
        "difference of its rank distribution from a uniform one, after thinning to nearly "
        "independent draws. p tests whether the chains have one distribution (MTC-C); points that "
        "speak against it are marked."
    )
    alt = f"Rank plots by chain. R-hat: {told}."
    return drawn("ranks", plot, mixing_title(facts.sampling), caption, alt)


def energy_figure(inputs: ReportInputs, facts: ReportFacts) -> Drawing | None:
    """Draw the marginal energy and its change between draws, where the engine has an energy."""
    least = facts.sampling.least_bfmi
    if least is None:
        return None

    def plot() -> object:
        return az.plot_energy(
            inputs.tree, backend="matplotlib", figure_kwargs={"figsize": (7.4, 2.8)}
        )

    caption = (
        "The distribution of the energy and that of its change from draw to draw. Where the second "
        "is much narrower, the sampler explores the tails slowly; E-BFMI says by how much."
    )
    alt = f"Two densities of energy and of its change. Least E-BFMI over chains {least:.2f}."
    return drawn("energy", plot, energy_title(least), caption, alt)


def predictive_figure(inputs: ReportInputs, facts: ReportFacts) -> Drawing | None:
    """Draw the PIT of the published rates under the posterior predictive."""
    if not facts.sampling.coverage:
        return None

    def plot() -> object:
        return az.plot_ppc_pit(
            inputs.tree,
            var_names="rate",
            visuals={"title": False},
            backend="matplotlib",
            figure_kwargs={"figsize": (7.4, 2.8)},
        )

    text = coverage_sentence(facts.sampling)
    title, _, rest = text.partition(": ")
    caption = (
        f"{rest[:1].upper()}{rest[1:]} Each published rate is placed in its own predictive "
        "distribution; the line is the difference of these places (PIT) from uniform ones. Rising "
        "steeply in the middle says that the intervals are too wide. p tests uniformity (POT-C); "
        "points that speak against it are marked."
    )
    return drawn(
        "predictive", plot, title, caption, f"Difference of PIT values from uniform. {text}"
    )


def loo_figure(inputs: ReportInputs, facts: ReportFacts) -> Drawing | None:
    """Draw the leave-one-out PIT, where the run kept a log likelihood."""
    if facts.sampling.loo is None or not facts.sampling.coverage:
        return None

    def plot() -> object:
        return az.plot_loo_pit(
            inputs.tree,
            var_names="rate",
            visuals={"title": False},
            backend="matplotlib",
            figure_kwargs={"figsize": (7.4, 2.8)},
        )

    text = loo_sentence(facts.sampling.loo)
    title, _, rest = text.partition(": ")
    caption = (
        f"{rest[:1].upper()}{rest[1:]} As the figure above, with each rate judged by the model "
        "without it (importance sampling, Vehtari, Gelman and Gabry 2017). Rows overlap in people "
        "and time, so one left out is still partly known from the others."
    )
    return drawn(
        "loo-pit", plot, title, caption, f"Difference of LOO-PIT values from uniform. {text}"
    )


def not_drawn(tree: xr.DataTree) -> tuple[str, ...]:
    """Return the diagnostics that this run cannot show, each with its reason."""
    wanted = {
        "Ranks: the draws are an importance sample, not Markov chains.": not has_statistic(
            tree, "scale_log_weight"
        ),
        "Energy: the engine has none.": has_statistic(tree, "energy"),
        "Predictive check: the run kept no predictive draws.": "posterior_predictive"
        in tree.children,
        "Leave-one-out: the run kept no pointwise log likelihood.": "log_likelihood"
        in tree.children,
    }
    return tuple(text for text, there in wanted.items() if not there)


def _thinning(flat: xr.Dataset, shown: list[ParameterFact]) -> int:
    """Return how many draws to step so that those left are about independent, and not too many."""
    chains, draws = flat.sizes["chain"], flat.sizes["draw"]
    least = min(one.ess_bulk for one in shown)
    independent = int(np.ceil(chains * draws / max(least, 1.0)))
    few_enough = -(-draws // MOST_DRAWS)
    return min(max(independent, few_enough), max(draws // 10, 1))


def _flat_parameters(
    tree: xr.DataTree, top_level: tuple[str, ...], shown: list[ParameterFact]
) -> xr.Dataset:
    """Return one variable (chain, draw) for each parameter shown, named as in the summary."""
    names = {one.name for one in shown}
    columns: dict[str, xr.DataArray] = {}
    for name in top_level:
        values = tree.children["posterior"].dataset[name]
        others = [dim for dim in values.dims if dim not in ("chain", "draw")]
        for place in np.ndindex(*[values.sizes[dim] for dim in others]):
            one = values.isel(dict(zip(others, place, strict=True)))
            label = ", ".join(str(one[dim].values) for dim in others if dim in one.coords)
            full = f"{name}[{label}]" if others else name
            if full in names:
                columns[full] = one.reset_coords(drop=True)
    order = [one.name for one in shown if one.name in columns]
    return xr.Dataset({name: columns[name] for name in order})


def drawn(name: str, plot: Callable[[], object], title: str, caption: str, alt: str) -> Drawing:
    """Run an ArviZ plot off screen and take its figure; nothing stays open."""
    with look(name), _off_screen(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pareto k is a fact of its own; fonts and layout are looks
        collection = plot()
        figure = collection.viz["figure"].item()  # type: ignore[attr-defined]
        _settle(figure)
        markup = inline_svg(figure, name, alt)
    return Drawing(name, title, caption, alt, markup)


@contextmanager
def _off_screen() -> Iterator[None]:
    """Let pyplot draw with Agg, and leave its backend and its figures as they were."""
    before, open_ = mpl.get_backend(), set(plt.get_fignums())
    plt.switch_backend("agg")
    try:
        with mpl.rc_context(LIKE_ARVIZ):  # type: ignore[arg-type]
            yield
    finally:
        for number in set(plt.get_fignums()) - open_:
            plt.close(number)
        plt.switch_backend(before)


def _settle(figure: Figure) -> None:
    """Make the text of an ArviZ figure as large as that of the others."""
    for axes in figure.axes:
        axes.tick_params(labelsize=7.5)
        axes.title.set_fontsize(8.5)
        for label in (axes.xaxis.label, axes.yaxis.label):
            label.set(fontsize=8.5, color=MUTED)
        if axes.get_ylabel() == "Chain":
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        if "ECDF" in axes.get_ylabel():
            axes.set_ylim(*(1.15 * limit for limit in axes.get_ylim()))
        for text in axes.texts:
            text.set(
                fontsize=8.5, text=text.get_text().replace("p=0.00", "p<0.01").replace("(", " (")
            )
