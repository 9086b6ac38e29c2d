"""The counts of a chaos run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.runs import RunFolder
from harness.runs.metrics import read_records
from slurm.starts import Starts
from sweeps.jobs.journal import Journal
from tests.chaos.storm import Storm


@dataclass(frozen=True)
class Report:
    """`ends`: of Slurm jobs, by cause, as the driver saw them. `replayed_steps`: recorded more than once."""

    seed: int
    runs: int
    faults: dict[str, int]
    misses: int
    not_struck: dict[str, int]
    drained: int
    """Nodes that Slurm drained, and that the run gave back as an administrator would."""
    drivers: int
    refusals: list[str]
    """Last words of drivers that ended by themselves before the study was over."""
    jobs: int
    starts: int
    attempts: int
    ends: dict[str, int]
    retries: int
    replayed_steps: int
    seconds: float
    problems: list[str]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        """For people, one line a kind."""
        lines = [
            f"chaos run, seed {self.seed}: {self.runs} runs, {sum(self.faults.values())} faults "
            f"of {len(self.faults)} kinds hit, {self.seconds:.0f} s",
            f"  faults: {_counts(self.faults)}; struck nothing {self.misses} times",
            *([f"  not struck before the end: {_counts(self.not_struck)}"] if self.not_struck else []),
            f"  drivers {self.drivers}, jobs {self.jobs}, starts of jobs {self.starts}, attempts {self.attempts}, "
            f"retries {self.retries}, replayed steps {self.replayed_steps}",
            f"  ends of jobs: {_counts(self.ends)}",
            *([f"  nodes drained by Slurm and given back: {self.drained}"] if self.drained else []),
            *(f"  a driver ended by itself: {each}" for each in self.refusals),
            *(f"  PROBLEM: {each}" for each in self.problems),
            "  every check holds" if not self.problems else f"  {len(self.problems)} problems",
        ]
        return "\n".join(lines)


def count(
    seed: int,
    storm: Storm,
    seconds: float,
    problems: Sequence[str],
) -> Report:
    """The report of a storm that is over; its study must still be there."""
    study, keeper = storm.world.study, storm.world.keeper
    runs = [RunFolder(path) for path in sorted((study / "runs").iterdir())]
    jobs = {run.path.name: Journal(run.path).jobs() for run in runs}
    records = [read_records(run.metrics_path) for run in runs]
    return Report(
        seed=seed,
        runs=len(runs),
        faults=dict(sorted(Counter(hit.kind for hit in storm.hits).items())),
        misses=storm.misses,
        not_struck=dict(sorted(Counter(storm.deck).items())),
        drained=storm.world.drained,
        drivers=keeper.starts,
        refusals=list(keeper.refusals),
        jobs=sum(map(len, jobs.values())),
        starts=sum(len(Starts(run.path).all()) for run in runs),
        attempts=sum(len(run.manifest()["attempts"]) for run in runs),
        ends=dict(sorted(Counter(str(j.end.cause) for each in jobs.values() for j in each if j.end).items())),
        retries=sum(max(0, len(each) - 1) for each in jobs.values()),
        replayed_steps=sum(len(each) - len({record["step"] for record in each}) for each in records),
        seconds=seconds,
        problems=list(problems),
    )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
