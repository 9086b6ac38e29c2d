"""Authority of the filter: how much a step that pushes entropy moves it, by updates per batch and clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis import naming
from analysis.frames import records
from analysis.intervals import seed_interval
from analysis.runs import Runs

DOWN, UP = "down", "up"
"""m = +1: entropy shall fall (a filter keeps A > 0); m = -1: it shall rise (a filter keeps A < 0)."""
ONE_SIGN = {"psr": DOWN, "raftpp": DOWN, "nsr": UP}
"""Methods whose every update is one-sided: their authority is the mean change of entropy from step to step."""
LOGGED = {DOWN: "control/authority_down", UP: "control/authority_up"}
COLUMNS = [
    *("configuration", "label", "method", "direction", "updates", "clip", "lr"),
    *("change", "low", "high", "seeds", "steps"),
]
KEYS = COLUMNS[:7]
NO_CLIP = 10.0
"""An upper clip of this or more, with a lower one of 1, cuts off ratios above 11 alone, which a step does not reach."""


def authority(runs: Runs) -> pd.DataFrame:
    """COLUMNS: the mean change of entropy by a step that pushed it down or up, nats per token and step.

    configuration: method, schedule and gamma, without what it is compared by. updates: of a batch, epochs x
    mini-batches. clip: see `clip_text`. change: mean over seeds of each run's mean over its `steps` (which add up over
    seeds); low, high: 95 % t interval over seeds. Runs that do not tell their updates, or never pushed, are left out.
    """
    frame = runs.runs
    if not {"config.trainer.epochs", "config.trainer.mini_batches"} <= set(frame.columns):
        return pd.DataFrame(columns=COLUMNS)
    known = frame[frame["config.trainer.epochs"].notna() & frame["config.trainer.mini_batches"].notna()]
    steps = dict(tuple(runs.steps.groupby("run", observed=True)))
    rows = []
    for row in records(known):
        for direction, changes in _changes(row["method"], steps[row["run"]]).items():
            if len(changes):
                rows.append({**_setting(row), "direction": direction, "change": changes.mean(), "steps": len(changes)})
    found = pd.DataFrame(rows, columns=[*KEYS, "change", "steps"])
    summed = [
        {**dict(zip(KEYS, names, strict=True)), "steps": int(group["steps"].sum()), **_interval(group["change"])}
        for names, group in found.groupby(KEYS, sort=False, dropna=False)
    ]
    return pd.DataFrame(summed, columns=COLUMNS)


def _changes(method: str, steps: pd.DataFrame) -> dict[str, np.ndarray]:
    """Changes of entropy by direction, in nats per token and step."""
    if method in ONE_SIGN:
        curve = steps[steps["step"] >= 1].sort_values("step").get("actor/entropy", pd.Series(dtype="float64"))
        changes = np.diff(curve.to_numpy(np.float64))
        return {ONE_SIGN[method]: changes[np.isfinite(changes)]}
    return {
        direction: steps[name].dropna().to_numpy() if name in steps else np.array([])
        for direction, name in LOGGED.items()
    }


def _setting(row: Mapping[str, Any]) -> dict[str, object]:
    clip = clip_text(row.get("config.loss.clip_low"), row.get("config.loss.clip_high"))
    words = [row["title"], row["schedule_text"]]
    named = " ".join(word for word in words if isinstance(word, str))
    gamma = "" if pd.isna(row["gamma"]) else f", {naming.gamma_words(row['gamma'])}"
    return {
        "configuration": f"{named}{gamma}",
        "label": row["label"],
        "method": row["method"],
        "updates": int(row["config.trainer.epochs"]) * int(row["config.trainer.mini_batches"]),
        "clip": clip,
        "lr": float(row.get("config.trainer.lr", "nan")),
    }


def clip_text(low: Any, high: Any) -> str:
    """ "0.2", "0.2/0.28" (low/high), "none" where both bounds are beyond any ratio, "unknown"."""
    if pd.isna(low) or pd.isna(high):
        return "unknown"
    if float(low) >= 1 and float(high) >= NO_CLIP:
        return "none"
    return "/".join(f"{bound:g}" for bound in dict.fromkeys((float(low), float(high))))


def _interval(changes: pd.Series) -> dict[str, object]:
    found = seed_interval(changes)
    return {"change": found.value, "low": found.low, "high": found.high, "seeds": found.seeds}
