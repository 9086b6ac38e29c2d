"""Setting up a fake cluster, and what a test can make happen to it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # the executables import their modules by bare names, and these are theirs
try:
    import engine
    import processes
    from database import Database
finally:
    sys.path.remove(str(HERE))

birth, find = processes.birth, processes.find
COMMANDS = ("sbatch", "scancel", "scontrol", "sacct", "sacctmgr", "sinfo", "squeue", "srun")
PYTHON = getattr(sys, "_base_executable", sys.executable)
"""The interpreter itself: an environment's, without its site-packages, is the same but starts slower."""


class FakeSlurm:
    """A fake cluster in a folder of its own; `bin` goes first on PATH. It ends with `close`, or with who made it.

    Settings: `slots` jobs at once (the variable FAKE_SLURM_SLOTS, else 2), and those of `database.DEFAULTS`.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder.resolve()
        self.bin = self.folder / "bin"
        self.bin.mkdir(parents=True)
        (self.folder / "spool").mkdir()
        self._database().create()
        owner = f"{os.getpid()} {birth(os.getpid())}"
        self.set(next_id=1, slots=os.environ.get("FAKE_SLURM_SLOTS", 2), owner=owner)
        self.set(**settings)
        for command in COMMANDS:
            call = shlex.join([PYTHON, "-E", "-s", "-S", processes.LAUNCH, command, str(self.folder)])
            path = self.bin / command
            path.write_text(f'#!/bin/sh\nexec {call} "$@"\n')
            path.chmod(0o755)

    def set(self, **settings: object) -> None:
        """Settings of `database.DEFAULTS`, from now on."""
        database = self._database()
        with database:
            for name, value in settings.items():
                database.set(name, value)

    def submit(self, script: str, *options: str) -> str:
        """The id of a job with a script; one that is only commands gets a first line. Its output is in the folder."""
        text = script if script.startswith("#!") else f"#!/bin/sh\n{script}\n"
        where = [f"--chdir={self.folder}", *options]
        done = subprocess.run(
            [self.bin / "sbatch", "--parsable", *where], input=text, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def output(self, job_id: str) -> str:
        """What a job that was given no --output has printed."""
        return (self.folder / f"slurm-{job_id}.out").read_text()

    def state(self, job_id: str) -> str:
        """The state now, as the controller knows it; "" for a job that it does not know."""
        engine.advance(self._database())
        job = self._database().job(job_id)
        return "" if job is None else str(job["state"])

    def restarts(self, job_id: str) -> int:
        return int(self._database().job(job_id)["restarts"])

    def wait(self, job_id: str, *states: str, seconds: float = 20.0) -> str:
        """Waits until the job is in one of the states. Fails with where it is instead."""
        return wait_for(lambda: self.state(job_id), states, f"job {job_id}", seconds)

    def preempt(self, job_id: str) -> None:
        """A more important job takes its node: its --signal now, SIGTERM after `grace_s`, then it is requeued."""
        self._wish(job_id, "preempt")

    def fail_node(self, job_id: str) -> None:
        """Its node goes away with all processes; it is requeued, unless --no-requeue."""
        self.kill_supervisor(job_id)
        processes.kill(str(self.folder), job_id)

    def run_out_of_memory(self, job_id: str) -> None:
        self._wish(job_id, "oom")

    def kill_supervisor(self, job_id: str) -> None:
        """SIGKILL to the process that watches the job; the next command takes it for a lost node."""
        processes.send([self._database().job(job_id)["supervisor"]], signal.SIGKILL)

    def forget(self, job_id: str) -> None:
        """The job vanishes from the controller and from accounting, and its processes die."""
        database = self._database()
        with database:
            database.do("DELETE FROM jobs WHERE id = ?", int(job_id))
            database.do("DELETE FROM past WHERE id = ?", int(job_id))
        processes.kill(str(self.folder), job_id)

    def purge(self, job_id: str) -> None:
        """The controller forgets a job that is over, as it does after MinJobAge; accounting still has it."""
        database = self._database()
        with database:
            database.change(job_id, purged=1)

    def fail(self, command: str, text: str, times: int = -1, code: int = 1) -> None:
        """Lets the next calls of a command fail, or with -1 every one until `times=0`."""
        self.set(**{f"fail:{command}": f"{times} {code} {text}"})

    def lose_accounting(self) -> None:
        """sacct exits with 1 from now on."""
        self.fail("sacct", "sacct: error: Problem talking to the database: Connection refused")

    def hang(self, command: str, seconds: float) -> None:
        self.set(**{f"hang:{command}": seconds})

    def processes(self, job_id: str | None = None) -> list[int]:
        """The living processes of a job; of no job, all of the cluster with its supervisors."""
        return processes.find(str(self.folder), job_id)

    def close(self) -> None:
        """Kills every process of this cluster, and of no other."""
        self.set(slots=0)
        processes.kill(str(self.folder))

    def _wish(self, job_id: str, what: str) -> None:
        database = self._database()
        with database:
            job = database.job(job_id)
            assert job is not None and job["state"] == "RUNNING", f"job {job_id} does not run"
            engine.wish(database, job, what)

    def _database(self) -> Database:
        return Database(str(self.folder))


def wait_for(state: Callable[[], str], wanted: tuple[str, ...], what: str, seconds: float) -> str:
    """Waits until `state()` is one of the wanted ones, and returns it. Fails with the state that it stayed in."""
    until = time.monotonic() + seconds
    while (now := state()) not in wanted:
        assert time.monotonic() < until, f"{what} is {now or 'unknown'} after {seconds:g} s, not {' or '.join(wanted)}"
        time.sleep(0.02)
    return now
