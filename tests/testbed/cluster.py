"""A running cluster: asked, and broken on purpose."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.testbed import processes
from tests.testbed.settings import ClusterError, Settings

COMMAND_S = 30
FOREIGN = ("SLURM_", "SLURMD_", "SBATCH_", "SRUN_", "SALLOC_", "SQUEUE_", "SINFO_", "SACCT_", "SCANCEL_", "SCONTROL_")
"""Variables of a job, or habits of a user, that change what Slurm's commands do."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that was started; `settings.folder` is all there is to know about it."""

    settings: Settings

    @property
    def environment(self) -> dict[str, str]:
        """The caller's environment, made to speak to this cluster and not to one that he may be in a job of."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return kept | {"SLURM_CONF": str(self.settings.conf)}

    def run(
        self, command: Sequence[str], *, timeout_s: float = COMMAND_S, check: bool = True, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a command such as `sinfo`; its output is text in `stdout` and `stderr`.

        Raises:
            ClusterError: it failed (not with `check=False`), or had no end within `timeout_s`.
        """
        given = {"env": self.environment, "stdin": subprocess.DEVNULL} | options
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, **given)
        except subprocess.TimeoutExpired:
            raise ClusterError(f"{command[0]} must answer within {timeout_s:g} s", " ".join(command)) from None
        if check and done.returncode:
            found = f"exit code {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
            raise ClusterError(f"{' '.join(command)} must succeed", found)
        return done

    def node_states(self) -> dict[str, str]:
        """Node -> its state, as `sinfo` has it: idle, mixed, down, down* (silent) and so on; {} without an answer."""
        done = self.run(["sinfo", "--noheader", "--Node", "--format=%N %T", "--partition=low"], check=False)
        return dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line.strip())

    def is_idle(self) -> bool:
        """Whether every node is there and idle."""
        return self.node_states() == dict.fromkeys(self.settings.node_names, "idle")

    def cancel_all(self, patience_s: float = 15) -> bool:
        """Cancel every job; whether all ended in time."""

        def queued() -> list[str]:
            return self.run(["squeue", "--noheader", "--format=%A"]).stdout.split()

        jobs = queued()
        if jobs:
            self.run(["scancel", *jobs], check=False)
        return processes.wait(lambda: not queued(), patience_s, poll_s=0.2)

    def job_processes(self, node: str | None = None) -> list[int]:
        return []
