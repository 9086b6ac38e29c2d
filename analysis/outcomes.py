"""Validation samples -> correct counts of a configuration at one step, and metrics of them.

Shapes: S seeds (runs of one configuration), P problems, n samples of each problem by each seed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import estimators
from analysis.runs import Runs
from harness.core.pass_at_k import pass_at_k
from harness.errors import AnalysisError, unknown

Floats = estimators.Floats
METRIC = re.compile(r"(mean|pass)@(n|K|[1-9]\d*)")


@dataclass(frozen=True)
class Outcomes:
    """Correct answers of one configuration at one step.

    correct: (S, P) samples that were right, out of n. runs: S names. problems: P ids, sorted. notes: what was
    left out to make the table rectangular.
    """

    correct: Floats
    n: int
    runs: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def metric(self, name: str) -> Floats:
        """(S, P) value of "mean@n", "mean@32" (refused unless n = 32) or "pass@k" (refused for k > n)."""
        kind, number = parse_metric(name)
        if kind == "pass":
            return pass_at_k(self.n, self.correct, self.n if number is None else number)
        if number not in (None, self.n):
            raise AnalysisError(
                f"{name} is over exactly {number} samples of each problem",
                f"n={self.n}",
                f"Ask for mean@{self.n}, or for mean@n.",
            )
        return self.correct / self.n

    def on(self, problems: Sequence[str]) -> Outcomes:
        """The same seeds on some of the problems, in the order given."""
        where = {problem: column for column, problem in enumerate(self.problems)}
        columns = [where[problem] for problem in problems]
        return Outcomes(self.correct[:, columns], self.n, self.runs, tuple(problems), self.notes)


def parse_metric(name: str) -> tuple[str, int | None]:
    """ "pass@8" -> ("pass", 8); "mean@n" and "pass@K" -> (kind, None): as many as were drawn."""
    match = METRIC.fullmatch(name)
    if match is None:
        raise unknown("metrics", [name], ["mean@n", "mean@<n>", "pass@<k>", "pass@K"])
    kind, number = match.groups()
    return kind, int(number) if number.isdigit() else None


def problem_counts(runs: Runs, source: str | None = None) -> pd.DataFrame:
    """label, run, step, problem_id, n, c of one benchmark (`source`; None where there is only one).

    Raises:
        AnalysisError: several benchmarks and none named, or one that is not there.
    """
    counts, sources = runs.counts, runs.sources
    if source is None and len(sources) > 1:
        raise AnalysisError(
            "benchmarks are not averaged into one another",
            f"samples of {', '.join(sources)}",
            f"Name one, e.g. source={sources[0]!r}.",
        )
    if source is not None and source not in sources:
        raise unknown("benchmarks", [source], sources)
    wanted = counts[counts["source"] == (source or (sources[0] if sources else ""))].astype({"run": "str"})
    return wanted.merge(runs.runs[["run", "label"]], on="run")[["label", "run", "step", "problem_id", "n", "c"]]


def final_step(counts: pd.DataFrame) -> int | None:
    """Last validated step among the given counts; None where there are none."""
    return int(counts["step"].max()) if len(counts) else None


def outcomes_at(counts: pd.DataFrame, step: int, expected: Sequence[str] = ()) -> Outcomes | None:
    """The outcomes of one configuration at a step; None where no run was validated there.

    Args:
        counts: rows of `problem_counts` of one configuration.
        expected: runs that belong to the configuration; those without this step are named in the notes.
    Raises:
        AnalysisError: the runs drew different numbers of samples, or share no problem.
    """
    here = counts[counts["step"] == step]
    if not len(here):
        return None
    if here["n"].nunique() > 1:
        drawn = ", ".join(map(str, sorted(here["n"].unique())))
        raise AnalysisError(
            "the seeds of a configuration draw the same number of samples",
            f"n of {drawn}",
            "Load the runs of one validation setting at a time.",
        )
    table = here.pivot(index="run", columns="problem_id", values="c")
    shared = table.dropna(axis="columns")
    if not shared.shape[1]:
        raise AnalysisError(
            "the seeds of a configuration answer the same problems",
            f"none shared at step {step}",
            "Load the runs of one validation set at a time.",
        )
    notes = []
    if absent := sorted(set(expected) - set(table.index)):
        notes.append(f"no samples at step {step}: {', '.join(absent)}")
    if lost := table.shape[1] - shared.shape[1]:
        notes.append(f"{lost} problems left out at step {step}: not answered by every seed")
    return Outcomes(
        shared.to_numpy(np.float64),
        int(here["n"].iloc[0]),
        tuple(shared.index),
        tuple(shared.columns),
        tuple(notes),
    )
