"""A full disk: the study lies on a small file system of its own, which a file fills up for some seconds."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

from harness.exits import Exit
from slurm.starts import Starts
from sweeps.jobs.ends import Cause
from sweeps.jobs.journal import Journal
from tests.chaos.waiting import Strike, until
from tests.chaos.world import World

SIZE_MB = 128
FILLER = "filler"
BLOCKS = (1 << 20, 4096)
STEP_S = 0.05
SIGN_S = 15.0
NO_SPACE = os.strerror(errno.ENOSPC).encode()


def mount(folder: Path) -> bool:
    """Mounts a small file system in memory there; False where this process may not."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "chaos", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)


def disk_full(world: World) -> Strike:
    """It counts where a job or the driver was refused a byte: by its own words, its exit code or the journal.

    What others set free meanwhile is filled up, too.
    """
    if world.disk is None or not world.jobs():
        return None
    before = signs(world)
    seconds = world.rng.uniform(2.0, 6.0)
    handle = os.open(world.disk / FILLER, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        for _ in range(int(seconds / STEP_S)):
            _fill(handle)
            yield STEP_S
    finally:
        os.close(handle)
        (world.disk / FILLER).unlink()
    hit = yield from until(lambda: signs(world) > before, SIGN_S, poll_s=1.0)
    return f"for {seconds:.1f} s" if hit else None


def signs(world: World) -> int:
    """How often somebody has met a full disk so far."""
    logs = [world.keeper.log, *world.study.glob("runs/*/log.txt"), *world.study.glob("runs/*/slurm/*.err")]
    said = sum(log.read_bytes().count(NO_SPACE) for log in logs if log.exists())
    codes = sum(start.code == Exit.NO_SPACE for run in world.folders() for start in Starts(run.path).all())
    causes = [job.end.cause for run in world.folders() for job in Journal(run.path).jobs() if job.end is not None]
    return said + codes + causes.count(Cause.OUT_OF_DISK)


def _fill(handle: int) -> None:
    for size in BLOCKS:
        try:
            while os.write(handle, bytes(size)) == size:
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
