"""What the theory predicts of a step's entropy, against what the next step measured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.curves import NAMES
from analysis.frames import records
from analysis.runs import Runs

ENTROPY = "actor/entropy"
PREDICTIONS: Mapping[str, tuple[str, int]] = {
    "first order": ("rollouts/first_order_change", 1),
    "covariance": ("tokens/surplus_covariance", -1),
}
"""Name -> the metric whose sign, times the number, is the predicted one of the change of entropy."""
SHARES = ("tokens/above", "tokens/above_positive", "tokens/above_negative", "rollouts/above")
COLUMNS = [*NAMES, "run", "prediction", "agreement", "steps", "fell", *SHARES]


def sign_agreement(runs: Runs) -> pd.DataFrame:
    """One row for each run that logs them and each prediction: COLUMNS.

    agreement: share of the steps after which the entropy, over all tokens of the next step's rollouts, changed as
    predicted. steps: how many have a prediction, a next step and a change; a prediction of exactly 0, such as the
    covariance with advantages that are all equal, is none. fell: share of these after which it fell, which is what a
    constant prediction would reach. Then the means over steps of the shares in SHARES (docs/run-folder.md). Steps of
    one run are not independent, and a batch's entropy is sampled: no interval is given.
    """
    rows = []
    for run in records(runs.runs[["run", *NAMES]]):
        steps = runs.steps[runs.steps["run"] == run["run"]].sort_values("step").set_index("step")
        if ENTROPY not in steps:
            continue
        following = steps[ENTROPY].reindex(steps.index + 1).to_numpy()
        change = following - steps[ENTROPY].to_numpy()
        shares = {name: float(steps[name].mean()) if name in steps else float("nan") for name in SHARES}
        for name, (metric, sign) in PREDICTIONS.items():
            if metric not in steps:
                continue
            predicted = sign * steps[metric].to_numpy()
            there = ~np.isnan(change) & ~np.isnan(predicted) & (change != 0) & (predicted != 0)
            if there.any():
                agreement = float(np.mean(np.sign(predicted[there]) == np.sign(change[there])))
                found = {"prediction": name, "agreement": agreement, "steps": int(there.sum())}
                rows.append(run | found | {"fell": float(np.mean(change[there] < 0))} | shares)
    return pd.DataFrame(rows, columns=COLUMNS)
