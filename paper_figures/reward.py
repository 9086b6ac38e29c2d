"""Training reward over steps."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from paper_figures.style import look

X, Y = "training step", "mean reward"
WINDOWS = 25
"""A curve is smoothed by a centred mean over about 1/WINDOWS of its steps, and says over how many."""


def window(frame: pd.DataFrame) -> int:
    """Steps of the smoothing, odd; 1 (none) for a short run."""
    return int(frame["step"].max()) // WINDOWS // 2 * 2 + 1


def draw(ax: Axes, frame: pd.DataFrame) -> Axes:
    """Draws `analysis.reward_curves`: for each configuration the smoothed mean of its seeds, markers now and
    then."""
    for place, (label, curves) in enumerate(frame.groupby("label", sort=False)):
        method = look(curves["method"].iloc[0])
        mean = curves.groupby("step")["reward"].mean()
        smooth = mean.rolling(window(frame), center=True, min_periods=1).mean()
        every = max(1, len(mean) // 6)
        ax.plot(mean.index, mean, color=method.colour, alpha=0.25, linewidth=0.5)
        ax.plot(
            mean.index,
            smooth,
            **method.of_line(),
            marker=method.marker,
            markevery=(place * every // 4 % every, every),
            label=str(label),
        )
    return ax
