"""The daemons of a cluster: how each is started, and how it is found again and stopped by its pid file."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.testbed import processes
from tests.testbed.requirements import PATH
from tests.testbed.settings import ClusterError, Settings

START_S = 20
STOP_S = 10


@dataclass(frozen=True)
class Daemon:
    """One daemon; it goes into the background and writes its own pid file."""

    name: str
    command: tuple[str, ...]
    pid_file: Path
    conf: Path
    environment: Mapping[str, str]

    def pid(self) -> int | None:
        """Its pid while it lives. A pid file left over, whose pid now is another process's, counts as no daemon."""
        try:
            pid = int(self.pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        ours = processes.environment(pid).get("SLURM_CONF") == str(self.conf)
        return pid if ours and processes.alive(pid) else None

    def start(self) -> None:
        """Raises ClusterError: it failed, or wrote no pid file in time."""
        output = self.conf.parents[1] / "log" / f"{self.name}.out"
        with output.open("ab") as file:
            try:
                code = subprocess.run(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=dict(self.environment),
                    timeout=START_S,
                ).returncode
            except subprocess.TimeoutExpired:
                code = None
        if code != 0 or not processes.wait(lambda: self.pid() is not None, START_S):
            raise ClusterError(
                f"{self.name} must start within {START_S} s",
                f"exit code {code}: {_tail(output)}",
                f"Read the logs in {output.parent}.",
            )

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop it and wait; SIGKILL where it does not end within STOP_S. Nothing happens where it does not run.

        Raises:
            ClusterError: it outlived SIGKILL.
        """
        pid = self.pid()
        if pid is not None and processes.end([pid], number, STOP_S) and processes.end([pid], signal.SIGKILL, STOP_S):
            raise ClusterError(f"{self.name} must end at SIGKILL", f"pid {pid}, alive after {STOP_S} s")
        self.pid_file.unlink(missing_ok=True)


def munged(settings: Settings) -> Daemon:
    """--force: it would refuse folders that others may not enter, such as those of pytest; root alone uses it."""
    folder = settings.folder
    options = (
        "--force",
        f"--key-file={folder}/etc/munge.key",
        f"--socket={folder}/munge.sock",
        f"--pid-file={folder}/run/munged.pid",
        f"--log-file={folder}/log/munged.log",
        f"--seed-file={folder}/run/munged.seed",
        "--num-threads=10",  # fewer, and daemons that wait for each other's credentials stop
    )
    return _daemon(settings, "munged", ("munged", *options))


def mariadbd(settings: Settings) -> Daemon:
    """It does not go into the background by itself."""
    folder = settings.folder
    options = (
        "--no-defaults",
        "--user=root",
        f"--datadir={folder}/db",
        f"--socket={folder}/db.sock",
        f"--pid-file={folder}/run/mariadbd.pid",
        "--skip-networking",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=32M",
        "--innodb-lock-wait-timeout=60",
    )
    return _daemon(settings, "mariadbd", ("setsid", "--fork", "mariadbd", *options))


def slurmdbd(settings: Settings) -> Daemon:
    return _daemon(settings, "slurmdbd", ("slurmdbd",), MYSQL_UNIX_PORT=f"{settings.folder}/db.sock")


def slurmctld(settings: Settings) -> Daemon:
    return _daemon(settings, "slurmctld", ("slurmctld",))


def slurmd(settings: Settings, node: str) -> Daemon:
    """Debian's slurmd can play one of several nodes."""
    return _daemon(settings, f"slurmd-{node}", ("slurmd", "-N", node))


def daemons(settings: Settings) -> list[Daemon]:
    """In the order of their start."""
    accounting = [mariadbd(settings), slurmdbd(settings)] if settings.accounting else []
    nodes = [slurmd(settings, node) for node in settings.node_names]
    return [munged(settings), *accounting, slurmctld(settings), *nodes]


def environment(settings: Settings) -> dict[str, str]:
    """What daemons and tools get: nothing of the caller's, who may himself be in a job of another cluster."""
    return {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "SLURM_CONF": str(settings.conf)}


def _daemon(settings: Settings, name: str, command: tuple[str, ...], **variables: str) -> Daemon:
    pid_file = settings.folder / "run" / f"{name}.pid"
    return Daemon(name, command, pid_file, settings.conf, environment(settings) | variables)


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-500:].strip() or "no output"
