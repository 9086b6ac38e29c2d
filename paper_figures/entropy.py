"""Entropy against its target, with the band: one configuration."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from paper_figures.style import look

X, Y = "training step", "entropy (nats per token)"


def draw(ax: Axes, frame: pd.DataFrame) -> Axes:
    """Draws `analysis.entropy_curves` of one configuration: seeds thin, their mean thick, target dotted, band
    grey."""
    curves = frame.sort_values("step")
    method = look(curves["method"].iloc[0])
    band = curves.dropna(subset="target").drop_duplicates("step")
    if (band["high"] > band["low"]).any():
        ax.fill_between(band["step"], band["low"], band["high"], color="0.8", linewidth=0, label="band")
    for _, run in curves.groupby("run", observed=True):
        ax.plot(run["step"], run["entropy"], color=method.colour, alpha=0.35, linewidth=0.5)
    mean = curves.groupby("step")["entropy"].mean()
    ax.plot(mean.index, mean, color=method.colour, linestyle="-", label="entropy, mean of seeds")
    if len(band):
        ax.plot(
            band["step"],
            band["target"],
            color="black",
            linestyle=(0, (1, 1.2)),
            linewidth=1.2,
            label="target",
        )
    # panels share the axis: a later one may raise its top, none may lower it
    ax.set_ylim(0, max(ax.get_ylim()[1], 1.05 * curves["entropy"].max()))
    return ax
