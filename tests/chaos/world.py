"""What the faults see and touch: the jobs that run, their processes, the disk of the study."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.runs import RunFolder, holder
from tests.chaos.keeper import Keeper
from tests.chaos.study import NAME
from tests.testbed import Cluster, processes
from tests.testbed.daemons import daemons

PREFIX = f"ec-{NAME}-"
TOKEN_CHARACTERS = len("-12345678")


@dataclass(frozen=True)
class Job:
    """A job of the study that runs now."""

    id: str
    run: str
    node: str


@dataclass
class World:
    """One chaos run while it goes on."""

    slurm: Cluster
    study: Path
    """The study's folder."""
    disk: Path | None
    """Where a file system of the study's own is mounted; None where mounting is not permitted."""
    calls: Path
    """Where the wrappers of Slurm's commands note what the driver got."""
    keeper: Keeper
    rng: random.Random
    drained: int = 0
    """Nodes that were drained and given back."""
    struck: set[str] = field(default_factory=set)
    """Runs at which a fault is at work now: another one shall take another run, or both could not be told apart."""

    def jobs(self) -> list[Job]:
        """Those that run; [] while the controller does not answer."""
        done = self.slurm.run(["squeue", "--noheader", "--states=RUNNING", "--format=%i|%j|%N"], check=False)
        rows = (line.split("|") for line in done.stdout.splitlines() if line.count("|") == 2)
        return [Job(id, name[len(PREFIX) : -TOKEN_CHARACTERS], node) for id, name, node in rows if _ours(name)]

    def victim(self) -> Job | None:
        """A running job of an unfinished run, by chance; None where there is none."""
        free = [job for job in self.jobs() if job.run not in self.struck and not self.folder(job.run).is_done()]
        return self.rng.choice(free) if free else None

    def folder(self, run: str) -> RunFolder:
        return RunFolder(self.study / "runs" / run)

    def folders(self) -> list[RunFolder]:
        return [RunFolder(path) for path in sorted((self.study / "runs").glob("*")) if path.is_dir()]

    def shown(self, job: Job) -> tuple[str, int]:
        """State and count of restarts of the job, as the controller has them; ("", -1) without an answer."""
        said = self.slurm.run(["scontrol", "show", "job", job.id, "--oneliner"], check=False).stdout
        state, restarts = re.search(r"JobState=(\S+)", said), re.search(r"Restarts=(\d+)", said)
        return (state[1], int(restarts[1])) if state and restarts else ("", -1)

    def run_process(self, run: str) -> int | None:
        """The pid of the process that executes the run; None where none is at work."""
        found = holder(self.folder(run).path)
        return found["pid"] if found is not None and processes.alive(found["pid"]) else None

    def step_process(self, run: str) -> int | None:
        """The pid of the process that Slurm started on the node as the job's step."""
        folder = str(self.folder(run).path.resolve() / "slurm")
        for pid in processes.pids():
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
                if folder in words and "submitit.core._submit" in words and "python" in os.path.basename(words[0]):
                    return pid
        return None

    def failed_calls(self, command: str) -> int:
        """How often the command failed for a driver so far."""
        return sum(1 for line in self._calls() if line.startswith(f"{command} ") and not line.endswith(" 0"))

    def undrain(self) -> None:
        """What an administrator does: nodes that Slurm has drained are given back ("Duplicate jobid", say)."""
        for node, state in self.slurm.node_states().items():
            if state.startswith("drain"):
                self.slurm.run(["scontrol", "update", f"nodename={node}", "state=resume"], check=False)
                self.drained += 1

    def slurm_again(self) -> None:
        """Every daemon that a fault had ended and that is not back runs again."""
        for daemon in daemons(self.slurm.settings):
            if daemon.pid() is None:
                daemon.start()

    def _calls(self) -> Iterator[str]:
        with suppress(FileNotFoundError):
            yield from self.calls.read_text().splitlines()


def _ours(name: str) -> bool:
    return name.startswith(PREFIX) and len(name) > len(PREFIX) + TOKEN_CHARACTERS


def ours_in_queue(slurm: Cluster) -> list[str]:
    """Names of the study's jobs that wait, run or are just ending."""
    done = slurm.run(["squeue", "--noheader", "--format=%j"], check=False)
    return [name for name in done.stdout.split() if _ours(name)]
