"""Figures as inline SVG: one look, ids of their own, the same bytes for the same input."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from io import StringIO
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

INK, MUTED, RULE, PAPER = "#1b2530", "#5b6673", "#dfe4ea", "#ffffff"
# Okabe and Ito's palette, told apart by readers with any common colour vision, yellow left out.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b4f9e", "#7a7a7a")
MARKERS = ("o", "D", "s", "^", "v", "P", "X", "<")
FONTS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

LOOK = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so text is measured alike anywhere
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,  # a label with two dollar signs is a label
    "axes.edgecolor": MUTED,
    "axes.facecolor": PAPER,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "path.simplify": True,
    "path.simplify_threshold": 0.5,
    "svg.fonttype": "none",
}


class Drawing(NamedTuple):
    """A figure of the page: its name (an id), its finding, how to read it, numbers, markup."""

    name: str
    title: str
    caption: str
    alt: str
    svg: str


@contextmanager
def look(name: str) -> Iterator[None]:
    """Draw and save in the look of the report, with ids that depend on ``name`` alone."""
    with mpl.rc_context({**LOOK, "svg.hashsalt": name}):  # type: ignore[dict-item]  # keys are plain text
        yield


def inline_svg(figure: Figure, name: str, alt: str) -> str:
    """Return a figure as markup that can stand in a page; call it inside ``look(name)``.

    Ids and references get ``name`` as a prefix, metadata and outside addresses are dropped, and
    the style that matplotlib sets for every element stays inside the figure.
    """
    target = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(target, format="svg", metadata=nothing)
    text = target.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.S)
    text = _prefixed(text, name)
    text = re.sub(r'\b(?:d|x|y|transform|points|cx|cy|width|height)="[^"]*"', _shorter, text)
    text = re.sub(r"font(-family)?: ([^;\"]*)'DejaVu Sans'[^;\"]*", rf"font\1: \2{FONTS}", text)
    return re.sub(r"<svg[^>]*>", lambda found: _head(found.group(), alt), text, count=1)


def _prefixed(text: str, name: str) -> str:
    text = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', text)
    text = re.sub(r'(?:xlink:)?href="#([^"]*)"', rf'href="#{name}-\1"', text)
    return re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", text)


def _shorter(found: re.Match[str]) -> str:
    """Cut coordinates to a hundredth of a point, and the line breaks between them."""
    return re.sub(r"(\.\d\d)\d+", r"\1", found.group()).replace("\n", " ")


def _head(tag: str, alt: str) -> str:
    """Return the opening tag: only its size, and what a screen reader says."""
    box = re.search(r'viewBox="([^"]*)"', tag)
    size = box.group(1) if box else "0 0 100 100"
    return (
        f'<svg viewBox="{size}" role="img" aria-label="{escape(alt, quote=True)}" '
        'style="stroke-linejoin:round;stroke-linecap:butt">'
    )
