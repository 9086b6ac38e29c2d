"""The lines of one panel: every series of an `analysis.sheets.Plot` in its look, with what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis.paper.series import BASELINE, TARGET, WRONG
from analysis.sheets import PAPER, RUNS, Axis, Plot
from paper_figures.style import Look, looks

DASHED: Any = (0, (3, 1.3))
DOTTED: Any = (0, (1, 1.2))
TARGETED: Any = {"color": "0.15", "linestyle": DOTTED, "linewidth": 0.9}
"""A target lies on or near the line that is to follow it, so it has no colour of its own."""
SECOND = (BASELINE, WRONG)
"""The second line of a series, dashed in its colour; the first is solid: a pair is told apart without colour."""
WINDOWS = 25
"""A smoothed curve is a centred mean over about 1/WINDOWS of its points."""
FEW = 12
"""Up to so many points each has a marker; a longer line has about six."""
MOST_SHADED = 5
"""Intervals of more series than this hide one another: they are in the data."""
DENSE = 100
"""A line of more points is thin: its noise is not to be a bar."""


def of_plot(plot: Plot) -> dict[str, Look]:
    """The look of each series of a panel, in the order of its frame."""
    return looks(dict(plot.frame[["series", "method"]].drop_duplicates().itertuples(index=False, name=None)))


def draw(ax: Axes, plot: Plot, of: Mapping[str, Look] | None = None) -> Axes:
    """Draws a panel: values from runs as lines, their intervals shaded or as bars, the paper's own numbers hollow.

    `of`: looks by series, None for those of the panel alone. With more than MOST_SHADED of them no interval is drawn.
    """
    chosen = of_plot(plot) if of is None else of
    for (series, what, source), points in plot.frame.groupby(["series", "what", "source"], sort=False):
        ordered, own = points.sort_values("x"), chosen[str(series)]
        place = list(chosen).index(str(series))
        if source == PAPER:
            _hollow(ax, ordered, own, str(series) if not _has_runs(plot, str(series)) else "")
        elif what == TARGET:
            ax.plot(ordered["x"], ordered["value"], **TARGETED, zorder=3)
        else:
            if plot.beside:
                ordered = _beside(ordered, place, len(chosen))
            if plot.beside or len(chosen) <= MOST_SHADED:
                _interval(ax, ordered, own, bars=plot.beside or len(ordered) < 3)
            _line(ax, ordered, own, str(series), str(what), plot.smooth, place)
    if plot.zero:
        ax.set_ylim(bottom=0)
    if plot.symlog:
        ax.set_yscale("symlog", linthresh=0.1)
        ax.yaxis.set_minor_locator(NullLocator())
    _scale(ax, plot.x)
    ax.set_xlabel(plot.x.label)
    ax.set_ylabel(plot.y)
    return ax


def window(points: int) -> int:
    """Points of the smoothing, odd; 1 (none) for a short curve."""
    return points // WINDOWS // 2 * 2 + 1


def smoothed(values: pd.Series) -> pd.Series:
    return values.rolling(window(len(values)), center=True, min_periods=1).mean()


def _beside(points: pd.DataFrame, place: int, of: int) -> pd.DataFrame:
    """The points of a series moved on the (logarithmic) x axis, for others have the same places."""
    return points.assign(x=points["x"] * 2 ** (0.5 * (place - (of - 1) / 2) / max(of, 1)))


def _interval(ax: Axes, points: pd.DataFrame, own: Look, bars: bool) -> None:
    low, high = points["low"].to_numpy(), points["high"].to_numpy()
    if not np.isfinite(low).any():
        return
    if bars:
        ax.vlines(points["x"], low, high, color=own.colour, linewidth=1.0)
    else:
        ax.fill_between(points["x"], low, high, color=own.colour, alpha=0.15, linewidth=0)


def _line(ax: Axes, points: pd.DataFrame, own: Look, series: str, what: str, smooth: bool, place: int) -> None:
    x = points["x"].to_numpy()
    values = points["value"]
    if smooth and window(len(values)) > 1:
        ax.plot(x, values, color=own.colour, alpha=0.25, linewidth=0.4)
        values = smoothed(values)
    line = own.line if not what else DASHED if what in SECOND else "-"
    every = max(1, len(x) // 6)
    ax.plot(
        x,
        values,
        color=own.colour,
        linestyle=line,
        linewidth=1.3 if len(x) <= DENSE or smooth else 0.9,
        marker=own.marker,
        markevery=1 if len(x) <= FEW else (place * every // 4 % every, every),
        label=f"{series}: {what}" if what else series,
    )


def _hollow(ax: Axes, points: pd.DataFrame, own: Look, label: str) -> None:
    ax.plot(
        points["x"],
        points["value"],
        color=own.colour,
        linestyle=DOTTED,
        linewidth=0.7,
        marker=own.marker,
        markerfacecolor="white",
        markeredgewidth=0.8,
        markersize=4.2,
        label=label or "_",
        zorder=2.5,
    )


def _has_runs(plot: Plot, series: str) -> bool:
    frame = plot.frame
    return bool(((frame["series"] == series) & (frame["source"] == RUNS)).any())


def _scale(ax: Axes, axis: Axis) -> None:
    if axis.log2:
        ax.set_xscale("log", base=2)
    if axis.ticks is not None:
        ax.xaxis.set_major_locator(FixedLocator(list(axis.ticks)))
        ax.xaxis.set_minor_locator(NullLocator())
        texts = dict(axis.ticks)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: texts.get(x, "")))
        low, high = min(texts), max(texts)
        if axis.log2:
            ax.set_xlim(low / 1.5, high * 1.5)
        elif high > low:
            margin = 0.08 * (high - low)
            ax.set_xlim(low - margin, high + margin)
    elif ax.get_xlim()[1] >= 10_000:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / 1000:g}K" if x else "0"))
        ax.locator_params(axis="x", nbins=5)
