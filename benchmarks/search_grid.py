"""Computes the grid that searches are replayed on, one line of the table a run.

    python -m benchmarks.search_grid                   # all of it, seed by seed; again = go on
    python -m benchmarks.search_grid --runs STUDY/runs --import-only

Lines are added as runs end, so a broken-off computation leaves a table of what there is. Runs that were made elsewhere
are taken from their folders where they are of a point of the grid, known by their resolved configuration.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import search_table
from benchmarks.search_table import Line, Name, how_much, name_of
from harness.config.study import StudyConfig
from harness.config.study_file import load_study
from harness.errors import HarnessError, StudyError
from harness.runs import RunFolder
from sweeps.asking import key_of
from sweeps.folder import StudyFolder
from sweeps.plan import drawn_point, grid_params, resolve, resolved_points
from sweeps.progress import Progress
from sweeps.pruning.curves import value_at
from sweeps.study import run_study

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "benchmarks" / "search_grid.csv"
STUDY = "search_grid"
STEP_SECONDS = "timing_s/step"


class Grid:
    """The study's points, and the table of those that are computed.

    Raises StudyError where lines of the table were computed with configurations that the code resolves to others now.
    """

    def __init__(self, study: StudyConfig, path: Path) -> None:
        self.study, self.path = study, path
        names = [name_of(study, params) for params in grid_params(study)]
        keys = [key_of(study, config) for config in resolved_points(study, resolve)]
        self.points: Mapping[str, Name] = dict(zip(keys, names, strict=True))
        self.lines = {(line.point, line.seed): line for line in search_table.read(path, study)}
        of = dict(zip(names, keys, strict=True))
        stale = [line for line in self.lines.values() if line.key != of[line.point]]
        if stale:
            raise StudyError(
                f"the lines of {str(path)!r} must be of the configurations that the code makes of the points",
                f"{len(stale)} of {len(self.lines)} are of others, such as {' '.join(stale[0].point)}",
                "Go on with the commit that they name, or begin a new table.",
            )

    def missing(self, seed: int) -> list[Name]:
        return [name for name in self.points.values() if (name, seed) not in self.lines]

    def add(self, folders: Sequence[Path]) -> int:
        """Adds the runs that ended and are of the grid; how many were new. The table is written if there were any."""
        found = [line for each in folders if (line := self._line(each)) is not None]
        new = {(line.point, line.seed): line for line in found if (line.point, line.seed) not in self.lines}
        if new:
            self.lines |= new
            search_table.write(self.path, self.study, self.lines.values())
        return len(new)

    def _line(self, path: Path) -> Line | None:
        run = RunFolder(path)
        if not run.exists() or not run.is_done():
            return None
        manifest = run.manifest()
        point = self.points.get(key_of(self.study, manifest["config"]))
        if point is None or manifest["seed"] not in self.study.seeds:
            return None
        records = run.metrics()
        values = dict(value_at(records, self.study.objective.metric))
        # A step that was repeated after a break counts once: what a break costs is no property of the configuration.
        seconds = dict(value_at(records, STEP_SECONDS))
        commit = str((manifest.get("git") or {}).get("commit") or "")
        key = key_of(self.study, manifest["config"])
        return Line(point, manifest["seed"], values, sum(seconds.values()), manifest["steps"], commit, key)


def compute(grid: Grid, folder: Path, seeds: Sequence[int]) -> bool:
    """Runs what is missing, one study a seed; whether all of it is there."""
    for seed in seeds:
        where = StudyFolder(folder / f"seed{seed}")
        grid.add(runs_in(where.runs_path))
        if not grid.missing(seed):
            continue
        told = [0]

        def observe(progress: Progress, where: StudyFolder = where, told: list[int] = told) -> None:
            if progress.complete > told[0]:
                told[0] = progress.complete
                grid.add(runs_in(where.runs_path))
                print(how_much(grid.study, list(grid.lines.values()), grid.study.seeds), flush=True)

        run_study(_study(grid, where, seed), where.path, observe=observe, say=print, poll_s=2.0)
        grid.add(runs_in(where.runs_path))
        if grid.missing(seed):
            return False  # stopped by a signal, or trials failed: the study's folder says which
    return True


def _study(grid: Grid, where: StudyFolder, seed: int) -> StudyConfig:
    """What is missing on the seed as a list of trials; the list of the first start, where there was one."""
    if where.exists():
        begun = StudyConfig.from_dict(where.definition()["study"])
        return replace(begun, parallel=grid.study.parallel)
    missing = set(grid.missing(seed))
    points = tuple(drawn_point(each) for each in grid_params(grid.study) if name_of(grid.study, each) in missing)
    name = f"{grid.study.name}_seed{seed}"
    return replace(
        grid.study, name=name, seeds=(seed,), trials=points, space=(), constraints=(), sampler="tpe", n_trials=0
    )


def runs_in(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/manifest.json"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--dir", type=Path, default=ROOT / "studies" / STUDY, help="folder of the studies, one a seed")
    parser.add_argument("--runs", type=Path, nargs="+", default=[], help="folders of runs to take")
    parser.add_argument("--import-only", action="store_true", help="compute nothing")
    parser.add_argument("--seeds", type=int, nargs="+", help="default: the study's")
    given = parser.parse_args(arguments)
    try:
        study = load_study(STUDY)
        seeds = given.seeds or study.seeds
        there = search_table.read(given.table, study)
        if sum(line.seed in seeds for line in there) == len(seeds) * sum(1 for _ in grid_params(study)):
            print(f"{given.table}: {how_much(study, there, seeds)}")
            return 0  # of an older commit, perhaps; it is replayed as it is
        grid = Grid(study, given.table)
        folders = [path for each in given.runs for path in runs_in(each)]
        if given.runs:
            print(f"{grid.add(folders)} new lines from {len(folders)} run folders")
        done = True if given.import_only else compute(grid, given.dir, seeds)
    except HarnessError as error:
        print(f"search_grid: {error}", file=sys.stderr)
        return 2
    print(f"{given.table}: {how_much(grid.study, list(grid.lines.values()), seeds)}")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
