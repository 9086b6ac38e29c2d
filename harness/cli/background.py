"""`--detach`: the driver of a study in the background of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from harness.cli.again import ENTROCRAFT
from sweeps.jobs.driver_job import LOG
from sweeps.lease.lease import current

LOOK_S = 0.1


def detach(words: Sequence[str], folder: Path) -> int:
    """Starts the command in a session of its own, and returns once it drives the study or has ended before.

    0, or the exit code of what ended before; what that had said is shown.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOG
    with path.open("ab") as log:
        shown = log.tell()
        driver = subprocess.Popen(
            [sys.executable, *ENTROCRAFT, *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the end of the login ends its session's processes
        )
    try:
        while driver.poll() is None:
            shown = _show(path, shown)
            holder = current(folder)
            if holder is not None and holder.pid == driver.pid:
                break
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        os.killpg(driver.pid, signal.SIGTERM)
        raise
    if driver.returncode is not None:
        _show(path, shown)
        return driver.returncode if driver.returncode >= 0 else 128 - driver.returncode
    print(f"driver: process {driver.pid}, log {path}")
    print(f"watch:  entrocraft status {folder}")
    print(f"stop:   kill {driver.pid}")
    return 0


def _show(path: Path, start: int) -> int:
    """Prints what the log has from `start` on, to stderr; where that ended."""
    with path.open("rb") as log:
        log.seek(start)
        text = log.read()
    sys.stderr.write(text.decode(errors="replace"))
    sys.stderr.flush()
    return start + len(text)
