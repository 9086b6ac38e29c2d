"""A figure before it is drawn: its panels as frames, what is to be said on it, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

RUNS, PAPER = "runs", "paper"
COLUMNS = ["panel", "series", "method", "experiment", "source", "what", "x", "value", "low", "high"]
"""The first columns of a panel's frame. source: RUNS, or PAPER for the paper's own number; what: which line of the
series, "" for the only one; low and high are missing where there is no interval."""


@dataclass(frozen=True)
class Axis:
    """The x axis. ticks: place -> text where the places are few, None for numbers. log2: by powers of two."""

    label: str
    log2: bool = False
    ticks: Mapping[float, str] | None = None


@dataclass(frozen=True)
class Plot:
    """One panel. `frame` has the columns COLUMNS and more; `smooth`: draw a moving mean over the values. shaded: what
    low and high are, in words; zero: 0 is the natural end of the values; beside: series have the same few places
    (on a logarithmic axis), and are drawn beside one another; symlog: y is logarithmic beyond 0.1 on both sides."""

    number: str
    title: str
    frame: pd.DataFrame
    x: Axis
    y: str
    smooth: bool = False
    shaded: str = ""
    zero: bool = False
    beside: bool = False
    symlog: bool = False


@dataclass(frozen=True)
class Gap:
    """What is not drawn from runs: of which panels and series, why, and the command that makes the runs ("": none)."""

    panels: tuple[str, ...]
    series: str
    reason: str
    command: str = ""

    def __str__(self) -> str:
        text = f"{', '.join(self.panels)}: {self.series}: {self.reason}" if self.panels else self.reason
        return f"{text}; `{self.command}`" if self.command else text


@dataclass(frozen=True)
class Sheet:
    """A figure. name: of its files. heading: "Fig. 4". notes: short ones are on the figure, `details` beside it. runs:
    those it is drawn from, by name; None for all that were loaded."""

    name: str
    heading: str
    title: str
    plots: tuple[Plot, ...]
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    runs: tuple[str, ...] | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """The frames of all panels under one another; empty where nothing can be drawn."""
        frames = [plot.frame for plot in self.plots]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)


def seeds_note(seeds: pd.Series) -> str:
    """ "one seed each: the noise between seeds is not shown", "3 seeds each", "1 to 3 seeds"."""
    low, high = int(seeds.min()), int(seeds.max())
    if high == 1:
        return "one seed each: the noise between seeds is not shown"
    return f"{low} seeds each" if low == high else f"{low} to {high} seeds"


def sampled_interval(seeds: pd.Series) -> str:
    """What low and high of a rate are, for a figure."""
    over = "problems" if seeds.max() == 1 else "seeds and problems"
    return f"95 % t interval over {over}, problems taken as sampled"
