"""10,000 runs through the driver on a fake Slurm with a virtual clock: does a poll cost more when more is finished?

    make bench-scale

Everything of the driver is real: store (Optuna on SQLite), journals, run folders, reconciler, launcher, job texts. Not
real are the scheduler (`tests.fake_slurm.virtual`, in memory) and the runs, which are complete the moment they are
submitted and take some virtual minutes. Printed for each tenth of the study: time of a poll, of a submission, memory.
"""

from __future__ import annotations

import argparse
import getpass
import json
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness.config.launch_file import load_launch  # noqa: E402
from harness.config.study import StudyConfig  # noqa: E402
from harness.runs import RunFolder, RunState  # noqa: E402
from slurm.job import RunJob  # noqa: E402
from slurm.launcher import SlurmLauncher  # noqa: E402
from slurm.starts import JobStart, Starts  # noqa: E402
from slurm.text import JobText, render  # noqa: E402
from sweeps.progress import Progress  # noqa: E402
from sweeps.study import run_study  # noqa: E402
from tests.fake_slurm.virtual import VirtualSlurm  # noqa: E402
from tests.sweeps.fake_study import resolve  # noqa: E402

SEEDS = 4
POLL_S = 30.0
RUN_S = (120.0, 1200.0)
TENTHS = 10


@dataclass
class Meter:
    """Watches the driver's polls; lets the virtual time go on between them."""

    slurm: VirtualSlurm
    runs: int
    polls: list[tuple[int, float, int]] = field(default_factory=list)
    """Runs finished so far, seconds of the poll without its submissions, jobs in the queue."""
    submissions: list[tuple[int, float]] = field(default_factory=list)
    memory: list[tuple[int, float]] = field(default_factory=list)
    submitting_s: float = 0.0
    begun: float = 0.0
    finished: int = 0

    def observe(self, progress: Progress) -> None:
        now = time.perf_counter()
        self.finished = progress.complete * SEEDS
        if self.begun:
            self.polls.append((self.finished, now - self.begun - self.submitting_s, len(self.slurm._queue)))
        self.memory.append((self.finished, resident_mb()))
        if not progress.complete % 250 and progress.complete:
            print(f"{self.finished} of {self.runs} runs", file=sys.stderr, flush=True)
        self.slurm.tick(POLL_S)
        self.submitting_s, self.begun = 0.0, time.perf_counter()


@dataclass
class Submit:
    """In place of sbatch: the run is complete, and its job takes its time."""

    slurm: VirtualSlurm
    meter: Meter
    draw: random.Random

    def __call__(self, text: JobText, job: RunJob) -> str:
        render(text)
        id = self.slurm.submit(text.token, self.draw.uniform(*RUN_S))
        started = time.perf_counter()
        folder = RunFolder(job.folder)
        Starts(folder.path).begin(JobStart(job.name, id, 0, "gpu1", self.slurm.now, 0))
        attempt = folder.begin_attempt(0)
        folder.append_metrics(1, {"value": 1.0, "control/entropy": 0.5}, attempt)
        folder.end_attempt(RunState.COMPLETE, 1)
        folder.mark_done()
        self.meter.submitting_s += time.perf_counter() - started  # the run's own work, not the driver's
        return id


class TimedLauncher(SlurmLauncher):
    """Notes what a submission takes."""

    meter: Meter

    def start(self, run: RunFolder):  # type: ignore[no-untyped-def]
        before, started = self.meter.submitting_s, time.perf_counter()
        handle = super().start(run)
        whole = time.perf_counter() - started
        own = whole - (self.meter.submitting_s - before)
        self.meter.submissions.append((self.meter.finished, own))
        self.meter.submitting_s += own
        return handle


def study(runs: int, slots: int) -> StudyConfig:
    trials = [{"title": f"x={x}", "overrides": [f"x={x % 100}", f"kills={x}"]} for x in range(runs // SEEDS)]
    plain = {"name": "scale", "title": "Ten thousand", "seeds": list(range(1, SEEDS + 1)), "parallel": slots}
    objective = {"metric": "value", "direction": "maximize"}
    return StudyConfig.from_dict({**plain, "objective": objective, "trials": trials})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--slots", type=int, default=200, help="jobs at once")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="scale-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    slurm = VirtualSlurm(given.slots, user=getpass.getuser())
    meter = Meter(slurm, given.runs)
    resources = load_launch(["launcher=slurm"]).resources

    def launch() -> SlurmLauncher:
        submit = Submit(slurm, meter, random.Random(1))
        launcher = TimedLauncher(
            resources, "scale", ROOT, commands=slurm, submit=submit, clock=lambda: slurm.now, patience_s=60.0
        )
        launcher.meter = meter
        return launcher

    started = time.perf_counter()
    try:
        config = study(given.runs, given.slots)
        status = run_study(config, folder / "scale", observe=meter.observe, launch=launch, resolve=resolve, poll_s=0.0)
        assert all(trial.state == "complete" for trial in status.trials)
    finally:
        shutil.rmtree(folder)
    report(meter, slurm, given.runs, time.perf_counter() - started, given.out)


def report(meter: Meter, slurm: VirtualSlurm, runs: int, whole_s: float, out: Path | None) -> None:
    rows = []
    for tenth in range(TENTHS):
        low, high = tenth * runs / TENTHS, (tenth + 1) * runs / TENTHS
        # The last polls have few jobs left, and the first ones fill the queue.
        polls = [seconds for done, seconds, queued in meter.polls if low <= done < high]
        submissions = [seconds for done, seconds in meter.submissions if low <= done < high]
        memory = [mb for done, mb in meter.memory if low <= done < high]
        rows.append(
            {
                "finished": int(low),
                "poll_ms": 1000 * statistics.median(polls) if polls else None,
                "submission_ms": 1000 * statistics.median(submissions) if submissions else None,
                "memory_mb": max(memory, default=None),
            }
        )
    print(f"{runs} runs, {len(meter.polls)} polls, {whole_s:.0f} s in all; calls: {slurm.calls}")
    print("| finished runs | poll, median ms | submission, median ms | memory, MB |\n|---|---|---|---|")
    for row in rows:
        cells = [
            f"{row[key]:.2f}" if row[key] is not None else "-" for key in ("poll_ms", "submission_ms", "memory_mb")
        ]
        print(f"| {row['finished']} | {' | '.join(cells)} |")
    told = [row for row in rows if row["poll_ms"] is not None and row["submission_ms"] is not None]
    for key in ("poll_ms", "submission_ms"):
        print(f"{key}, last tenth that has it against the first: {told[-1][key] / told[0][key]:.2f}")
    if out is not None:
        out.write_text(json.dumps({"runs": runs, "calls": slurm.calls, "seconds": whole_s, "rows": rows}, indent=2))


def resident_mb() -> float:
    """Resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
