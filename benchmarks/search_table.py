"""The table that searches are replayed on: one line a run, in CSV; a part of one is a table, too."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.config.space import Value
from harness.config.study import StudyConfig
from harness.errors import InputError
from harness.runs.atomic import write_file
from sweeps.plan import grid_params, hydra_text

LOOK = "step_"
"""Begins the columns of the metric, one for each step that records it: step_0, step_20, ..."""
BESIDE = ("seed", "seconds", "steps", "commit", "key")

Name = tuple[str, ...]
"""A point: its values as texts, in the order of the space; "" where a dimension is not active."""


@dataclass(frozen=True)
class Line:
    """A run that ended. `values`: step -> metric; `seconds`: of all its steps, validation not among them."""

    point: Name
    seed: int
    values: Mapping[int, float]
    seconds: float
    steps: int
    commit: str = ""
    """Of the code that computed it."""
    key: str = ""
    """Of its resolved configuration (`sweeps.asking.key_of`)."""


@dataclass(frozen=True)
class Table:
    """All P points on S seeds, none missing.

    Attributes: `params` key -> value of each point; `looks` (K,) rising steps, the last one is the end of a run;
    `curves` (P, S, K) the metric; `seconds` (P, S).
    """

    params: tuple[dict[str, Value], ...]
    seeds: tuple[int, ...]
    looks: tuple[int, ...]
    curves: NDArray[np.float64]
    seconds: NDArray[np.float64]

    @property
    def ends(self) -> NDArray[np.float64]:
        """(P, S): the metric at the end of each run."""
        ends: NDArray[np.float64] = self.curves[:, :, -1]
        return ends

    @property
    def repeats(self) -> int:
        """Runs whose whole curve is that of another point on the same seed."""
        each = [{tuple(curve) for curve in self.curves[:, seed]} for seed in range(len(self.seeds))]
        return len(self.params) * len(self.seeds) - sum(map(len, each))

    @property
    def run_steps(self) -> int:
        """Training steps of a run that goes to its end."""
        return self.looks[-1]

    @property
    def grid_steps(self) -> int:
        """Training steps of all runs."""
        return len(self.params) * len(self.seeds) * self.run_steps


def name_of(study: StudyConfig, params: Mapping[str, Value]) -> Name:
    return tuple(hydra_text(params[dim.key]) if dim.key in params else "" for dim in study.space)


def write(path: Path, study: StudyConfig, lines: Iterable[Line]) -> None:
    """Replaces the file, seeds first and the points of each in the order of the grid."""
    order = {name_of(study, params): place for place, params in enumerate(grid_params(study))}
    ordered = sorted(lines, key=lambda line: (line.seed, order[line.point]))
    looks = sorted({step for line in ordered for step in line.values})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(dim.key for dim in study.space), "seed", *(f"{LOOK}{step}" for step in looks), *BESIDE[1:]])
    for line in ordered:
        values = [line.values.get(step, "") for step in looks]
        writer.writerow(
            [*line.point, line.seed, *values, round(line.seconds, 2), line.steps, line.commit[:12], line.key]
        )
    write_file(path, text.getvalue().encode())


def read(path: Path, study: StudyConfig) -> list[Line]:
    """The lines of the file; [] where there is none.

    Raises:
        InputError: other columns than those of the study's space, a point that is not of its grid, a run twice.
    """
    if not path.exists():
        return []
    points = {name_of(study, params) for params in grid_params(study)}
    keys = [dim.key for dim in study.space]
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or [])
        looks = {column: int(column.removeprefix(LOOK)) for column in columns if column.startswith(LOOK)}
        if set(columns) != {*keys, *BESIDE, *looks}:
            raise InputError(
                f"the columns of {str(path)!r} must be those of the study {study.name}", ", ".join(columns)
            )
        lines = [
            Line(
                tuple(row[key] for key in keys),
                int(row["seed"]),
                {step: float(row[column]) for column, step in looks.items() if row[column]},
                float(row["seconds"]),
                int(row["steps"]),
                row["commit"],
                row["key"],
            )
            for row in reader
        ]
    if strange := [line.point for line in lines if line.point not in points]:
        raise InputError(f"every line of {str(path)!r} must be a point of the grid", str(strange[0]))
    if len({(line.point, line.seed) for line in lines}) < len(lines):
        raise InputError(f"a run must be in {str(path)!r} once", f"{len(lines)} lines")
    return lines


def how_much(study: StudyConfig, lines: Sequence[Line], seeds: Sequence[int]) -> str:
    """How much of the table is there, for a person."""
    points = sum(1 for _ in grid_params(study))
    by_seed = {seed: sum(line.seed == seed for line in lines) for seed in seeds}
    there = sum(by_seed.values())
    parts = ", ".join(f"seed {seed}: {count}" for seed, count in by_seed.items())
    hours = sum(line.seconds for line in lines if line.seed in by_seed) / 3600
    return f"{there} of {points * len(seeds)} runs are there ({parts} of {points} points), {hours:.2f} hours of steps"


def table(study: StudyConfig, lines: Sequence[Line], seeds: Sequence[int], complete_points: bool = False) -> Table:
    """The points as arrays.

    Args:
        seeds: those to be looked at.
        complete_points: leaves points out that have not ended on every one of the seeds.

    Raises:
        InputError: a run is missing (or, with complete_points, all but one point are left out), fewer than two seeds,
            runs of different lengths, a look that a run did not record.
    """
    if len(set(seeds)) < max(2, len(seeds)):
        raise InputError("the truth of a replay must be a mean over two seeds at least", str(list(seeds)))
    there = {(line.point, line.seed): line for line in lines}
    params = list(grid_params(study))
    whole = [each for each in params if all((name_of(study, each), seed) in there for seed in seeds)]
    if len(whole) < (2 if complete_points else len(params)):
        raise InputError(
            "a replay needs every point of the grid on every seed",
            how_much(study, lines, seeds),
            "Compute the rest (make bench-search), or give --complete-points, or fewer --seeds.",
        )
    rows = [[there[name_of(study, each), seed] for seed in seeds] for each in whole]
    looks = sorted({step for row in rows for line in row for step in line.values})
    if any(set(line.values) != set(looks) or line.steps != looks[-1] for row in rows for line in row):
        raise InputError("all runs of the table must have the same steps and looks", f"looks {looks}")
    curves = np.array([[[line.values[step] for step in looks] for line in row] for row in rows])
    seconds = np.array([[line.seconds for line in row] for row in rows])
    return Table(tuple(whole), tuple(seeds), tuple(looks), curves, seconds)
