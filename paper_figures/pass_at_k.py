"""pass@k over k, with intervals."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from paper_figures.style import look

X, Y = "k (samples)", "pass@k"


def draw(ax: Axes, frame: pd.DataFrame) -> Axes:
    """Draws `analysis.pass_at_k_curves`: a line with markers and a shaded interval for each configuration."""
    for label, curve in frame.groupby("label", sort=False):
        method = look(curve["method"].iloc[0])
        ax.fill_between(curve["k"], curve["low"], curve["high"], color=method.colour, alpha=0.16, linewidth=0)
        ax.plot(curve["k"], curve["value"], **method.of_line(), marker=method.marker, label=str(label))
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(sorted(frame["k"].unique())))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    return ax
