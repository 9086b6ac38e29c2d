"""Change of the entropy a step by updates per batch, under a filter that has one sign throughout: one clip and rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from analysis import Runs, authority
from paper_figures import captions
from paper_figures.panels import noted
from paper_figures.style import BLACK, BLUE, PAGE_INCHES, VERMILION, figure

X, Y = "updates per batch", "change of entropy (nats per token and step)"
SIDES = {
    1: (BLUE, "v", "-", "only A \N{GREATER-THAN OR EQUAL TO} 0 (m = +1, asked to fall)"),
    0: (BLACK, "o", (0, (1, 1.2)), "all (no filter)"),
    -1: (VERMILION, "^", (0, (5, 1.2)), "only A \N{LESS-THAN OR EQUAL TO} 0 (m = -1, asked to rise)"),
}
APART = 0.07  # factor between the sides on the log axis, or their intervals would hide one another


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of `analysis.authority` that the figure has: of settings that were run with both signs throughout."""
    fixed = frame[frame["fixed"]]
    both = fixed.groupby("cell")["m"].transform(lambda m: {-1, 1} <= set(m))
    return fixed[both]


def draw(ax: Axes, frame: pd.DataFrame) -> Axes:
    """Draws `analysis.authority` of one clip and learning rate: mean and t interval over seeds for each sign."""
    ax.axhline(0, color="0.4", linewidth=0.7)
    for m, (colour, marker, line, label) in SIDES.items():
        side = frame[frame["m"] == m].sort_values("updates")
        at = side["updates"] * (1 + APART) ** -m
        for x, low, high in zip(at, side["low"], side["high"], strict=True):
            if np.isfinite(low):
                ax.plot([x, x], [low, high], color=colour, linewidth=1.0)
        ax.plot(at, side["change"], color=colour, marker=marker, linestyle=line, linewidth=0.9, label=label)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(sorted(set(frame["updates"]))))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    return ax


def panels(frame: pd.DataFrame) -> Figure:
    """A row of panels for each learning rate, a column for each clip, on shared scales; `frame`: from `shown`."""
    clips = frame.drop_duplicates("clip").sort_values("clip_high")["clip"].tolist()
    rates = sorted(frame["lr"].unique())
    drawn, axes = figure(PAGE_INCHES, 0.9 + 1.7 * len(rates), len(rates), len(clips))
    updates = sorted(frame["updates"].unique())
    for place, ax in enumerate(axes):
        rate, clip = rates[place // len(clips)], clips[place % len(clips)]
        here = (frame["clip"] == clip) | (frame["updates"] == 1)  # the ratio of the only update is 1: no clip acts
        draw(ax, frame[here & (frame["lr"] == rate)])
        ax.xaxis.set_major_locator(FixedLocator(updates))
        ax.set_title(f"{'no clip' if clip == 'none' else f'clip {clip}'}, learning rate {rate:g}")
        if place // len(clips) == len(rates) - 1:
            ax.set_xlabel(X)
    drawn.supylabel(Y, fontsize=7.5)
    drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return drawn


def planned(runs: Runs) -> Iterator[tuple[str, pd.DataFrame, Callable[[], Figure]]]:
    """Name, frame and drawing of the figure, where there are settings that were run with both signs throughout."""
    frame = shown(authority(runs))
    if len(frame):
        marks = "mark: mean of seeds; bar: 95 % t interval over seeds; at 1 update no clip acts, and all panels have it"
        note = captions.note(runs, marks, captions.seeds(frame["seeds"]))
        yield "authority", frame, partial(_noted, frame, note)


def _noted(frame: pd.DataFrame, note: str) -> Figure:
    return noted(panels(frame), note)
