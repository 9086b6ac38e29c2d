"""Faults of processes: SIGKILL to the driver, to a job's step, to a run's own process, also in the middle of a line."""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import suppress

import orjson

from harness.runs import RunFolder
from sweeps.jobs.journal import NAME
from sweeps.lease.lease import current
from tests.chaos.waiting import Strike, until
from tests.chaos.world import World
from tests.testbed import processes

TORN = b'{"schema":1,"step":999,"attempt":999,"torn":'
"""The beginning of a record whose writer died."""
SUBMISSION_S = 12.0
POLL_S = 0.003


def driver_kill(world: World) -> Strike:
    """A driver that drives: one that still starts has nothing to lose."""
    yield 0.0
    driver = current(world.study)
    if driver is None or world.keeper.process is None or driver.pid != world.keeper.process.pid:
        return None
    pid = world.keeper.kill()
    return f"driver {pid}" if pid is not None else None


def driver_kill_at_submission(world: World) -> Strike:
    """Between the name of a job in the journal and the job's id: sbatch may have taken it, and nobody knows."""
    if not (yield from until(lambda: _submitting(world) is not None, SUBMISSION_S, POLL_S)):
        return None
    run = _submitting(world)
    pid = world.keeper.kill()
    return f"driver {pid} while it submitted {run}" if pid is not None and _submitting(world) is not None else None


def step_kill(world: World) -> Strike:
    """The process that Slurm started; the run's own process is its child, and is asked to stop by the kernel."""
    return (yield from _kill(world, world.step_process))


def run_kill(world: World) -> Strike:
    return (yield from _kill(world, world.run_process))


def torn_line(world: World) -> Strike:
    """A run's process is killed, and its metrics end with half a line, as a machine that goes down leaves them."""
    job = world.victim()
    run = world.folder(job.run) if job is not None else None
    if run is None or not run.metrics_path.exists() or (pid := world.run_process(run.path.name)) is None:
        return None
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    yield from until(lambda: not processes.alive(pid), 2.0, POLL_S)
    return f"{run.path.name}, process {pid}" if _tear(run) else None


def _tear(run: RunFolder) -> bool:
    """Appends half a line where nobody is at work on the run: whether it did."""
    with (run.path / "lock").open("rb+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if run.is_done():
            return False
        with run.metrics_path.open("ab") as metrics:
            metrics.write(TORN)
        return True


def _kill(world: World, find) -> Strike:  # type: ignore[no-untyped-def]
    job = world.victim()
    if job is None or (pid := find(job.run)) is None:
        return None
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        yield from until(lambda: not processes.alive(pid), 2.0, POLL_S)
        if not world.folder(job.run).is_done():
            return f"{job.run}, job {job.id}, process {pid}"
    return None


def _submitting(world: World) -> str | None:
    """A run whose job has a name and no id yet."""
    for run in world.folders():
        with suppress(OSError, IndexError, orjson.JSONDecodeError):
            last = (run.path / NAME).read_bytes().splitlines()[-1]
            if orjson.loads(last)["event"] == "start":
                return run.path.name
    return None
