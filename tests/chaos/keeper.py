"""The keeper of the driver: `entrocraft sweep` as a process, started again as long as the study is not over."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OVER = (0, 1)
"""Exit codes after which no driver is needed: all trials complete, some failed."""
ERROR = re.compile(r"[A-Za-z_.]+(Error|Exception)\b")
"""How the last line of a traceback begins, with which Python's exit code is 1, too."""
LONGEST_PAUSE_S = 4.0


@dataclass
class Keeper:
    """`tick` starts a driver where there is none, after a random pause."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    rng: random.Random
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    refusals: list[str] = field(default_factory=list)
    """Last words of the drivers that ended by themselves before the study was over."""
    code: int | None = None
    """Exit code of the driver that saw the study end."""
    _next: float = 0.0
    _killed: bool = False

    def tick(self) -> None:
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            self.process = None
            if not self._killed:
                last = _last_line(self.log)
                if code in OVER and not ERROR.match(last):
                    self.code = code
                    return
                self.refusals.append(f"exit code {code}: {last}")
            self._next = time.monotonic() + self.rng.uniform(0.0, LONGEST_PAUSE_S)
        if self.code is None and time.monotonic() >= self._next:
            self._start()

    def kill(self) -> int | None:
        """SIGKILL to the driver that there is; its pid, None where none is or it has just ended by itself."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.kill()
        self._killed = self.process.wait() == -9
        return self.process.pid if self._killed else None

    def end(self) -> None:
        """No driver is left."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _start(self) -> None:
        self._killed = False
        self.starts += 1
        with self.log.open("ab") as log:
            log.write(f"--- driver {self.starts}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
            )


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "nothing"
