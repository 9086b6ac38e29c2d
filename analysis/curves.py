"""Curves over training steps and what one run's curve is worth: entropy against its band, reward,
tracking."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import estimators
from analysis.intervals import seed_interval
from analysis.runs import Runs

FINAL_STEPS = 5
"""The final entropy is a mean over this many last steps, because one batch is noisy. The start is step 1
alone: later steps are already trained."""

NAMES = ["label", "method", "title", "seed"]


def entropy_curves(runs: Runs) -> pd.DataFrame:
    """label, method, title, seed, run, step (from 1), entropy, low, high, target: nats per token.

    The entropy is the controller's own (`control/entropy`); for a run that never logs it, `actor/entropy`.
    The two may be aggregated differently and are not mixed within a run.
    low, high and target are NaN for a run without a schedule. The target is the middle of the band.
    """
    frame = _named(runs)
    controlled = frame.groupby("run")["control/entropy"].transform("count") > 0
    frame["entropy"] = frame["control/entropy"].where(controlled, frame["actor/entropy"])
    frame["low"], frame["high"] = frame["control/low"], frame["control/high"]
    frame["target"] = (frame["low"] + frame["high"]) / 2
    return frame[[*NAMES, "run", "step", "entropy", "low", "high", "target"]]


def reward_curves(runs: Runs) -> pd.DataFrame:
    """label, method, title, seed, run, step (from 1), reward: mean score of the step's rollouts, in [-1,
    1]."""
    frame = _named(runs)
    frame["reward"] = frame["critic/score/mean"]
    return frame[[*NAMES, "run", "step", "reward"]]


def tracking(runs: Runs) -> pd.DataFrame:
    """One row for each run: how it followed its band over steps 21..T, and where its entropy went.

    Columns: label, method, title, seed, run, entropy_start (step 1), entropy_final (last FINAL_STEPS steps),
    tracking_error, band_distance (nats per token), time_in_band (share). All but the start are NaN unless
    every step that they are over is there: what a run would have been is not guessed. time_in_band is NaN for
    a band of width 0.
    """
    curves = entropy_curves(runs)
    planned = runs.runs.set_index("run")["steps"]
    rows = [_tracking_row(str(run), curve, int(planned[run])) for run, curve in curves.groupby("run", observed=True)]
    columns = ["run", "entropy_start", "entropy_final", "tracking_error", "band_distance", "time_in_band"]
    names = runs.runs[["run", *NAMES]]
    return names.merge(pd.DataFrame(rows, columns=columns), on="run", how="left")[[*NAMES, *columns]]


def tracking_summary(runs: Runs) -> pd.DataFrame:
    """One row for each configuration with a band: its mean tracking error with a t interval over seeds.

    Columns: label, method, title, seeds, tracking_error, low, high (nats per token), values (a list, one
    error a seed). low and high are NaN for a single seed.
    """
    frame = tracking(runs).dropna(subset="tracking_error")
    rows = []
    for (label, method, title), group in frame.groupby(["label", "method", "title"], sort=False):
        interval = seed_interval(group["tracking_error"])
        rows.append(
            {
                "label": label,
                "method": method,
                "title": title,
                "seeds": interval.seeds,
                "tracking_error": interval.value,
                "low": interval.low,
                "high": interval.high,
                "values": list(group["tracking_error"]),
            }
        )
    columns = ["label", "method", "title", "seeds", "tracking_error", "low", "high", "values"]
    return pd.DataFrame(rows, columns=columns)


def _named(runs: Runs) -> pd.DataFrame:
    """The steps from 1 on with the names of their run; metrics that nobody logged are NaN columns."""
    needed = ["control/entropy", "actor/entropy", "control/low", "control/high", "critic/score/mean"]
    steps = runs.steps[runs.steps["step"] >= 1]
    steps = steps.reindex(columns=["run", "step", *needed]).astype({"run": "str"})
    return steps.merge(runs.runs[["run", *NAMES]], on="run", how="left")


def _tracking_row(run: str, curve: pd.DataFrame, planned: int) -> dict[str, object]:
    full = curve.set_index("step").reindex(np.arange(1, planned + 1))
    entropy, low, high = (full[name].to_numpy() for name in ("entropy", "low", "high"))
    in_band = estimators.time_in_band(entropy, low, high) if np.any(high > low) else float("nan")
    return {
        "run": run,
        "entropy_start": entropy[0],
        "entropy_final": entropy[-FINAL_STEPS:].mean(),
        "tracking_error": estimators.tracking_error(entropy, (low + high) / 2),
        "band_distance": estimators.band_distance(entropy, low, high),
        "time_in_band": in_band,
    }
