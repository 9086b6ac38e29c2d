"""The gamma sweep: configurations that differ in nothing but the sharpness of their filter."""

from __future__ import annotations

import pandas as pd

from analysis.curves import tracking
from analysis.frames import columns, records
from analysis.intervals import crossed_intervals, seed_interval
from analysis.naming import NOT_A_SETTING, gamma_words
from analysis.outcomes import final_step, outcomes_at, problem_counts
from analysis.runs import Runs

TRACKING, SCORE = "tracking error", "mean@n"
COLUMNS = [
    *("series", "method", "gamma", "metric", "source", "value", "low", "high", "seeds", "problems", "n", "step"),
]


def gamma_sweep(runs: Runs) -> pd.DataFrame:
    """COLUMNS: tracking error (nats per token) and mean@n of every benchmark (share) against gamma (infinite: the hard
    filter), for each set of configurations with at least two gammas and no other difference.

    low, high: 95 % t interval, over seeds, or over seeds and problems (taken as sampled). mean@n is that of the last
    validated step.
    """
    members = _sets(runs)
    rows: list[dict[str, object]] = []
    errors = tracking(runs).dropna(subset="tracking_error").groupby("label")["tracking_error"]
    for row in records(members):
        names = {key: row[key] for key in ("series", "method", "gamma")}
        if row["label"] in errors.groups:
            found = seed_interval(errors.get_group(row["label"]))
            interval = {"value": found.value, "low": found.low, "high": found.high, "seeds": found.seeds}
            rows.append({**names, "metric": TRACKING, "source": "", **interval})
    for source in runs.sources if len(members) else []:
        counts = problem_counts(runs, source)
        for row in records(members):
            mine = counts[counts["label"] == row["label"]]
            step = final_step(mine)
            outcomes = None if step is None else outcomes_at(mine, step)
            if outcomes is None:
                continue
            (found,) = crossed_intervals(outcomes.metric("mean@n")[None])
            interval = {"value": found.value, "low": found.low, "high": found.high, "seeds": found.seeds}
            counted = {"problems": found.problems, "n": outcomes.n, "step": step}
            names = {key: row[key] for key in ("series", "method", "gamma")}
            rows.append({**names, "metric": SCORE, "source": source, **interval, **counted})
    frame = pd.DataFrame(rows, columns=COLUMNS)
    whole = dict.fromkeys(("seeds", "problems", "n", "step"), "Int64")
    return frame.astype({**dict.fromkeys(("gamma", "value", "low", "high"), "float64"), **whole})


def _sets(runs: Runs) -> pd.DataFrame:
    """series, label, method, gamma of each configuration that has a fellow with another gamma and nothing else."""
    frame = runs.runs[runs.runs["gamma"].notna()]
    if not len(frame):
        return pd.DataFrame(columns=["series", "label", "method", "gamma"])
    unlike = (*NOT_A_SETTING, "method.gamma", "experiment")
    settings = [
        name
        for name in columns(frame)
        if name.startswith("config.")
        and not f"{name.removeprefix('config.')}.".startswith(tuple(f"{u}." for u in unlike))
    ]
    sets = frame.assign(key=frame[settings].map(str).agg("|".join, axis=1), series="")
    for _, group in sets.groupby("key"):
        if group["gamma"].nunique() > 1:
            plain = str(group["label"].iloc[0]).replace(f", {gamma_words(group['gamma'].iloc[0])}", "")
            sets.loc[group.index, "series"] = plain
    chosen = sets[sets["series"] != ""]
    return chosen[["series", "label", "method", "gamma"]].drop_duplicates("label").sort_values("gamma", kind="stable")
