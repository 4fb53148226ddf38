"""Values of expressions over groups, draw by draw, and how probable a comparison is."""

import ast
from collections.abc import Callable, Mapping
from functools import reduce
from itertools import pairwise

import numpy as np
import xarray as xr

from forecast.errors import RunError
from forecast.share.events import (
    Probability,
    event_probability,
    forecast_years,
    refuse_unknown,
)
from forecast.share.expression import Expression, name_of, operands_of, read_expression

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Value = Array | np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

DIMS = ("chain", "draw", "scenario", "year")
OF = ("share", "stock")


def evaluate(projection: xr.Dataset, expression: str, of: str = "share") -> xr.DataArray:
    """Return the value of an expression over groups in each draw.

    For example ``CHN + IND``, ``CHN / (CHN + IND)``, ``1 - USA``, ``CHN < IND`` or ``CHN + IND <=
    0.5 and 'North East' > 0.1``: groups by name, in quotes where the name is no identifier;
    numbers; ``+ - * /``; ``< <= > >=``; ``and``, ``or``, ``not``; parentheses. A quotient by zero
    is NaN, and a comparison with NaN is false (so ``not`` of it is true).

    Parameters
    ----------
    projection
        ``share`` in [0, 1] or ``stock`` (whole stock at the start = 1), dims (chain, draw,
        scenario, year, group).
    expression
        Its text, at most 500 characters, nested at most 100 deep. Nothing in it is executed.
    of
        What a name stands for: the "share" of that group, or its "stock".

    Returns
    -------
    xr.DataArray
        Dims (chain, draw, scenario, year): numbers, or true and false for comparisons. Attributes:
        ``expression`` and ``of``.

    Raises
    ------
    RunError
        If the text is no such expression, names no group or an unknown one, or the projection has
        no ``of``.

    Examples
    --------
    >>> labels = {"scenario": ["baseline"], "year": [2030], "group": ["CHN", "IND"]}
    >>> draws = np.array([[0.3, 0.1], [0.2, 0.2]]).reshape(1, 2, 1, 1, 2)
    >>> share = xr.DataArray(draws, labels, ("chain", "draw", *labels))
    >>> projection = xr.Dataset({"share": share})
    >>> evaluate(projection, "CHN / (CHN + IND)").values.ravel().round(12).tolist()
    [0.75, 0.5]
    >>> evaluate(projection, "IND < CHN <= 0.5").values.ravel().tolist()
    [True, False]
    """
    return _evaluated(projection, _read(projection, expression, of), of)


def probability_of(
    projection: xr.Dataset,
    expression: str,
    *,
    year: int | None = None,
    by: int | None = None,
    scenario: str = "baseline",
    of: str = "share",
) -> Probability:
    """Return how probable a comparison of groups is, such as ``"CHN < IND and CHN < 0.25"``.

    With ``year``: that it holds in that year. With ``by``: that it holds in that year or in any
    year before it that comes after the share evidence. The Monte Carlo standard error is that of
    ``probability``, the expressions are those of ``evaluate``.

    Raises
    ------
    RunError
        If the text is no expression or a number, not exactly one time is given, or the projection
        has no such group, year, scenario or ``of``.

    Examples
    --------
    >>> labels = {"scenario": ["baseline"], "year": [2030], "group": ["CHN", "IND"]}
    >>> draws = np.array([[0.3, 0.1], [0.2, 0.4]] * 4).reshape(2, 4, 1, 1, 2)
    >>> share = xr.DataArray(draws, labels, ("chain", "draw", *labels))
    >>> probability_of(xr.Dataset({"share": share}), "CHN < IND", year=2030).value
    0.5
    """
    found = _read(projection, expression, of)
    if not found.is_event:
        raise RunError(
            f"a probability is that of a comparison; got {expression!r}. Add one, such as < 0.25."
        )
    refuse_unknown(projection, "scenario", scenario)
    event = _evaluated(projection.sel(scenario=[scenario]), found, of).isel(scenario=0)
    return event_probability(event, forecast_years(projection), year, by)


def _read(projection: xr.Dataset, expression: str, of: str) -> Expression:
    known = [name for name in OF if name in projection]
    if of not in known:
        raise RunError(f"of is one of {', '.join(known)}; got {of!r}. Choose one of them.")
    return read_expression(expression, [str(name) for name in projection["group"].values])


def _evaluated(projection: xr.Dataset, expression: Expression, of: str) -> xr.DataArray:
    """Return the values of a checked expression, with the labels of the projection."""
    draws = projection[of].transpose(*DIMS, "group")
    groups = {str(name): draws.values[..., i] for i, name in enumerate(draws["group"].values)}
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.array(_value(expression.tree, groups))  # not a view of the projection
    out = draws.isel(group=0, drop=True).copy(data=values)
    return out.rename(None).assign_attrs({"expression": expression.text, "of": of})


def _value(node: ast.expr, groups: Mapping[str, Array]) -> Value:
    """Return the value of a checked piece: that of its operands, joined."""
    name = name_of(node)
    if name is not None:
        return groups[name]
    if isinstance(node, ast.Constant):
        return np.asarray(node.value, dtype=float)
    values = [_value(operand, groups) for operand in operands_of(node) or ()]
    if isinstance(node, ast.Compare):
        pairs = zip(node.ops, pairwise(values), strict=True)
        return reduce(np.logical_and, [JOIN[type(op)](*pair) for op, pair in pairs])
    if isinstance(node, ast.BoolOp):
        return reduce(JOIN[type(node.op)], values)
    assert isinstance(node, ast.BinOp | ast.UnaryOp)  # read_expression lets no other pass
    return JOIN[type(node.op)](*values)


def _divide(above: Value, below: Value) -> Value:
    """Return a quotient, NaN where its divisor is zero."""
    return np.divide(above, np.where(below == 0, np.nan, below))


JOIN: Mapping[type[ast.AST], Callable[..., Value]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: _divide,
    ast.USub: np.negative,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.And: np.logical_and,
    ast.Or: np.logical_or,
    ast.Not: np.logical_not,
}
