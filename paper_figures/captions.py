"""The line above a figure: what the marks are, and how much data stands behind them."""

from __future__ import annotations

import pandas as pd

from analysis import Runs, frame_notes

FEW_PROBLEMS = 100
"""Below this the standard error of a rate can exceed 0.05, and the figure says "only"."""


def note(runs: Runs, *parts: str) -> str:
    """The parts that are not empty, then how many runs were left out (the sidecar has the reasons)."""
    excluded = len(runs.excluded)
    left_out = f"{excluded} run{'s' * (excluded > 1)} left out, see the sidecar" if excluded else ""
    return "; ".join(part for part in (*parts, left_out) if part)


def seeds(counts: pd.Series) -> str:
    """How many seeds each configuration has: "3 seeds each", "1 to 3 seeds each", or what one seed hides."""
    if counts.max() == 1:
        return "one seed each: the noise between seeds is not shown"
    return f"{span(counts)} seeds each"


def samples(frame: pd.DataFrame) -> str:
    """Problems, samples and seeds behind a frame with intervals, what these are over, and the notes on the design."""
    few = "only " if frame["problems"].min() < FEW_PROBLEMS else ""
    over = "problems" if frame["seeds"].max() == 1 else "seeds and problems"
    parts = [
        f"{few}{span(frame['problems'])} problems, {span(frame['n'])} samples each",
        seeds(frame["seeds"]),
        f"shaded: 95 % t interval over {over}, problems taken as sampled",
        *frame_notes(frame),
    ]
    return "; ".join(parts)


def span(values: pd.Series) -> str:
    """ "3", or "1 to 3"."""
    low, high = values.min(), values.max()
    return f"{low}" if low == high else f"{low} to {high}"
