"""Laying out configurations: one panel while they can be told apart, else small multiples with a
reference."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_figures.style import COLUMN_INCHES, PAGE_INCHES, figure

Draw = Callable[[Axes, pd.DataFrame], Axes]
COLUMNS = 4
TITLE_CHARACTERS = 24
NOTE_CHARACTERS_PER_INCH = 18
MOST_TOGETHER = 5
"""More lines than this, or two of one method (which look alike), are drawn as small multiples."""


def together(draw: Draw, frame: pd.DataFrame, x: str, y: str, note: str, reference: str | None = None) -> Figure:
    """All configurations in one panel where they stay apart; else `multiples` with the reference in each."""
    methods = frame.drop_duplicates("label")["method"]
    if methods.nunique() < len(methods) or len(methods) > MOST_TOGETHER:
        return multiples(draw, frame, x, y, note, reference)
    drawn, (ax,) = figure(COLUMN_INCHES, 2.5 + 0.15 * len(methods))
    draw(ax, frame)
    ax.set(xlabel=x, ylabel=y)
    drawn.legend(*ax.get_legend_handles_labels(), loc="outside lower left")
    return noted(drawn, note)


def multiples(draw: Draw, frame: pd.DataFrame, x: str, y: str, note: str, reference: str | None = None) -> Figure:
    """One panel for each configuration, on shared scales; the configuration `reference` is in every one."""
    labels = [label for label in frame["label"].unique() if label != reference]
    if not labels:
        labels, reference = [reference], None
    columns = min(COLUMNS, len(labels))
    rows = -(-len(labels) // columns)
    width = PAGE_INCHES if columns > 2 else COLUMN_INCHES
    drawn, axes = figure(width, 0.9 + 1.45 * rows, rows, columns)
    for ax, label in zip(axes, labels, strict=False):
        draw(ax, frame[frame["label"].isin([label, reference])])
        ax.set_title(textwrap.fill(str(label), TITLE_CHARACTERS))
    for ax in axes[len(labels) :]:
        ax.remove()
    for place, ax in enumerate(axes[: len(labels)]):
        ax.tick_params(labelbottom=place + columns >= len(labels))
    drawn.supxlabel(x, fontsize=7.5)
    drawn.supylabel(y, fontsize=7.5)
    return noted(drawn, f"{note}; black, in every panel: {reference}" if reference else note)


def noted(drawn: Figure, note: str) -> Figure:
    """Puts a line above the panels: what the lines are, and how much data stands behind them."""
    text = textwrap.fill(note, int(NOTE_CHARACTERS_PER_INCH * drawn.get_size_inches()[0]))
    drawn.suptitle(text, fontsize=6.5, color="0.25", x=0.01, ha="left")
    return drawn
