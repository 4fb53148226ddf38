"""Inline figures: prefixed ids, no metadata, nothing that leaks into the page."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from forecast.report.svg import inline_svg, look


def drawn(name: str, label: str = "a label") -> str:
    with look(name):
        figure = Figure(figsize=(3, 2))
        axes = figure.subplots()
        axes.plot([0, 1.23456789], [0, 1], "o", label=label)
        axes.set_title(label)
        axes.legend()
        return inline_svg(figure, name, f"alt {label}")


def test_ids_carry_the_name_of_the_figure():
    """Each id and each reference starts with the figure's name, so figures share a page."""
    text = drawn("left")
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert ids
    assert all(one.startswith("left-") for one in ids)
    references = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', text)
    assert {"".join(pair) for pair in references} <= set(ids)


def test_markup_is_bare():
    """No metadata, comment, style sheet or outside address is left."""
    text = drawn("bare")
    assert text.startswith("<svg viewBox=")
    for gone in ("<metadata", "<!--", "<style", "http", "xmlns"):
        assert gone not in text


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "$\\alpha$ costs $5", "a & b"])
def test_labels_are_drawn_as_written(label: str):
    """Formulas and markup in a label are text of the figure and of its alt text."""
    text = drawn("label", label)
    escaped = label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert escaped in text
    assert f"alt {escaped}" in text
    assert "<script" not in text


def test_same_figure_same_bytes():
    """Drawing twice gives the same markup."""
    assert drawn("same") == drawn("same")


def test_coordinates_are_short_and_labels_whole():
    """Coordinates lose digits that nobody sees; numbers in text keep theirs."""
    text = drawn("short", "0.123456")
    assert "0.123456" in text
    paths = " ".join(re.findall(r' d="([^"]*)"', text))
    decimals = [len(found) for found in re.findall(r"\.(\d+)", paths)]
    assert np.max(decimals) == 2
