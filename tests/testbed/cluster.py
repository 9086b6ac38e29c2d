"""A running cluster: asked, and broken on purpose."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from harness.processes import end
from tests.testbed import processes
from tests.testbed.daemons import Daemon, slurmd
from tests.testbed.settings import ClusterError, Settings

COMMAND_S = 30
CANCEL_S = 10
USABLE = {"idle", "mixed", "allocated", "completing"}
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
        self, command: Sequence[str], *, stdin: str = "", timeout_s: float = COMMAND_S, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command such as `sinfo`; its output is text in `stdout` and `stderr`.

        Raises:
            ClusterError: it failed (not with `check=False`), or was ended since it had no end within `timeout_s`.
        """
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment, start_new_session=True
        ) as process:
            try:
                out, err = process.communicate(stdin.encode(), timeout=timeout_s)
            except BaseException as error:
                end(process)  # with all of its group, which srun would leave behind
                if isinstance(error, subprocess.TimeoutExpired):
                    rule = f"{command[0]} must answer within {timeout_s:g} s"
                    raise ClusterError(rule, " ".join(command)) from None
                raise
        text = out.decode(errors="replace"), err.decode(errors="replace")
        done = subprocess.CompletedProcess(command, process.returncode, *text)
        if check and done.returncode:
            found = f"exit code {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
            raise ClusterError(f"{' '.join(command)} must succeed", found)
        return done

    def node_states(self) -> dict[str, str]:
        """Node -> its state, as `sinfo` has it: idle, mixed, down, down* (silent) and so on; {} without an answer."""
        done = self.run(["sinfo", "--noheader", "--Node", "--format=%N %T", "--partition=low"], check=False)
        return dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line.strip())

    def is_ready(self) -> bool:
        """Whether every node is there; a cluster that goes on with its jobs may have some in work at once."""
        found = self.node_states()
        return set(found) == set(self.settings.node_names) and set(found.values()) <= USABLE

    def cancel_all(self, patience_s: float = 15) -> bool:
        """Cancel every job; whether all ended in time."""

        def queued() -> list[str]:
            return self.run(["squeue", "--noheader", "--format=%A"], timeout_s=CANCEL_S).stdout.split()

        jobs = queued()
        if jobs:
            self.run(["scancel", *jobs], timeout_s=CANCEL_S, check=False)
        return processes.wait(lambda: not queued(), patience_s, poll_s=0.2)

    def kill_node(self, node: str, *, with_jobs: bool = True) -> None:
        """A node fails: SIGKILL to its slurmd, and to all that its jobs run there.

        About `node_timeout_s` later Slurm holds it for down: its jobs get NODE_FAIL and are queued again.
        `with_jobs=False` ends the daemon alone, like a node that the network has lost: Slurm sees the same, yet
        the processes of the jobs' steps go on beside those of the second start.

        Raises:
            ClusterError: there is no such node, or something outlived SIGKILL.
        """
        self._slurmd(node).stop(signal.SIGKILL)
        if with_jobs and (left := processes.kill(lambda: self.job_processes(node), patience_s=10)):
            raise ClusterError("The processes of jobs must end at SIGKILL", f"pids {left} on {node}")

    def start_node(self, node: str, patience_s: float = 30) -> None:
        """Start the slurmd of a killed node and wait until Slurm can use it again.

        Raises:
            ClusterError: there is no such node, it runs already, or is not back in time.
        """
        daemon = self._slurmd(node)
        if (pid := daemon.pid()) is not None:
            raise ClusterError("A node that is started must not run", f"{node} with pid {pid}")
        daemon.start()
        if not processes.wait(lambda: self.node_states().get(node) in USABLE, patience_s, poll_s=0.2):
            raise ClusterError(f"A started node must be back within {patience_s:g} s", str(self.node_states()))

    def job_processes(self, node: str | None = None) -> list[int]:
        """The pids of what jobs run on a node, or on all of them: slurmstepd, and whatever it started.

        slurmstepd writes its title over its environment; the log that it shares with its slurmd tells whose it is.
        """
        names = self.settings.node_names if node is None else (node,)
        logs = {str(self.settings.folder / "log" / f"slurmd-{name}.log") for name in names}
        conf = str(self.settings.conf)
        found = set()
        for pid in processes.pids():
            variables = processes.environment(pid)
            in_job = variables.get("SLURM_CONF") == conf and variables.get("SLURMD_NODENAME") in names
            steps = not in_job and processes.program(pid) == "slurmstepd" and logs & processes.open_files(pid)
            if in_job or steps:
                found |= {pid, *processes.descendants(pid)}
        return sorted(pid for pid in found if processes.alive(pid))

    def _slurmd(self, node: str) -> Daemon:
        if node not in self.settings.node_names:
            raise ClusterError(f"A node must be one of {', '.join(self.settings.node_names)}", repr(node))
        return slurmd(self.settings, node)
