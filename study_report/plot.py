"""A figure of the page: a picture with the words and the table that stand for it."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

import paper_figures.style as style
from study_report.facts import Goal
from study_report.text import plain

PIXELS_PER_INCH = 130
"""Of a picture on the page: its letters are as large there as those of the text."""
CLIPPED_FROM = 20
"""From so many scores on, the colours span their 5th to 95th percentile: one that diverged is not to hide the rest."""
EMBEDDED: Any = {"svg.hashsalt": "entrocraft", "svg.fonttype": "path", "text.parse_math": False}
"""No text of a picture is a formula, and equal figures are equal bytes."""

_VIRIDIS = matplotlib.colormaps["viridis"]
COLOURS = LinearSegmentedColormap.from_list("score", _VIRIDIS(np.linspace(0.0, 0.92, 128)))
"""Of scores: the best is the darkest."""


@dataclass(frozen=True)
class Plot:
    """`image` is a data URI, or "" where nothing was drawn, for the `reason`; the table has all that is drawn."""

    name: str
    title: str
    alt: str
    image: str
    width: int
    """Pixels on the page."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    reason: str = ""


def drawn(
    name: str,
    title: str,
    alt: str,
    draw: Callable[[], Figure],
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str] = (),
) -> Plot:
    """The plot of a figure that `draw` makes in the page's style."""
    with style.active(), matplotlib.rc_context(EMBEDDED), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the words are right, in the alt text and table
        figure, content = draw(), io.BytesIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(content, format="svg", metadata=nothing)
    image = f"data:image/svg+xml;base64,{base64.b64encode(content.getvalue()).decode()}"
    width = round(figure.get_figwidth() * PIXELS_PER_INCH)
    table = tuple(tuple(map(plain, row)) for row in rows)
    return Plot(name, title, plain_words(alt), image, width, tuple(map(plain, columns)), table, tuple(notes))


def not_drawn(name: str, title: str, reason: str) -> Plot:
    """The place of a plot that has nothing to show."""
    return Plot(name, title, "", "", 0, (), (), (), reason)


def plain_words(text: str) -> str:
    """An alternative text of any length on one line."""
    return "".join(each if each.isprintable() else " " for each in " ".join(text.split()))


def colouring(scores: Sequence[float], goal: Goal) -> ScalarMappable:
    """Score -> colour, the best score the darkest."""
    values = np.asarray(scores, dtype=float)
    low, high = (
        (np.quantile(values, 0.05), np.quantile(values, 0.95))
        if len(values) >= CLIPPED_FROM
        else (values.min(), values.max())
    )
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return ScalarMappable(Normalize(low, high), COLOURS.reversed() if goal.maximize else COLOURS)


def colour_bar(figure: Figure, ax: Axes, colours: ScalarMappable, scores: Sequence[float], goal: Goal) -> None:
    """The key of the colours, with an arrow where scores lie beyond its ends."""
    low, high = colours.get_clim()
    below, above = min(scores) < low, max(scores) > high
    extend = "both" if below and above else "min" if below else "max" if above else "neither"
    bar = figure.colorbar(colours, ax=ax, extend=extend, pad=0.02, aspect=25)
    bar.set_label(f"{short(goal.metric)} (dark: better)")
    bar.outline.set_visible(False)


def short(key: str, most: int = 40) -> str:
    """An override key or a metric that fits beside an axis: its end says most."""
    text = plain(key)
    return text if len(text) <= most else f"…{text[1 - most :]}"


def figure(height: float, width: float = style.PAGE_INCHES, **grid: int) -> tuple[Figure, list[Axes]]:
    """A figure of the page's width, in inches, and its axes, which share no scale."""
    return style.figure(width, height, shared=False, **grid)


def log_scale(ax: Axes, axis: str, values: Sequence[float]) -> None:
    """Makes the axis "x" or "y" logarithmic, with plain numbers: at 1, 2 and 5, or at decades over a wide range."""
    decades = np.log10(max(values) / min(values))
    getattr(ax, f"set_{axis}scale")("log")
    of = getattr(ax, f"{axis}axis")
    of.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 1.3 else (1.0,), numticks=8))
    of.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    of.set_minor_locator(NullLocator())
