"""Tracking error by configuration: a dot with its interval, and every seed."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill, wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from paper_figures.style import GREY, look

LABEL_WIDTH = 34  # characters; longer labels would leave the axis no room
X = "tracking error, steps 21 to the last (nats per token)"


def height(frame: pd.DataFrame) -> float:
    """Inches that the rows take, with labels of several lines."""
    return 0.8 + sum(max(0.24, 0.13 * len(wrap(str(label), LABEL_WIDTH))) for label in frame["label"])


def draw(ax: Axes, frame: pd.DataFrame) -> Axes:
    """Draws `analysis.tracking_summary`, the smallest error on top: mean filled, interval as a bar, seeds
    open."""
    ordered = frame.sort_values("tracking_error", ascending=False, kind="stable")
    for place, (_, row) in enumerate(ordered.iterrows()):
        method = look(row["method"])
        if np.isfinite(row["low"]):
            ax.plot([row["low"], row["high"]], [place, place], color=method.colour, linewidth=1.2)
        if row["seeds"] > 1:
            _seeds(ax, row["values"], place - 0.28, method.marker)
        ax.plot(row["tracking_error"], place, marker=method.marker, color=method.colour, markersize=4.5)
    ax.set_yticks(range(len(ordered)), [fill(str(label), LABEL_WIDTH) for label in ordered["label"]])
    ax.set_ylim(-0.7, len(ordered) - 0.3)
    ax.set_xlim(left=0)
    ax.locator_params(axis="x", nbins=6)
    ax.grid(axis="y", visible=False)
    return ax


def _seeds(ax: Axes, values: Sequence[float], height: float, marker: str) -> None:
    ax.plot(
        values,
        np.full(len(values), height),
        linestyle="none",
        marker=marker,
        markerfacecolor="none",
        markeredgecolor=GREY,
        markeredgewidth=0.6,
        markersize=2.8,
    )
