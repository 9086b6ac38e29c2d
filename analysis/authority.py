"""Authority: does the entropy move the way that the filter's direction m asks for, update by update of the policy?

The change of a step is H of the next step's batch minus H of its own, nats per token, where the step made an update.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.frames import columns, records
from analysis.inference import LEVEL
from analysis.intervals import Interval, seed_interval
from analysis.multiplicity import holm
from analysis.naming import NOT_A_SETTING
from analysis.runs import Runs

RIGHT, WRONG, UNRESOLVED, REFERENCE = "right way", "wrong way", "not resolved", "reference"
AUTHORITY = "has authority"
UNREACHED = math.exp(20) - 1
"""A clip bound from here on is none: backends hold the log-ratio within 20 nats."""
SCORED_STEPS = 5
"""The score at the end is the mean over this many last steps."""

CELL = ["updates", "clip", "clip_low", "clip_high", "lr"]
SPAN = [
    *CELL,
    "cell",
    "seeds",
    "down",
    "up",
    "reference",
    "span",
    "low",
    "high",
    "p",
    "p_adjusted",
    "verdict",
    "uncorrected",
]
COLUMNS = [
    *("label", "method", "cell", *CELL, "m", "fixed", "seeds", "steps", "change", "low", "high", "wanted", "score"),
    *("p", "p_adjusted", "verdict", "uncorrected", "values", "notes"),
]
_STEP = ["control/entropy", "control/m", "control/skipped_update", "critic/score/mean"]


def authority_by_seed(runs: Runs) -> pd.DataFrame:
    """One row for each run and direction m: the mean of its changes after a step with this m.

    Columns: run, label, method, seed, partial, cell (a number: everything but method and schedule is equal), updates (a
    batch, as configured), clip (in words), clip_low, clip_high, lr, m, fixed (the run had one m throughout), steps
    (changes that were measured), change (nats per token), wanted (share of the steps whose change has the sign that m
    asks for; NaN for m = 0), score (mean reward of the last steps). A step without its successor has no change.
    """
    frame = runs.steps[runs.steps["step"] >= 1].reindex(columns=["run", "step", *_STEP]).astype({"run": "str"})
    frame = frame.sort_values(["run", "step"]).rename(columns={"control/m": "m"})
    of_run = frame.groupby("run")
    follows = (of_run["step"].shift(-1) == frame["step"] + 1) & (frame["control/skipped_update"] != 1)
    frame["change"] = (of_run["control/entropy"].shift(-1) - frame["control/entropy"]).where(follows)
    frame["wanted"] = (-frame["m"] * frame["change"] > 0).astype("float64").where(frame["m"] != 0)
    moved = frame.dropna(subset=["change", "m"]).groupby(["run", "m"], as_index=False)
    seeds = moved.agg(steps=("change", "size"), change=("change", "mean"), wanted=("wanted", "mean"))
    seeds["fixed"] = seeds["run"].map(of_run["m"].nunique()) == 1
    seeds["score"] = seeds["run"].map(of_run["critic/score/mean"].apply(lambda score: score.tail(SCORED_STEPS).mean()))
    named = runs.runs[["run", "label", "method", "seed", "partial"]].join(_cells(runs))
    return named.merge(seeds.astype({"m": "int64"}), on="run")


def authority(runs: Runs) -> pd.DataFrame:
    """One row for each configuration and direction m, with a t interval over seeds of the mean change.

    Columns: label, method, cell, updates, clip, clip_low, clip_high, lr, m, fixed, seeds, steps (of all seeds), change,
    low, high (nats per token and step), wanted (share of steps), score, p (two-sided, of no change), p_adjusted (Holm,
    over the rows with m != 0), verdict, values (one change a seed), notes (partial runs). verdict, by p_adjusted at
    5 %: "right way" when the entropy moves as m asks for, "wrong way", "not resolved"; m = 0 is a "reference".
    uncorrected: the same by p.
    """
    rows = []
    for (label, m), group in authority_by_seed(runs).groupby(["label", "m"], sort=False):
        found = seed_interval(group["change"])
        plain = {name: group[name].iloc[0] for name in ("method", "cell", *CELL)}
        rows.append(
            {
                **{"label": label, "m": m, **plain, **_estimate(found, "change")},
                "fixed": bool(group["fixed"].all()),
                "steps": int(group["steps"].sum()),
                "wanted": group["wanted"].mean(),
                "score": group["score"].mean(),
                "values": list(group["change"]),
                "notes": "; ".join(f"{run['run']}: {run['partial']}" for run in records(group) if run["partial"]),
            }
        )
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"fixed": "bool"})
    frame["p_adjusted"] = holm(frame["p"].where(frame["m"] != 0).astype("float64"))
    for column, p in (("verdict", "p_adjusted"), ("uncorrected", "p")):
        frame[column] = [_verdict(row["m"], row["change"], row[p]) for row in records(frame)]
    return frame.sort_values([*CELL[:1], "lr", "clip_high", "cell", "m"], kind="stable", ignore_index=True)


def authority_cells(runs: Runs) -> pd.DataFrame:
    """One row for each setting that was run with either direction throughout: has the filter authority there?

    Columns: updates, clip, clip_low, clip_high, lr, cell, seeds, down and up (mean change with m = +1 and m = -1),
    reference (with no filter, where the cell has it), span (up - down: above 0 the sign of the filter matters,
    whatever moves the entropy besides), low, high (t interval of the span over seeds, paired on them), p, p_adjusted
    (Holm, of the spans); nats per token and step. verdict, by those of `authority`: "has authority" when m = +1 lowers
    the entropy and m = -1 raises it, "wrong way" with the m that moves it so, "not resolved"; uncorrected: by those
    without correction. A cell needs exactly one configuration of each direction.
    """
    seeds, by_row = authority_by_seed(runs), authority(runs)
    told = {(row["label"], row["m"]): row for row in records(by_row)}
    rows = []
    for cell, group in seeds[seeds["fixed"]].groupby("cell"):
        labels = group.drop_duplicates(["label", "m"]).groupby("m")["label"].apply(list).to_dict()
        if len(labels.get(1, [])) != 1 or len(labels.get(-1, [])) != 1:
            continue
        sides = group[group["m"] != 0].pivot(index="seed", columns="m", values="change").dropna()
        if not len(sides):
            continue
        down, up = told[labels[1][0], 1], told[labels[-1][0], -1]
        free = [told[label, 0]["change"] for label in labels.get(0, [])]
        rows.append(
            {
                **{name: down[name] for name in CELL},
                **_estimate(seed_interval(sides[-1] - sides[1]), "span"),
                "cell": cell,
                "down": down["change"],
                "up": up["change"],
                "reference": free[0] if len(free) == 1 else float("nan"),
                "verdict": _together(down["verdict"], up["verdict"]),
                "uncorrected": _together(down["uncorrected"], up["uncorrected"]),
            }
        )
    frame = pd.DataFrame(rows, columns=SPAN)
    frame["p_adjusted"] = holm(frame["p"].astype("float64"))
    return frame.sort_values(["updates", "lr", "clip_high"], kind="stable", ignore_index=True)


def clip_text(low: float, high: float) -> str:
    """Clip bounds in words: "none", "0.2", "0.2/0.28"."""
    if low >= 1 and high >= UNREACHED:
        return "none"
    return f"{low:g}" if low == high else f"{low:g}/{high:g}"


def _cells(runs: Runs) -> pd.DataFrame:
    """`cell` and CELL of each row of `runs.runs`, by its index."""
    frame = runs.runs
    without = (*NOT_A_SETTING, "method", "schedule", "validation")
    kept = [name for name in columns(frame) if name.startswith("config.") and name.split(".")[1] not in without]
    settings = [tuple(map(str, row.values())) for row in records(frame[kept])]
    wanted = {
        "epochs": "config.trainer.epochs",
        "mini_batches": "config.trainer.mini_batches",
        "clip_low": "config.loss.clip_low",
        "clip_high": "config.loss.clip_high",
        "lr": "config.trainer.lr",
    }
    cells = pd.DataFrame({name: frame.get(key, np.nan) for name, key in wanted.items()}, index=frame.index)
    cells = cells.astype("float64")
    cells["updates"] = cells["epochs"] * cells["mini_batches"]
    cells["clip"] = [clip_text(low, high) for low, high in zip(cells["clip_low"], cells["clip_high"], strict=True)]
    cells["cell"] = pd.factorize(pd.Series(settings, dtype=object))[0]
    return cells[["cell", *CELL]]


def _estimate(found: Interval, name: str) -> dict[str, object]:
    return {name: found.value, "low": found.low, "high": found.high, "seeds": found.seeds, "p": found.p}


def _verdict(m: int, change: float, p: float) -> str:
    if m == 0:
        return REFERENCE
    if np.isnan(p) or p >= 1 - LEVEL:
        return UNRESOLVED
    return RIGHT if -m * change > 0 else WRONG


def _together(down: str, up: str) -> str:
    """The verdict of a cell from those of its two directions."""
    wrong = [f"m = {m}" for m, verdict in (("+1", down), ("-1", up)) if verdict == WRONG]
    if wrong:
        return f"{WRONG} at {' and '.join(wrong)}"
    return AUTHORITY if down == up == RIGHT else UNRESOLVED
