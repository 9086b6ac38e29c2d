"""What was measured of the intervals: how often a nominal 95 % interval held the truth, from `coverage.csv`.

The file is written by `make coverage` (benchmarks/coverage.py says how the data are drawn) and lies in the package;
each row names the commit that made it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from analysis.intervals import Kind
from analysis.variance import Problems

LOWEST = 0.90
"""A 95 % interval that covers less often than this under-covers, and figures and tables say so."""


@dataclass(frozen=True)
class Measured:
    """Share of `replications` simulated intervals that held the truth, in one design."""

    quantity: str
    taken: str
    kind: str
    seeds: int
    problems: int
    scenario: str
    replications: int
    coverage: float
    commit: str

    @property
    def under(self) -> bool:
        return self.coverage < LOWEST


@cache
def measured() -> tuple[Measured, ...]:
    """Every row of the table."""
    with files("analysis").joinpath("coverage.csv").open(encoding="utf-8") as file:
        return tuple(
            Measured(
                line["quantity"], line["taken"], line["kind"], int(line["seeds"]), int(line["problems"]),
                line["scenario"], int(line["replications"]), float(line["coverage"]), line["commit"],
            )
            for line in csv.DictReader(file)
        )  # fmt: skip


def lowest(quantity: str, seeds: int, problems: int, taken: Problems, kind: Kind) -> Measured | None:
    """The lowest coverage among the measured designs next to this one, over all scenarios of the seeds.

    Next to 4 seeds x 60 problems are 3 and 5 seeds x 30 and 500 problems; beyond the largest design, the largest
    counts. None below the smallest one (one seed, few problems), where nothing was measured.

    Args:
        quantity: "mean", "difference" (paired on problems and seeds), "difference_other_seeds" or "iqm".
    """
    rows = [row for row in measured() if (row.quantity, row.taken, row.kind) == (quantity, taken, kind)]
    near_seeds = _around(seeds, {row.seeds for row in rows})
    near_problems = _around(problems, {row.problems for row in rows})
    near = [row for row in rows if row.seeds in near_seeds and row.problems in near_problems]
    return min(near, key=lambda row: row.coverage, default=None)


def _around(value: int, known: set[int]) -> set[int]:
    """The known values next to `value` on both sides; empty below the smallest."""
    below, above = [x for x in known if x <= value], [x for x in known if x >= value]
    if not below:
        return set()
    return {max(below), min(above)} if above else {max(below)}
