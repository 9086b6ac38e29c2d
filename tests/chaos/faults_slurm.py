"""Faults that Slurm makes, or has: jobs cancelled, preempted, requeued, signalled; nodes and daemons that are gone."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from tests.chaos.waiting import Strike, until
from tests.chaos.world import Job, World
from tests.testbed.daemons import slurmctld, slurmd, slurmdbd

PATIENCE_S = 25.0
ENDED = ("COMPLETED", "FAILED", "")


def scancel(world: World) -> Strike:
    job = world.victim()
    if job is None or world.slurm.run(["scancel", job.id], check=False).returncode:
        return None
    hit = yield from until(lambda: world.shown(job)[0] == "CANCELLED", PATIENCE_S)
    return _of(job) if hit else None


def preemption(world: World) -> Strike:
    """A job of partition `high` wants the node, with all its GPUs, for a few seconds."""
    job = world.victim()
    if job is None:
        return None
    before = world.shown(job)[1]
    wanted = ("--partition=high", f"--nodelist={job.node}", "--gres=gpu:h100:8", "--time=1", "--output=/dev/null")
    seconds = world.rng.uniform(0.5, 4.0)
    high = world.slurm.run(
        ["sbatch", "--parsable", "--job-name=high", *wanted, f"--wrap=sleep {seconds:.1f}"], check=False
    ).stdout.strip()
    if not high:
        return None
    try:
        hit = yield from until(lambda: _lost_its_node(world, job, before), PATIENCE_S)
    finally:
        if not _runs(world, high):
            world.slurm.run(["scancel", high], check=False)
    return _of(job) if hit else None


def requeue(world: World) -> Strike:
    """By hand: SIGKILL at once, no time for a checkpoint."""
    job = world.victim()
    if job is None:
        return None
    before = world.shown(job)[1]
    if world.slurm.run(["scontrol", "requeue", job.id], check=False).returncode:
        return None
    hit = yield from until(lambda: world.shown(job)[1] > before >= 0, PATIENCE_S)
    return _of(job) if hit else None


def usr2(world: World) -> Strike:
    """The signal before the time limit, at any moment, also before anybody listens."""
    job = world.victim()
    if job is None:
        return None
    before = world.shown(job)[1]
    if world.slurm.run(["scancel", "--signal=USR2", job.id], check=False).returncode:
        return None
    hit = yield from until(
        lambda: world.shown(job)[1] > before or world.shown(job)[0] not in ("RUNNING", ""), PATIENCE_S
    )
    return _of(job) if hit and not world.folder(job.run).is_done() else None


def node_down(world: World) -> Strike:
    """Its slurmd is killed, with all that its jobs run there or without, and comes back later.

    After 10 s of silence Slurm holds the node for down, and queues its jobs again; before, it may not notice.
    """
    job = world.victim()
    if job is None:
        return None
    with_jobs = world.rng.random() < 0.5
    silent_s = world.rng.uniform(2.0, 18.0)
    world.slurm.kill_node(job.node, with_jobs=with_jobs)
    try:
        yield silent_s
    finally:
        slurmd(world.slurm.settings, job.node).start()
    return f"{_of(job)}, {'with' if with_jobs else 'without'} its processes, {silent_s:.0f} s"


def sacct_down(world: World) -> Strike:
    """slurmdbd is gone while a run's process is killed; it counts where a driver's sacct has failed meanwhile."""
    job = world.victim()
    if job is None or (pid := world.run_process(job.run)) is None:
        return None
    before = world.failed_calls("sacct")
    slurmdbd(world.slurm.settings).stop(signal.SIGKILL)
    try:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        hit = yield from until(lambda: world.failed_calls("sacct") > before, PATIENCE_S)
        yield world.rng.uniform(0.0, 3.0)
    finally:
        slurmdbd(world.slurm.settings).start()
    return _of(job) if hit else None


def controller_down(world: World) -> Strike:
    """slurmctld is gone; it counts where a driver's squeue has failed meanwhile."""
    if not world.jobs():
        return None
    before = world.failed_calls("squeue")
    slurmctld(world.slurm.settings).stop(signal.SIGKILL)
    try:
        hit = yield from until(lambda: world.failed_calls("squeue") > before, PATIENCE_S)
        yield world.rng.uniform(0.0, 3.0)
    finally:
        slurmctld(world.slurm.settings).start()
    return "slurmctld" if hit else None


def _lost_its_node(world: World, job: Job, restarts_before: int) -> bool:
    state, restarts = world.shown(job)
    return restarts > restarts_before or state not in ("RUNNING", "COMPLETING", *ENDED)


def _runs(world: World, id: str) -> bool:
    return bool(world.slurm.run(["squeue", "--noheader", "--states=RUNNING", f"--jobs={id}"], check=False).stdout)


def _of(job: Job) -> str:
    return f"{job.run}, job {job.id} on {job.node}"
