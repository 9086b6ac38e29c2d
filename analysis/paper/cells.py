"""The address of a number in the paper's tables, and what its column says about the benchmark and the metric."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from harness.errors import unknown

AVERAGE = "Avg."
MEAN, PASS = "mean@32", "pass@32"
SAMPLES = 32
"""Answers of each problem (section 5.1: "we randomly sample 32 answers per question")."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark of the paper. `source`: its name in validation samples; `problems`: how many it has."""

    title: str
    source: str
    problems: int


BENCHMARKS = {
    each.title: each
    for each in (
        Benchmark("MATH-500", "math500", 500),
        Benchmark("AMC-23", "amc23", 40),
        Benchmark("AIME-24", "aime24", 30),
        Benchmark("AIME-25", "aime25", 30),
        Benchmark("AIME-26", "aime26", 30),
    )
}
COLUMN = re.compile(rf"(\S+) ({MEAN}|{PASS})(?: at (\d+)K)?")


@dataclass(frozen=True)
class Column:
    """A column of a table: "AIME-25 pass@32", "Avg. mean@32" or, after so many training prompts, "... at 100K"."""

    name: str

    def __post_init__(self) -> None:
        title = self._parts[0]
        if title != AVERAGE and title not in BENCHMARKS:
            raise unknown("benchmarks", [title], [*BENCHMARKS, AVERAGE])

    @cached_property
    def _parts(self) -> tuple[str, str, str | None]:
        match = COLUMN.fullmatch(self.name)
        if match is None:
            raise unknown("columns", [self.name], ["BENCHMARK mean@32", "BENCHMARK pass@32", "... at <number>K"])
        return match[1], match[2], match[3]

    @property
    def title(self) -> str:
        """Title of the benchmark, or AVERAGE."""
        return self._parts[0]

    @property
    def metric(self) -> str:
        """MEAN or PASS."""
        return self._parts[1]

    @property
    def train_samples(self) -> int | None:
        """Training prompts seen; None: at the end of training."""
        return None if self._parts[2] is None else 1_000 * int(self._parts[2])

    @property
    def average(self) -> bool:
        return self.title == AVERAGE

    @property
    def benchmark(self) -> Benchmark:
        """The benchmark; a column of averages has none (KeyError)."""
        return BENCHMARKS[self.title]


@dataclass(frozen=True)
class Cell:
    """One number, by its table (or the figure that shows it without printing it) and the names of row and column."""

    table: int | str
    row: str
    column: str

    @property
    def place(self) -> str:
        return f"Table {self.table}" if isinstance(self.table, int) else self.table

    def __str__(self) -> str:
        return f"{self.place}, {self.row}, {self.column}"
