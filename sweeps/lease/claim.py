"""A claim on a study: who drives it, as written in its folder, and whether that process is gone."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from harness.config.group import read
from harness.errors import ConfigError
from harness.runs.manifest import now

UNKNOWN = ""
"""A boot or a pid namespace that the system does not tell: nothing is said about its processes then."""

DEAD_STATES = ("Z", "X")
"""Of proc(5): a zombie has ended, and only its parent has not asked yet."""

MOST_PIDS = 2**31
STATE_FIELD, START_FIELD = 3, 22
"""In proc(5)'s numbering of /proc/PID/stat."""


@dataclass(frozen=True)
class Claim:
    """One claim. `token` is drawn by each driver and kept through its renewals; `since` is ISO 8601 in UTC.

    A pid means something only within one boot of one kernel and one pid namespace (containers on a machine
    share the kernel and may share the host's name), and only together with the process's start, in clock
    ticks after the boot: pids are used again.
    """

    token: str
    host: str
    boot: str
    pid_namespace: str
    pid: int
    started: int
    since: str
    job: str | None
    """The Slurm job that the driver itself runs in, if any."""
    renewals: int = 0
    released: bool = False

    def content(self) -> bytes:
        """As it is written."""
        return orjson.dumps(asdict(self)) + b"\n"

    def is_here(self) -> bool:
        """Whether this process would see that one, if it lived."""
        place = (self.host, self.boot, self.pid_namespace)
        return UNKNOWN not in place and place == (socket.gethostname(), _boot(), _pid_namespace())

    def is_gone(self) -> bool:
        """Whether its process has certainly ended; False where it lives or cannot be seen from here."""
        if not self.is_here():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass  # another user's, and there
        seen = _state_and_start(self.pid)
        return seen is not None and (seen[0] in DEAD_STATES or seen[1] != self.started)

    def describe(self) -> str:
        """The driver in words, for messages."""
        job = f", Slurm job {self.job}" if self.job else ""
        return f"process {self.pid} on {self.host!r} (since {self.since}{job})"


def new_claim() -> Claim:
    """A claim of this process, with a token of its own."""
    seen = _state_and_start(os.getpid())
    return Claim(
        token=secrets.token_hex(8),
        host=socket.gethostname(),
        boot=_boot() if seen is not None else UNKNOWN,
        pid_namespace=_pid_namespace(),
        pid=os.getpid(),
        started=seen[1] if seen is not None else 0,
        since=now(),
        job=os.environ.get("SLURM_JOB_ID"),
    )


def parse(content: bytes) -> Claim | None:
    """The claim that was written, or None where it is damaged."""
    try:
        claim = read(Claim, orjson.loads(content), "claim")
    except (orjson.JSONDecodeError, ConfigError):
        return None
    return claim if 0 < claim.pid < MOST_PIDS else None


def _state_and_start(pid: int) -> tuple[str, int] | None:
    """State and start of a process; None where /proc does not show it (no /proc, hidepid, or just gone)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    behind_name = stat.rpartition(")")[2].split()  # the name may hold blanks and brackets; field 3 is next
    return behind_name[0], int(behind_name[START_FIELD - STATE_FIELD])


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return UNKNOWN


def _pid_namespace() -> str:
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid")
    return UNKNOWN
