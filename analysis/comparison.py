"""`compare`: one row for each configuration, with intervals, and a verdict against the baseline in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.curves import tracking
from analysis.frames import columns, records
from analysis.interquartile import FEWEST_SEEDS
from analysis.intervals import Kind, crossed_intervals, describe, interquartile_interval
from analysis.notes import design_notes
from analysis.outcomes import Outcomes, final_step, outcomes_at, parse_metric, problem_counts
from analysis.runs import Runs
from analysis.seeding import generator
from analysis.variance import Problems, check
from analysis.verdicts import BASELINE, COLUMNS, Baseline, Question, against, corrected

NAN = float("nan")
IDENTITY = ["label", "method", "title", "schedule", "gamma"]
ROBUST = ["iqm", "iqm_low", "iqm_high"]
CONTROL = ["entropy_start", "entropy_final", "tracking_error", "time_in_band"]


def compare(
    runs: Runs,
    baseline: str | None = "grpo",
    metrics: Sequence[str] = ("mean@n", "pass@K"),
    *,
    step: int | None = None,
    source: str | None = None,
    seed: int = 0,
    problems: Problems = "sampled",
    interval: Kind = "t",
) -> pd.DataFrame:
    """The comparison table: the baseline first, then the configurations by the first metric, best first.

    Columns: label, method, title, schedule, gamma; step (of the validation), steps (planned), seeds, problems, n;
    for each metric M: M, M_low, M_high (pass@K gets the number it stands for); iqm, iqm_low, iqm_high (interquartile
    mean over seeds of the first metric with its t interval, from 4 seeds on); entropy_start, entropy_final,
    tracking_error (nats per token), time_in_band (share), tracked (runs behind these); difference, difference_low,
    difference_high (of the first metric, to the baseline), difference_bootstrap_low, difference_bootstrap_high (the
    percentile interval, for comparison), paired_on (problems, and seeds where both sides have the same), p (two-sided)
    and p_adjusted (Holm, over the comparisons of the table); seeds_needed with its range, to_resolve (the same in
    words); verdict (by p_adjusted at 5 %); problems_are (sampled or fixed); interval (in words); warnings (one seed,
    few problems, an interval that under-covers); notes (what was left out of the row). Intervals are not corrected.

    Args:
        baseline: a label or a method with one configuration; None for no baseline.
        metrics: "mean@n", "mean@32", "pass@8", "pass@K" (K: the smallest n in the table).
        step: validated step to compare at; None: the last one of each configuration.
        source: benchmark; needed where the samples have several.
        problems: "sampled" (the benchmark stands for all problems of its kind) or "fixed" (for itself).
        interval: "t" or "bootstrap", see `analysis.intervals`.
    Raises:
        AnalysisError: k above n, several benchmarks or several baselines.
        ConfigError: unknown metric, benchmark, baseline, `problems` or `interval`; the valid ones are listed.
    """
    check(problems)
    counts = problem_counts(runs, source)
    members = {str(label): list(group["run"]) for label, group in runs.runs.groupby("label", sort=False)}
    steps: dict[str, int] = {}
    outcomes: dict[str, Outcomes] = {}
    for label, names in members.items():
        mine = counts[counts["label"] == label]
        at = final_step(mine) if step is None else step
        found = None if at is None else outcomes_at(mine, at, names)
        if at is not None and found is not None:
            steps[label], outcomes[label] = at, found
    chosen = _numbered(metrics, outcomes)
    base = Baseline.find(runs, baseline)
    followed = tracking(runs).groupby("label")[CONTROL].mean()
    tracked = tracking(runs).groupby("label")["entropy_final"].count()
    by_run = dict(zip(runs.runs["run"], runs.runs["seed"], strict=True))
    asked = Question(chosen[0], problems, interval, seed, by_run)
    rows: list[dict[str, object]] = []
    for row in records(runs.runs.drop_duplicates("label")):
        label = row["label"]
        rows.append(
            {
                **{key: row[key] for key in IDENTITY},
                "step": steps.get(label, NAN),
                "steps": row["steps"],
                **(cells := _metric_cells(outcomes.get(label), chosen, asked, label)),
                **followed.loc[label].to_dict(),
                "tracked": int(tracked[label]),
                **(versus := against(base, label, outcomes, steps, asked)),
                "problems_are": problems,
                "warnings": _joined(cells["warnings"], versus["warnings"]),
                "notes": _notes(runs, members[label], outcomes.get(label)),
            }
        )
    corrected(rows, base)
    frame = pd.DataFrame(rows, columns=_columns(chosen)).astype({"step": "Int64", "n": "Int64"})
    return _ordered(frame, chosen)


def metric_columns(frame: pd.DataFrame) -> list[str]:
    """The metrics of a comparison frame, e.g. ["mean@n", "pass@32"]."""
    return [name.removesuffix("_low") for name in columns(frame) if name.endswith("_low") and "@" in name]


def _numbered(metrics: Sequence[str], outcomes: dict[str, Outcomes]) -> list[str]:
    """The metrics with pass@K replaced by the largest k that every configuration allows."""
    largest = min((found.n for found in outcomes.values()), default=None)
    for metric in metrics:
        parse_metric(metric)
    named = [f"pass@{largest}" if metric == "pass@K" and largest else metric for metric in metrics]
    return list(dict.fromkeys(named))


def _metric_cells(outcomes: Outcomes | None, metrics: Sequence[str], asked: Question, label: str) -> dict[str, object]:
    if outcomes is None:
        empty = {name: NAN for metric in metrics for name in (metric, f"{metric}_low", f"{metric}_high")}
        return {"seeds": 0, "problems": 0, "n": NAN, "interval": "", "warnings": [], **empty}
    stacked = np.stack([outcomes.metric(metric) for metric in metrics])
    design = len(outcomes.runs), len(outcomes.problems)
    cells: dict[str, object] = {
        "seeds": design[0],
        "problems": design[1],
        "n": outcomes.n,
        "interval": describe(*design, kind=asked.kind, taken=asked.taken),
        "warnings": design_notes(*design, "mean", asked.taken, asked.kind),
    }
    drawn = generator(asked.seed, "outcomes", label)
    intervals = crossed_intervals(stacked, drawn, problems=asked.taken, kind=asked.kind)
    for metric, found in zip(metrics, intervals, strict=True):
        cells |= {metric: found.value, f"{metric}_low": found.low, f"{metric}_high": found.high}
    if design[0] >= FEWEST_SEEDS:
        robust = interquartile_interval(stacked[0], problems=asked.taken)
        cells |= dict(zip(ROBUST, (robust.value, robust.low, robust.high), strict=True))
    return cells


def _joined(*notes: object) -> str:
    """Each note once."""
    return "; ".join(dict.fromkeys(str(note) for group in notes if isinstance(group, list) for note in group))


def _notes(runs: Runs, members: Sequence[str], outcomes: Outcomes | None) -> str:
    partial = runs.runs[runs.runs["run"].isin(members) & (runs.runs["partial"] != "")]
    notes = [f"{run['run']}: {run['partial']}" for run in records(partial)]
    return "; ".join(notes + list(outcomes.notes if outcomes else ()))


def _columns(metrics: Sequence[str]) -> list[str]:
    cells = [name for metric in metrics for name in (metric, f"{metric}_low", f"{metric}_high")]
    return [
        *IDENTITY,
        "step",
        "steps",
        "seeds",
        "problems",
        "n",
        *cells,
        *ROBUST,
        *CONTROL,
        "tracked",
        *COLUMNS,
        "verdict",
        "problems_are",
        "interval",
        "warnings",
        "notes",
    ]


def _ordered(frame: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    best_first = frame.sort_values(metrics[0], ascending=False, kind="stable")
    is_base = best_first["verdict"] == BASELINE
    return pd.concat([best_first[is_base], best_first[~is_base]], ignore_index=True)
