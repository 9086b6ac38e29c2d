"""Validation metrics with intervals: pass@K curves of the final step, and a metric over training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.intervals import Kind, crossed_intervals
from analysis.outcomes import Outcomes, final_step, outcomes_at, problem_counts
from analysis.runs import Runs
from analysis.seeding import generator
from analysis.variance import Problems

COLUMNS = ["value", "low", "high", "seeds", "problems", "n"]


def pass_at_k_curves(
    runs: Runs,
    ks: Sequence[int] | None = None,
    *,
    step: int | None = None,
    source: str | None = None,
    seed: int = 0,
    problems: Problems = "sampled",
    interval: Kind = "t",
) -> pd.DataFrame:
    """pass@k of every configuration at `step` (None: its last validated step), with intervals.

    Columns: label, method, title, step, k, value, low, high, seeds, problems, n. `ks`: None takes the powers
    of 2 up to n, and n. A k above n is refused (AnalysisError). `problems` and `interval`: see `analysis.intervals`.
    """
    rows = []
    for names, outcomes, at in _final_outcomes(runs, step, source):
        chosen = list(ks) if ks is not None else powers_of_two(outcomes.n)
        metrics = [f"pass@{k}" for k in chosen]
        values = _intervals(outcomes, metrics, names["label"], seed, problems, interval)
        rows += [{**names, "step": at, "k": k, **row} for k, row in zip(chosen, values, strict=True)]
    return pd.DataFrame(rows, columns=["label", "method", "title", "step", "k", *COLUMNS])


def validation_curves(
    runs: Runs,
    metrics: Sequence[str] = ("mean@n", "pass@K"),
    *,
    source: str | None = None,
    seed: int = 0,
    problems: Problems = "sampled",
    interval: Kind = "t",
) -> pd.DataFrame:
    """Metrics over training: label, method, title, step, metric, value, low, high, seeds, problems, n.

    The number of seeds may fall along a curve whose runs ended early; `seeds` says so at every step.
    """
    counts = problem_counts(runs, source)
    rows = []
    for names, mine in _configurations(runs, counts):
        for step in sorted(mine["step"].unique()):
            outcomes = outcomes_at(mine, step)
            assert outcomes is not None
            values = _intervals(outcomes, metrics, names["label"], seed, problems, interval)
            rows += [
                {**names, "step": int(step), "metric": metric, **row}
                for metric, row in zip(metrics, values, strict=True)
            ]
    return pd.DataFrame(rows, columns=["label", "method", "title", "step", "metric", *COLUMNS])


def powers_of_two(n: int) -> list[int]:
    """1, 2, 4, ... up to n, and n itself."""
    return sorted({2**i for i in range(n.bit_length()) if 2**i <= n} | {n})


def _final_outcomes(runs: Runs, step: int | None, source: str | None) -> list[tuple[dict[str, str], Outcomes, int]]:
    counts = problem_counts(runs, source)
    found = []
    for names, mine in _configurations(runs, counts):
        at = final_step(mine) if step is None else step
        outcomes = None if at is None else outcomes_at(mine, at)
        if outcomes is not None and at is not None:
            found.append((names, outcomes, at))
    return found


def _configurations(runs: Runs, counts: pd.DataFrame) -> list[tuple[dict[str, str], pd.DataFrame]]:
    names = runs.runs[["label", "method", "title"]].drop_duplicates("label")
    return [
        ({str(key): str(value) for key, value in row.items()}, counts[counts["label"] == row["label"]])
        for row in names.to_dict("records")
    ]


def _intervals(
    outcomes: Outcomes, metrics: Sequence[str], label: str, seed: int, problems: Problems, kind: Kind
) -> list[dict[str, object]]:
    stacked = np.stack([outcomes.metric(metric) for metric in metrics])
    intervals = crossed_intervals(stacked, generator(seed, "outcomes", label), problems=problems, kind=kind)
    return [
        {
            "value": i.value,
            "low": i.low,
            "high": i.high,
            "seeds": i.seeds,
            "problems": i.problems,
            "n": outcomes.n,
        }
        for i in intervals
    ]
