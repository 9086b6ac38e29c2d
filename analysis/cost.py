"""Score against what was paid for it: hours of the recorded steps, times the GPUs."""

from __future__ import annotations

import pandas as pd

from analysis.frames import records
from analysis.runs import Runs
from analysis.validation import validation_curves

GPU_HOURS, HOURS = "GPU-h", "h"
STEP_SECONDS = "timing_s/step"
COLUMNS = [
    "label",
    "method",
    "title",
    "source",
    "step",
    "hours",
    "unit",
    "value",
    "low",
    "high",
    "seeds",
    "problems",
    "n",
]


def score_against_hours(runs: Runs, metric: str = "mean@n") -> pd.DataFrame:
    """COLUMNS: a validation metric (share) against the hours that the steps up to it took.

    hours: mean over the configuration's runs of the summed `timing_s/step`, times their GPUs where they have some
    (unit GPU-h, else h). Time that no step of the stitched record has is not in it: starting, waiting, and what a
    resume replayed; `entrocraft status` counts those. A run with a gap in its times has no hours after it, and a
    configuration whose runs had different GPUs has none at all.
    """
    paid = _hours(runs)
    if not len(paid):
        return pd.DataFrame(columns=COLUMNS)
    found = []
    for source in runs.sources:
        curve = validation_curves(runs, (metric,), source=source)
        found.append(curve.merge(paid, on=["label", "step"]).assign(source=source))
    return pd.concat(found, ignore_index=True)[COLUMNS] if found else pd.DataFrame(columns=COLUMNS)


def gpus(row: dict[str, object]) -> int:
    """GPUs of a run, from its configuration (a row of `Runs.runs`); 0 on a CPU, and where it does not say."""
    if row.get("config.backend") == "verl" and row.get("config.platform.name") == "gpu":
        return int(float(str(row["config.platform.gpus"])))
    return int(row.get("config.backend") == "torch" and row.get("config.trainer.device") == "cuda")


def _hours(runs: Runs) -> pd.DataFrame:
    """label, step, hours, unit: mean over the runs of a configuration."""
    if STEP_SECONDS not in runs.steps:
        return pd.DataFrame(columns=["label", "step", "hours", "unit"])
    frames = []
    steps = runs.steps[runs.steps["step"] >= 1].sort_values("step")
    by_run = dict(tuple(steps.groupby("run", observed=True)))
    for label, members in runs.runs.groupby("label", sort=False):
        used = {gpus(row) for row in records(members)}
        if len(used) > 1:
            continue
        (count,) = used
        own = [_seconds(by_run[run]) for run in members["run"] if run in by_run]
        mean = pd.concat(own).groupby(level=0).mean() if own else pd.Series(dtype="float64")
        hours = mean * max(1, count) / 3600
        unit = GPU_HOURS if count else HOURS
        frames.append(pd.DataFrame({"label": label, "step": hours.index, "hours": hours.to_numpy(), "unit": unit}))
    return pd.concat(frames, ignore_index=True)


def _seconds(steps: pd.DataFrame) -> pd.Series:
    """Step -> seconds since the start (0 at step 0), as far as every step before has its time."""
    taken = steps.set_index("step")[STEP_SECONDS]
    whole = taken.notna() & (pd.Series(range(1, len(taken) + 1), index=taken.index) == taken.index)
    return pd.concat([pd.Series({0: 0.0}), taken.cumsum()[whole.cummin()]])
