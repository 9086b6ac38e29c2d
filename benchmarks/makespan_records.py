"""The times of jobs, from Slurm's controller log, from what the jobs stamp, and from our journals. Unix seconds.

sacct has whole seconds; the log of slurmctld has milliseconds, and this cluster is ours.
"""

from __future__ import annotations

import datetime
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STAMP = "MAKESPAN_STAMP"
"""Environment variable of a job: the file for its stamps."""
LINE = re.compile(r"\[(\S+)\] (.*)")
JOB = re.compile(r"JobId=(\d+)(?:_\d+\((\d+)\))?")
"""A task of an array is shown as ARRAY_INDEX(ID)."""
EVENTS = {
    "submitted": re.compile(r"_slurm_rpc_submit_batch_job: JobId="),
    "allocated": re.compile(r"(sched: Allocate|sched/backfill: _start_job: Started) JobId="),
    "completed": re.compile(r"_job_complete: JobId=.* done$"),
}
STAMPS = ("script_began", "run_began", "run_ended", "script_ended")


@dataclass(frozen=True)
class JobTimes:
    """One job, in the order of time. `index`: its place in the list of run times."""

    index: int
    submitted: float
    """The controller has taken it."""
    allocated: float
    script_began: float
    run_began: float
    run_ended: float
    script_ended: float
    completed: float
    """The controller knows that it is over."""


@dataclass(frozen=True)
class Overheads:
    """How long one job kept its slot beside its run time, seconds, in the order of time."""

    handover_s: float
    """From the end of the job that had the slot to this job's submission; 0 where it was submitted ahead. Ours."""
    schedule_s: float
    """From there being both the job and a slot to the allocation. Slurm's."""
    launch_s: float
    """From the allocation to the script's first line. Slurm's."""
    startup_s: float
    """From there to the run's first line: srun, the Python of the job, the Python of the run. Counted as ours."""
    finish_s: float
    """From the run's last line to the script's. Counted as ours."""
    end_s: float
    """From there to the controller's knowing. Slurm's."""

    @property
    def slurm_s(self) -> float:
        """What no driver of Slurm can avoid."""
        return self.schedule_s + self.launch_s + self.end_s

    @property
    def process_s(self) -> float:
        """Starting and ending Python: does not depend on the schedule."""
        return self.startup_s + self.finish_s


def setup_lines(folder: Path) -> list[str]:
    """Lines of shell for a job's script (bash 5): it stamps its beginning and its end into FOLDER/JOBID."""
    return [
        f'export {STAMP}={shlex.quote(str(folder))}/"$SLURM_JOB_ID"',
        f'echo "script_began $EPOCHREALTIME" >>"${STAMP}"',
        f'trap \'echo "script_ended $EPOCHREALTIME" >>"${STAMP}"\' EXIT',
    ]


def controller_events(log: Iterable[str]) -> dict[str, dict[str, float]]:
    """Job id -> event -> time. The tasks of an array have the time at which it was submitted."""
    found: dict[str, dict[str, float]] = {}
    for line in log:
        if (parts := LINE.match(line)) is None:
            continue
        for event, pattern in EVENTS.items():
            if pattern.search(parts[2]) and (job := JOB.search(parts[2])) is not None:
                time = datetime.datetime.fromisoformat(parts[1]).timestamp()
                events = found.setdefault(job[2] or job[1], {})
                events.setdefault(event, time)
                if job[2] is not None:
                    events.setdefault("submitted", found[job[1]]["submitted"])
    return found


def read_stamps(folder: Path) -> dict[str, dict[str, float]]:
    """Job id -> what it stamped."""
    return {
        path.name: {word: float(value) for word, value in map(str.split, path.read_text().splitlines())}
        for path in folder.iterdir()
    }


def job_times(stamps: Mapping[str, Mapping[str, float]], events: Mapping[str, Mapping[str, float]]) -> list[JobTimes]:
    """The jobs by their index. Raises ValueError: a job without a stamp or an event, or two jobs of one index."""
    jobs = []
    for id, stamped in stamps.items():
        known = {**events.get(id, {}), **stamped}
        if lacking := {"index", *EVENTS, *STAMPS} - set(known):
            raise ValueError(f"every job must have all its times: job {id} has no {', '.join(sorted(lacking))}")
        jobs.append(JobTimes(int(known["index"]), **{name: known[name] for name in (*EVENTS, *STAMPS)}))
    jobs.sort(key=lambda job: job.index)
    if [job.index for job in jobs] != list(range(len(jobs))):
        raise ValueError(f"there must be one job for each index: {[job.index for job in jobs]}")
    return jobs


def makespan(jobs: Sequence[JobTimes]) -> float:
    """From the first submission that the controller took to the last end that it saw, seconds."""
    return max(job.completed for job in jobs) - min(job.submitted for job in jobs)


def overheads(jobs: Sequence[JobTimes], slots: int) -> list[Overheads]:
    """Those of each job, in the order given.

    The n-th job to be allocated got the slot that the (n - slots)-th end has freed.
    """
    ends = sorted(job.completed for job in jobs)
    found: dict[int, Overheads] = {}
    for rank, job in enumerate(sorted(jobs, key=lambda job: job.allocated)):
        freed = ends[rank - slots] if rank >= slots else job.submitted
        found[job.index] = Overheads(
            handover_s=max(0.0, job.submitted - freed),
            schedule_s=max(0.0, job.allocated - max(job.submitted, freed)),
            launch_s=job.script_began - job.allocated,
            startup_s=job.run_began - job.script_began,
            finish_s=job.script_ended - job.run_ended,
            end_s=job.completed - job.script_ended,
        )
    return [found[job.index] for job in jobs]
