"""Ours beside the paper's figures: the gamma sweep, and hours against score.

Each takes every run that has the data, whatever experiment it is of. The tracking error by method is
`analysis.tracking_summary`; it is no line, and drawn by a module of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.cost import score_against_hours
from analysis.frames import columns
from analysis.gamma import TRACKING, gamma_sweep
from analysis.naming import gamma_text
from analysis.notes import frame_notes
from analysis.runs import Runs
from analysis.sheets import COLUMNS, RUNS, Axis, Gap, Plot, Sheet, sampled_interval, seeds_note
from harness.errors import unknown

OVER_SEEDS = "95 % t interval over seeds"


def our_figure(name: str, runs: Runs) -> Sheet:
    """A figure of ours by its name, to be drawn; without panels where no run has its data.

    Raises: ConfigError for another name.
    """
    if name not in OURS:
        raise unknown("figures of ours", [name], OURS)
    return OURS[name](runs)


def gamma_sheet(runs: Runs) -> Sheet:
    """Tracking error and score against the sharpness of the filter."""
    found = gamma_sweep(runs)
    finite = found.loc[np.isfinite(found["gamma"]), "gamma"]
    beyond = 4 * finite.max() if len(finite) else 1.0
    placed = found.assign(x=found["gamma"].where(np.isfinite(found["gamma"]), beyond))
    ticks = {
        float(beyond if math.isinf(gamma) else gamma): gamma_text(gamma) for gamma in sorted(found["gamma"].unique())
    }
    axis = Axis("\N{GREEK SMALL LETTER GAMMA} (\N{INFINITY}: hard filter)", log2=True, ticks=ticks)
    plots = []
    for place, ((metric, source), rows) in enumerate(placed.groupby(["metric", "source"], sort=False)):
        y, scale = ("nats per token", 1) if metric == TRACKING else (_mean_at(rows), 100)
        title = "Tracking error" if metric == TRACKING else str(source)
        frame, about = _framed(rows, str(metric), scale), {"zero": metric == TRACKING, "beside": True}
        plots.append(Plot("abcdefgh"[place], title, frame, axis, y, shaded=_shaded(rows), **about))
    return _sheet("gamma", "Sharpness of the filter", plots, [_seeds(found)], _designs(found), "paper_gamma")


def cost_sheet(runs: Runs) -> Sheet:
    """Score over what was paid for it."""
    found = score_against_hours(runs)
    plots = []
    for (source, unit), rows in found.groupby(["source", "unit"], sort=False):
        placed = rows.assign(series=rows["label"], x=rows["hours"])
        words = "GPU-hours of the steps" if unit == "GPU-h" else "hours of the steps (no GPU)"
        frame = _framed(placed, str(source), 100)
        plots.append(Plot(str(source), str(source), frame, Axis(words), _mean_at(rows), shaded=_shaded(rows)))
    notes = [_seeds(found), "starting, waiting and replayed steps are not counted"]
    return _sheet("cost", "Hours against score", plots, notes, _designs(found), "paper_table2")


OURS: dict[str, Callable[[Runs], Sheet]] = {"gamma": gamma_sheet, "cost": cost_sheet}
"""By name, in the order in which they are shown."""


def _framed(rows: pd.DataFrame, panel: str, scale: float = 1.0) -> pd.DataFrame:
    """The columns of every sheet first; values times `scale`."""
    frame = rows.assign(panel=panel, experiment="", source=RUNS, what="")
    frame[["value", "low", "high"]] *= scale
    return frame[[*COLUMNS, *(name for name in columns(frame) if name not in COLUMNS)]].reset_index(drop=True)


def _sheet(name: str, title: str, plots: list[Plot], notes: list[str], details: list[str], study: str) -> Sheet:
    if plots:
        return Sheet(name, "Ours", title, tuple(plots), tuple(filter(None, notes)), tuple(details))
    reason = {
        "gamma": "no two configurations that differ in gamma alone",
        "cost": "no validated run with the times of its steps",
    }[name]
    return Sheet(name, "Ours", title, (), gaps=(Gap((), "", reason, f"entrocraft sweep study={study}"),))


def _seeds(found: pd.DataFrame) -> str:
    return seeds_note(found["seeds"]) if len(found) else ""


def _shaded(rows: pd.DataFrame) -> str:
    """What the intervals are, "" where there are none."""
    if not rows["low"].notna().any():
        return ""
    return sampled_interval(rows["seeds"]) if "problems" in rows and rows["problems"].notna().any() else OVER_SEEDS


def _designs(found: pd.DataFrame) -> list[str]:
    sampled = found[found["problems"].notna()]
    return frame_notes(sampled) if len(sampled) else []


def _mean_at(rows: pd.DataFrame) -> str:
    drawn = rows["n"].unique()
    return f"mean@{drawn[0]} (%)" if len(drawn) == 1 else "mean@n (%)"
