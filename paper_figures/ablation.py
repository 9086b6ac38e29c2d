"""Algorithm 1, the release and what lies between them: one metric, a line for each combination."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis import Runs, ablation
from analysis.ablation import ALGORITHM_1, RELEASE, is_ablation
from paper_figures import captions
from paper_figures.panels import noted
from paper_figures.style import BLACK, BLUE, GREY, PAGE_INCHES, VERMILION

NAMES = {
    "advantage": {"base": "normalised", "raw": "raw"},
    "zero_variance": {"base": "out", "raw": "in"},
    "denominator": {"kept": "kept", "all": "all"},
    "filter": {"gamma 10": "\N{GREEK SMALL LETTER GAMMA} 10", "hard": "hard"},
}
ENDS: dict[tuple[str, ...], str] = {ALGORITHM_1: "Algorithm 1", RELEASE: "release"}
RESOLVED = "filled: the difference to Algorithm 1 is resolved"


def parts(row: pd.Series) -> tuple[str, ...]:
    """The ingredients of a row of `analysis.ablation`."""
    return tuple(str(row[name]) for name in NAMES)


def name(row: pd.Series) -> str:
    """A combination in words: advantage, equal groups in or out, denominator, filter."""
    words = ", ".join(NAMES[key].get(value, value) for key, value in zip(NAMES, parts(row), strict=True))
    end = ENDS.get(parts(row))
    return f"{words} ({end})" if end else words


def draw(ax: Axes, frame: pd.DataFrame) -> Axes:
    """Draws `analysis.ablation` of one metric: estimate and interval of each combination, the first on top.

    Filled marks: the difference to Algorithm 1 is resolved after correction. The line is Algorithm 1's value.
    """
    rows = list(frame.iterrows())
    for place, (_, row) in enumerate(reversed(rows)):
        end = ENDS.get(parts(row))
        colour = VERMILION if end == "Algorithm 1" else BLUE if end else BLACK if row["advantage"] == "raw" else GREY
        marker = "s" if row["advantage"] == "raw" else "o"
        if np.isfinite(row["low"]):
            ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.1)
        face = colour if row["verdict"] in ("higher", "lower", "baseline") else "white"
        ax.plot(
            row["value"], place, marker=marker, color=colour, markerfacecolor=face, linestyle="none", markersize=4.5
        )
        if end == "Algorithm 1":
            ax.axvline(row["value"], color=colour, linewidth=0.6, linestyle=(0, (1, 1.2)))
    ax.set_yticks(range(len(rows)), [name(row) for _, row in reversed(rows)])
    ax.set_ylim(-0.7, len(rows) - 0.3)
    ax.grid(axis="y", visible=False)
    ax.locator_params(axis="x", nbins=5)
    return ax


def panels(frame: pd.DataFrame) -> Figure:
    """A panel for each metric, which have scales of their own, over the same combinations."""
    metrics = list(dict.fromkeys(frame["metric"]))
    drawn = Figure(figsize=(PAGE_INCHES, 1.0 + 0.2 * frame["label"].nunique()), layout="constrained")
    FigureCanvasAgg(drawn)
    for ax, metric in zip(drawn.subplots(1, len(metrics), sharey=True, squeeze=False).flat, metrics, strict=True):
        draw(ax, frame[frame["metric"] == metric])
        ax.set_xlabel(f"{metric} (nats per token)" if metric == "tracking error" else metric)
    return drawn


def planned(runs: Runs) -> Iterator[tuple[str, pd.DataFrame, Callable[[], Figure]]]:
    """Name, frame and drawing of the figure, where the runs are an ablation."""
    if is_ablation(runs):
        frame = ablation(runs)
        kinds = "bar: 95 % t interval, problems taken as sampled; squares: raw advantages"
        note = captions.note(runs, kinds, RESOLVED, captions.seeds(frame.loc[frame["seeds"] > 0, "seeds"]))
        yield "ablation", frame, partial(_noted, frame, note)


def _noted(frame: pd.DataFrame, note: str) -> Figure:
    return noted(panels(frame), note)
