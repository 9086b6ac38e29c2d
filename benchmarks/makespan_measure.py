"""Running one case on the cluster, and what is read of it afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import makespan_hydra
from benchmarks.makespan_case import Case
from benchmarks.makespan_records import JobTimes, controller_events, job_times, read_stamps
from sweeps.jobs.journal import Journal
from tests.testbed import Cluster
from tests.testbed.processes import wait

ROOT = Path(__file__).resolve().parents[1]
SETTLE_S = 30.0
"""hydra ends when it has the results, a little before the controller knows that the last job is over."""


@dataclass(frozen=True)
class Measured:
    """`wall_s`: from the start of the command to its end. `notice_s`: of each job of ours, from the controller's
    knowing its end to the driver's; `submit_s`: from the driver's intent to the controller's having the job.
    """

    jobs: list[JobTimes]
    wall_s: float
    notice_s: list[float]
    submit_s: list[float]


def measure(case: Case, folder: Path, cluster: Cluster, hydra_python: Path) -> Measured:
    """Raises RuntimeError: the sweep did not end well, or a job is not in the records; its output is named."""
    if not wait(lambda: set(cluster.node_states().values()) == {"idle"}, SETTLE_S, poll_s=0.2):
        raise RuntimeError(f"the cluster must be idle before a case: {cluster.node_states()}")
    case.save(folder)
    log = cluster.settings.folder / "log" / "slurmctld.log"
    before = log.stat().st_size
    if case.tool == "ours":
        command = [sys.executable, "-m", "benchmarks.makespan_ours", str(folder)]
    else:
        command = makespan_hydra.command(hydra_python, case, folder)
    began = time.monotonic()
    with (folder / "output.txt").open("wb") as output:
        code = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(case, cluster),
            cwd=folder,
        ).returncode
    wall_s = time.monotonic() - began
    if code != 0:
        raise RuntimeError(f"a sweep must end well: exit code {code}, see {folder / 'output.txt'}")
    jobs = _settled(folder, log, before)
    own = _journals(folder, log, before) if case.tool == "ours" else ([], [])
    return Measured(jobs, wall_s, *own)


def _environment(case: Case, cluster: Cluster) -> dict[str, str]:
    # Only ours may see this checkout: the other environment has packages of the same names.
    own = {"PYTHONPATH": str(ROOT)} if case.tool == "ours" else {}
    return {name: value for name, value in cluster.environment.items() if name != "PYTHONPATH"} | own


def _settled(folder: Path, log: Path, before: int) -> list[JobTimes]:
    deadline = time.monotonic() + SETTLE_S
    while True:
        try:
            return job_times(read_stamps(folder / "stamps"), controller_events(_since(log, before)))
        except ValueError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{error}; see {log}") from error
            time.sleep(0.2)


def _journals(folder: Path, log: Path, before: int) -> tuple[list[float], list[float]]:
    events = controller_events(_since(log, before))
    notice_s, submit_s = [], []
    for run in sorted((folder / "study" / "runs").iterdir()):
        (job,) = Journal(run).jobs()
        assert job.id is not None and job.ended is not None
        notice_s.append(job.ended - events[job.id]["completed"])
        submit_s.append(events[job.id]["submitted"] - job.started)
    return notice_s, submit_s


def _since(log: Path, offset: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(offset, os.SEEK_SET)
        return file.read().decode(errors="replace").splitlines()
