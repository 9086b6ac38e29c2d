"""Cells of the paper's tables from runs: the correct counts behind a cell, or the reason why there are none.

A cell is filled by a run that is what the paper's is: trained to its end, validated on the whole benchmark with as many
answers. Anything else would be another number under the paper's heading, and is reported instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from analysis.frames import records
from analysis.outcomes import Outcomes, outcomes_at, problem_counts
from analysis.paper.cells import SAMPLES, Column
from analysis.paper.sampling import Score, measured_score
from analysis.paper.which import Which
from analysis.runs import Runs

PROMPTS, EVERY = "config.trainer.prompts_per_step", "config.validation.every"


@dataclass(frozen=True)
class Measured:
    """A cell from runs. `step`: where it was validated; `prompts`: seen in training until then (missing: not known)."""

    score: Score
    step: int
    prompts: int | None
    seeds: int
    problems: int
    runs: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Missing:
    """Why runs do not fill a cell; "" where there is no run at all."""

    experiment: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.experiment}: {self.reason}" if self.reason else f"no run of {self.experiment}"


@dataclass(frozen=True, eq=False)
class Counts:
    """The correct counts of all runs, made once for each benchmark, and the cells made from them: many claims ask for
    the same ones."""

    runs: Runs
    _made: dict[str, pd.DataFrame] = field(default_factory=dict)
    _members: dict[str, pd.DataFrame] = field(default_factory=dict)
    _cells: dict[tuple[str, Column], Measured | Missing] = field(default_factory=dict)

    def members(self, which: Which) -> pd.DataFrame:
        """Rows of `runs.runs` of an experiment."""
        key = repr(which)  # not the name alone: measurements of checkpoints stand for an experiment by fewer settings
        if key not in self._members:
            self._members[key] = which.of(self.runs)
        return self._members[key]

    def of(self, source: str) -> pd.DataFrame | None:
        """`problem_counts` of a benchmark; None where nobody was validated on it."""
        if source not in self._made:
            if source not in self.runs.sources:
                return None
            self._made[source] = problem_counts(self.runs, source)
        return self._made[source]


def measure(which: Which, column: Column, counted: Counts) -> Measured | Missing:
    """The cell of a row's runs in a column that is no average."""
    key = (which.experiment, column)
    if key not in counted._cells:
        counted._cells[key] = _measure(which, column, counted)
    return counted._cells[key]


def _measure(which: Which, column: Column, counted: Counts) -> Measured | Missing:
    members = one_configuration(which, counted.members(which))
    if isinstance(members, Missing):
        return members
    counts = counted.of(column.benchmark.source)
    if counts is None:
        return Missing(which.experiment, f"no samples of {column.benchmark.source}")
    counts = counts[counts["run"].isin(members["run"])]
    step = validated_step(members, counts, column)
    if isinstance(step, str):
        return Missing(which.experiment, step)
    outcomes = outcomes_at(counts, step, list(members["run"]))
    assert outcomes is not None
    if wrong := _unlike(outcomes, column):
        return Missing(which.experiment, wrong)
    return Measured(
        measured_score(outcomes.correct, outcomes.n, column),
        step,
        step * int(members[PROMPTS].iloc[0]) if PROMPTS in members else None,
        len(outcomes.runs),
        len(outcomes.problems),
        outcomes.runs,
        (*outcomes.notes, *(f"{row['run']}: {row['partial']}" for row in records(members) if row["partial"])),
    )


def one_configuration(which: Which, members: pd.DataFrame) -> pd.DataFrame | Missing:
    """The members, rows of `Runs.runs`, or why they cannot stand for the experiment."""
    if not len(members):
        return Missing(which.experiment)
    if members["label"].nunique() > 1:
        labels = "; ".join(map(str, members["label"].unique()))
        return Missing(which.experiment, f"several configurations could be meant: {labels}")
    return members


def validated_step(members: pd.DataFrame, counts: pd.DataFrame, column: Column) -> int | str:
    """The validated step that a column means, or why there is none. `counts`: of the members, one benchmark."""
    validated = sorted(counts["step"].unique())
    if not validated:
        return f"no samples of {column.benchmark.source}"
    every = int(members[EVERY].iloc[0]) if EVERY in members else 1
    if column.train_samples is None:
        planned = int(members["steps"].iloc[0])
        reached, last = int(members["last_step"].min()), int(validated[-1])
        if reached < planned:
            return f"trained to step {reached} of {planned}"
        return last if last > planned - every else f"last validated at step {last} of {planned}"
    if PROMPTS not in members:
        return "the prompts of a step are not recorded"
    wanted = column.train_samples / int(members[PROMPTS].iloc[0])
    nearest = min(validated, key=lambda step: abs(step - wanted))
    if abs(nearest - wanted) > every / 2:
        return f"no validation within {every / 2:g} steps of step {wanted:.1f} ({column.train_samples:,} prompts)"
    return int(nearest)


def _unlike(outcomes: Outcomes, column: Column) -> str:
    if outcomes.n != SAMPLES:
        return f"{outcomes.n} answers a problem of {column.title}, not {SAMPLES}"
    if len(outcomes.problems) != column.benchmark.problems:
        return f"{len(outcomes.problems)} problems of {column.title}, not {column.benchmark.problems}"
    return ""
