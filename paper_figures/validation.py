"""A validation metric over training, with intervals."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from paper_figures.style import look

X = "training step"


def draw(ax: Axes, frame: pd.DataFrame) -> Axes:
    """Draws `analysis.validation_curves` of one metric: markers at the validated steps, shaded intervals."""
    for label, curve in frame.groupby("label", sort=False):
        method = look(curve["method"].iloc[0])
        ax.fill_between(curve["step"], curve["low"], curve["high"], color=method.colour, alpha=0.16, linewidth=0)
        ax.plot(curve["step"], curve["value"], **method.of_line(), marker=method.marker, label=str(label))
    return ax
