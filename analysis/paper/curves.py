"""Sentences about curves, which the paper shows in figures only: decided from the runs of an experiment, or not at all.

Each rule is a number of a run's curves, and what that number must be. Every threshold is a field and is stated with the
result. Entropies in nats per token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.curves import entropy_curves
from analysis.paper.findings import Finding, Verdict
from analysis.paper.which import Which
from analysis.runs import Runs

Frames = Mapping[str, pd.DataFrame]
Number = Callable[[pd.DataFrame, pd.DataFrame], float]
"""From the entropy curve and the step records of one run, both ascending in steps, to one number (NaN: not given)."""


@dataclass(frozen=True)
class Curve:
    """Rows of runs, a number of each run, and the test of the rows' means.

    of: row -> its runs. number: what is read off each run. test: from the means by row to whether it holds. unit and
    words say what was read.
    """

    of: Mapping[str, Which]
    number: Number
    test: Callable[[Mapping[str, float]], bool]
    words: str

    def decide(self, runs: Runs) -> Finding:
        """Cannot be decided while a row has no whole run, or its runs do not log what is needed."""
        values: dict[str, list[float]] = {}
        for row, which in self.of.items():
            members = which.of(runs)
            if not len(members):
                return Finding(Verdict.OPEN, f"no run of {which.experiment}")
            values[row] = self._numbers(runs, list(members.loc[members["partial"] == "", "run"]))
            if not values[row]:
                return Finding(Verdict.OPEN, f"no whole run of {which.experiment} that logs it")
        means = {row: float(np.mean(found)) for row, found in values.items()}
        numbers = "; ".join(f"{row} {means[row]:.3g} ({len(found)} runs)" for row, found in values.items())
        verdict = Verdict.HOLDS if self.test(means) else Verdict.FAILS
        return Finding(verdict, f"{self.words}: {numbers}", _spread(values))

    def _numbers(self, runs: Runs, members: list[str]) -> list[float]:
        entropy = entropy_curves(runs)
        found = []
        for run in members:
            curve = entropy[entropy["run"] == run].sort_values("step")
            steps = runs.steps[(runs.steps["run"] == run) & (runs.steps["step"] >= 1)].sort_values("step")
            found.append(self.number(curve, steps))
        return [value for value in found if not np.isnan(value)]


def _spread(values: Mapping[str, list[float]]) -> str:
    parts = [
        f"{row} {np.std(found, ddof=1) / len(found) ** 0.5:.2g}" if len(found) > 1 else f"{row}: one run, not known"
        for row, found in values.items()
    ]
    return "standard error over seeds: " + "; ".join(parts)


def remaining(curve: pd.DataFrame, steps: pd.DataFrame) -> float:
    """Entropy at the end (mean of the last 5 steps) over that of step 1."""
    entropy = curve["entropy"].to_numpy()
    return float(entropy[-5:].mean() / entropy[0]) if len(entropy) > 5 else float("nan")


def falling(curve: pd.DataFrame, steps: pd.DataFrame) -> float:
    """Share of steps after which entropy is lower."""
    changes = np.diff(curve["entropy"].to_numpy())
    return float((changes < 0).mean()) if len(changes) else float("nan")


def tracking_nats(curve: pd.DataFrame, steps: pd.DataFrame) -> float:
    """Mean of |H - target| over steps 21 to the last."""
    late = curve[curve["step"] >= 21]
    return float((late["entropy"] - late["target"]).abs().mean()) if len(late) else float("nan")


def first_reached(curve: pd.DataFrame, steps: pd.DataFrame, within: float = 0.05) -> float:
    """First step whose entropy is within so many nats of the target; infinite where none is."""
    return _first(curve, (curve["entropy"] - curve["target"]).abs() <= within)


def half_life(curve: pd.DataFrame, steps: pd.DataFrame) -> float:
    """First step with at most half of the entropy of step 1; infinite where none has."""
    return _first(curve, curve["entropy"] <= curve["entropy"].iloc[0] / 2)


def mean_change(curve: pd.DataFrame, steps: pd.DataFrame) -> float:
    """Mean absolute change of entropy from step to step."""
    return float(np.abs(np.diff(curve["entropy"].to_numpy())).mean())


def restlessness(curve: pd.DataFrame, steps: pd.DataFrame) -> float:
    """Standard deviation of the entropy's changes in the last third of the steps, over that in the first third."""
    changes = np.diff(curve["entropy"].to_numpy())
    third = len(changes) // 3
    if third < 3 or changes[:third].std() == 0:
        return float("nan")
    return float(changes[-third:].std() / changes[:third].std())


def restless_nats(curve: pd.DataFrame, steps: pd.DataFrame) -> float:
    """Standard deviation of the entropy's changes in the last third of the steps."""
    changes = np.diff(curve["entropy"].to_numpy())
    third = len(changes) // 3
    return float(changes[-third:].std()) if third >= 3 else float("nan")


def surer_of_right(curve: pd.DataFrame, steps: pd.DataFrame) -> float:
    """Share of steps at which right rollouts are likelier per token than wrong ones."""
    needed = ["actor/log_prob_positive", "actor/log_prob_negative"]
    if not set(needed) <= set(steps.columns):
        return float("nan")
    known = steps[needed].dropna()
    return float((known[needed[0]] > known[needed[1]]).mean()) if len(known) else float("nan")


def seconds(curve: pd.DataFrame, steps: pd.DataFrame) -> float:
    """Mean time of a step, seconds."""
    return float(steps["timing_s/step"].mean()) if "timing_s/step" in steps else float("nan")


def _first(curve: pd.DataFrame, where: pd.Series) -> float:
    return float(curve.loc[where, "step"].min()) if where.any() else float("inf")
