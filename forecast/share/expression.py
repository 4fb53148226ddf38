"""Expressions over groups: text read into a checked tree, of which nothing is executed."""

import ast
import math
import warnings
from collections.abc import Collection
from dataclasses import dataclass

from forecast.errors import RunError

LONGEST = 500  # characters
DEEPEST = 100  # pieces within pieces: a sum of as many groups, and far from Python's own limit
SHOWN = 40  # characters of a piece in an error

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
PARTS = "groups, numbers, + - * /, < <= > >=, and, or, not and parentheses"


@dataclass(frozen=True)
class Expression:
    """A checked expression: its tree, and whether it is true or false (an event) or a number."""

    text: str
    tree: ast.expr
    is_event: bool


@dataclass(frozen=True)
class _Source:
    """What an expression is read from: its text and the groups that it may name."""

    text: str
    groups: Collection[str]


def read_expression(text: str, groups: Collection[str]) -> Expression:
    """Return a checked expression over groups.

    Parameters
    ----------
    text
        Names of groups (in quotes where a name is no identifier), finite numbers, ``+ - * /``,
        a minus before a piece, ``< <= > >=`` (also chained), ``and``, ``or``, ``not`` and
        parentheses, as Python orders them. At most 500 characters, nested at most 100 deep.
    groups
        Their names.

    Raises
    ------
    RunError
        If the text holds anything else, names no group, or puts true or false where a number
        belongs, or a number where true or false does; the sentence names the piece.

    Examples
    --------
    >>> read_expression("CHN + 'North East' < 0.5", ["CHN", "North East"]).is_event
    True
    >>> read_expression("1 - CHN", ["CHN"]).is_event
    False
    """
    source = _Source(text, groups)
    tree = _parsed(text)
    is_event = _is_event(tree, source, 1)
    if not any(name_of(node) is not None for node in ast.walk(tree)):
        raise RunError(f"an expression names a group; got {_short(text)}. {_known(groups)}")
    return Expression(text, tree, is_event)


def name_of(node: ast.AST) -> str | None:
    """Return the group that a piece names, or None.

    Examples
    --------
    >>> name_of(ast.parse("'North East'", mode="eval").body)
    'North East'
    """
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def operands_of(node: ast.expr) -> list[ast.expr] | None:
    """Return the pieces that an operator joins; None if it is none of those allowed.

    Examples
    --------
    >>> len(operands_of(ast.parse("a < b < 1", mode="eval").body))
    3
    >>> operands_of(ast.parse("a ** 2", mode="eval").body) is None
    True
    """
    match node:
        case ast.BinOp() if isinstance(node.op, ARITHMETIC):
            return [node.left, node.right]
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            return [node.operand]
        case ast.Compare() if all(isinstance(op, ORDER) for op in node.ops):
            return [node.left, *node.comparators]
        case ast.BoolOp():
            return node.values
    return None


def _parsed(text: str) -> ast.expr:
    """Return the tree of a text that Python's grammar accepts, whatever stands in it."""
    if len(text) > LONGEST:
        raise RunError(
            f"an expression has at most {LONGEST} characters; got {len(text)}. Write it in parts."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # "1if" or a backslash in a name
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise RunError(
            f"an expression reads like CHN + 'North East' < 0.5; got {_short(text)}. "
            "Put names with other characters than letters in quotes."
        ) from error


def _is_event(node: ast.expr, source: _Source, depth: int) -> bool:
    """Return whether a piece is true or false, not a number; refuse what does not belong."""
    if depth > DEEPEST:
        raise RunError(
            f"an expression is nested at most {DEEPEST} deep; got {_short(source.text)}. "
            "Write it in parts."
        )
    if isinstance(node, ast.Name | ast.Constant):
        _refuse_leaf(node, source)
        return False
    operands = operands_of(node)
    if operands is None:
        raise _refusal(node, source)
    joins_events = _joins_events(node)
    for operand in operands:
        if _is_event(operand, source, depth + 1) is not joins_events:
            rule = "and, or, not join comparisons"
            if not joins_events:
                rule = "+ - * / and < <= > >= join numbers"
            raise RunError(f"{rule}; got {_piece(operand, source)} there. Use parentheses.")
    return joins_events or isinstance(node, ast.Compare)


def _joins_events(node: ast.expr) -> bool:
    """Return whether an operator takes true and false, not numbers."""
    match node:
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return True
    return False


def _refuse_leaf(node: ast.Name | ast.Constant, source: _Source) -> None:
    """Raise a RunError unless a leaf is a group or a finite number."""
    name = name_of(node)
    if name is not None and name not in source.groups:
        raise RunError(
            f"a name in an expression is a group; got {_short(name)}. {_known(source.groups)}"
        )
    if name is None and not _is_finite(node):
        raise _refusal(node, source)


def _is_finite(node: ast.AST) -> bool:
    """Return whether a leaf is a number that a float can hold; True and False are none."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _refusal(node: ast.expr, source: _Source) -> RunError:
    return RunError(
        f"an expression is made of {PARTS}; got {_piece(node, source)}. Leave that out."
    )


def _piece(node: ast.expr, source: _Source) -> str:
    """Return the text of a piece, for an error."""
    return _short(ast.get_source_segment(source.text.strip(), node) or type(node).__name__)


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")


def _known(groups: Collection[str]) -> str:
    return f"Choose from {', '.join(groups)}."
