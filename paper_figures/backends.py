"""Entropy of one configuration on two backends, in one panel."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from paper_figures.style import BLUE, VERMILION

X, Y = "training step", "entropy (nats per token)"
LINES = {"torch": (BLUE, "-"), "verl": (VERMILION, (0, (4, 1.2)))}


def draw(ax: Axes, frame: pd.DataFrame) -> Axes:
    """Draws `analysis.backend_curves` of one pair: seeds thin, their mean thick, target dotted."""
    for backend, group in frame.groupby("backend"):
        colour, line = LINES[str(backend)]
        for _, run in group.sort_values("step").groupby("run", observed=True):
            ax.plot(run["step"], run["entropy"], color=colour, alpha=0.35, linewidth=0.5)
        mean = group.groupby("step")["entropy"].mean()
        ax.plot(mean.index, mean, color=colour, linestyle=line, label=f"backend={backend}")
    target = frame.dropna(subset="target").drop_duplicates("step").sort_values("step")
    if len(target):
        ax.plot(target["step"], target["target"], color="black", linestyle=(0, (1, 1.2)), linewidth=1.0, label="target")
    ax.set_ylim(0, max(ax.get_ylim()[1], 1.05 * frame["entropy"].max()))
    return ax


def sentence(row: pd.Series) -> str:
    """What `analysis.backend_differences` says of a pair, for its panel."""
    said = f"mean |difference| {row['difference']:.3f} nats"
    if row["seeds"] > 1:
        said += f"; two seeds of one backend: {row['between_seeds']:.3f}; "
        said += f"{row['as_far']} of {row['splits']} splits of the runs differ as much"
    return said
