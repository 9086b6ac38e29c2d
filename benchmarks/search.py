"""Searches replayed against a grid that was computed once: who is near the best configuration, after how many steps?

    make bench-search

The table is benchmarks/search_grid.csv (`benchmarks.search_grid`). Each replay is a whole search by the real proposer,
pruner and promotions, on values that were measured; its number is its seed. docs/benchmarks.md says how to read it.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from benchmarks import search_table
from benchmarks.search_grid import ROOT, STUDY, TABLE
from benchmarks.search_measure import SHARES, Row, row
from benchmarks.search_replay import SHUFFLED, Strategy, replay
from benchmarks.search_table import Table, how_much
from benchmarks.search_text import DEPENDENT, aim, equal_steps, problem, strategies
from benchmarks.search_truth import Truth, truth
from harness.config.study import StudyConfig
from harness.config.study_file import load_study
from harness.errors import HarnessError
from harness.runs.atomic import write_file

GRID, RANDOM, OURS, RULES = "grid, random order", "random", "TPE, our rules", "random, our rules"
STRATEGIES = (
    Strategy(GRID, SHUFFLED, whole=True),
    Strategy(RANDOM, "random", whole=True),
    Strategy("TPE", "tpe", whole=True),
    Strategy(RULES, "random", whole=False, rules=True),
    Strategy(OURS, "tpe", whole=False, rules=True),
    Strategy("random, one seed", "random", whole=False),
)
SAID = (
    "Grid, random and TPE run every configuration on all seeds and report the best mean; they may go through all "
    "points. 'Our rules' run each on one seed, prune by the median of the others from half of a run on, and promote "
    "the best third to two further seeds and a third of these to all; they report the best mean of the highest rung. "
    "'One seed' reports the best value of one seed each. The order of the seeds is drawn for each replay, and is the "
    "same for its strategies."
)


@dataclass(frozen=True)
class Job:
    """What every process replays on."""

    study: StudyConfig
    table: Table
    trials: int
    """Of the strategies that do not run all seeds at once."""
    chosen: tuple[Strategy, ...]

    def replays(self, number: int) -> list[Row]:
        """One replay of each strategy."""
        return [self._row(strategy, number) for strategy in self.chosen]

    def _row(self, strategy: Strategy, number: int) -> Row:
        trials = len(self.table.params) if strategy.whole else self.trials
        trace = replay(self.study, self.table, strategy, number, trials)
        return row(strategy.name, number, trace, self._truth(None), self._truth(trace.screening), self.table.grid_steps)

    def _truth(self, without: int | None) -> Truth:
        return truth(self.table, self.study.objective.direction, without)


_job: list[Job] = []


def _begin(job: Job) -> None:
    _job[:] = [job]


def _replays(number: int) -> list[Row]:
    return _job[0].replays(number)


def run(job: Job, numbers: Sequence[int], processes: int) -> dict[str, list[Row]]:
    """Rows by strategy, in the order of the numbers, whatever the number of processes."""
    rows: dict[str, list[Row]] = {strategy.name: [] for strategy in job.chosen}
    begun = time.perf_counter()
    with get_context("spawn").Pool(processes, _begin, (job,)) as pool:
        for done, found in enumerate(pool.imap(_replays, numbers), 1):
            for each in found:
                rows[each.strategy].append(each)
            if done % 10 == 0:
                print(f"{done} of {len(numbers)} replays, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return rows


def report(job: Job, rows: dict[str, list[Row]], numbers: Sequence[int]) -> str:
    table, steps = job.table, job.table.grid_steps
    parts = [
        problem(table, job.study.objective.direction),
        f"{len(numbers)} replays of each strategy, seeds {numbers[0]} to {numbers[-1]}. {SAID} Those that do not "
        f"run all seeds begin {job.trials} configurations at most.",
        DEPENDENT,
        strategies(rows, steps),
        equal_steps(rows, OURS, [RANDOM, RULES]),
        aim(rows, OURS, RANDOM, steps),
    ]
    return "\n\n".join(parts) + "\n"


def write_rows(path: Path, rows: dict[str, list[Row]]) -> None:
    """One line a replay; `inf` where it never came there, empty where the rest was not replayed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    marks = [f"{share:.0%}" for share in SHARES]
    columns = ["strategy", "replay", "first", "stays", "first_other_seeds", "stays_other_seeds", "steps", "begun"]
    writer.writerow([*columns, *(f"near_at_{mark}" for mark in marks), *(f"value_at_{mark}" for mark in marks)])
    for each in (each for found in rows.values() for each in found):
        steps = (each.first, each.stays, each.first_other, each.stays_other, each.spent)
        shown = ["" if math.isnan(value) else f"{value:.0f}" for value in steps]
        values = ["" if math.isnan(value) else f"{value:.6f}" for value in each.value]
        near = [f"{value:.0f}" for value in each.near]
        writer.writerow([each.strategy, each.number, *shown, each.begun, *near, *values])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.getvalue().encode())


def main(arguments: Sequence[str] | None = None) -> int:
    given = _arguments(arguments)
    try:
        study = load_study(STUDY)
        seeds = tuple(given.seeds or study.seeds)
        lines = search_table.read(given.table, study)
        table = search_table.table(study, lines, seeds, given.complete_points)
    except HarnessError as error:
        print(f"search: {error}", file=sys.stderr)
        return 2
    print(how_much(study, lines, study.seeds), flush=True)
    trials = given.trials or math.ceil(len(table.params) / 2)
    numbers = range(given.first, given.first + given.replays)
    job = Job(study, table, trials, STRATEGIES)
    rows = run(job, numbers, given.processes)
    text = report(job, rows, numbers)
    print(f"\n{text}")
    write_rows(given.out.with_suffix(".csv"), rows)
    write_file(given.out.with_suffix(".md"), text.encode())
    print(f"written to {given.out.with_suffix('.csv')} and {given.out.with_suffix('.md')}")
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--first", type=int, default=1, help="seed of the first replay; the others follow")
    parser.add_argument("--trials", type=int, help="of strategies that do not run all seeds at once; default: half")
    parser.add_argument("--seeds", type=int, nargs="+", help="of the table; default: all of the study's")
    parser.add_argument("--complete-points", action="store_true", help="leave points out that lack a run")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "search_replays", help="without suffix")
    given = parser.parse_args(arguments)
    for name in ("replays", "processes", "first"):
        if getattr(given, name) < 1:
            parser.error(f"--{name} must be >= 1")
    if given.trials is not None and given.trials < 1:
        parser.error("--trials must be >= 1")
    return given


if __name__ == "__main__":
    sys.exit(main())
