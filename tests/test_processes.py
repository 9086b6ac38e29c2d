"""Children end with who started them, and take their own children along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from harness.processes import die_with_parent, end

SLEEP = [sys.executable, "-c", "import time; time.sleep(300)"]
PARENT = """
import subprocess, sys, time
from harness.processes import die_with_parent
child = subprocess.Popen(sys.argv[1:], start_new_session=True, preexec_fn=die_with_parent)
print(child.pid, flush=True)
time.sleep(300)
"""
FAMILY = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print(child.pid, flush=True)
time.sleep(300)
"""


def gone(pid: int, patience_s: float = 30) -> bool:
    """Whether the process ends; a zombie has ended."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_a_child_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *SLEEP], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not gone(child, patience_s=0.2)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(child)


def test_end_takes_the_whole_group() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, start_new_session=True, preexec_fn=die_with_parent
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    end(process)
    process.stdout.close()
    assert process.poll() is not None and gone(child)
    end(process)  # again: nothing is there, and nothing happens
