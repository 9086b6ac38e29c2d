"""The lock: one holder, gone with its process, probed without harm."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from harness.errors import LockHeldError
from harness.runs import RunLock, holder

HOLD = """
import sys, time
from harness.runs import RunLock
with RunLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_with_the_first_one_named(tmp_path):
    with (
        RunLock(tmp_path),
        pytest.raises(LockHeldError, match=f"process {os.getpid()} on"),
        RunLock(tmp_path),
    ):
        pass
    with RunLock(tmp_path):
        assert holder(tmp_path)["pid"] == os.getpid()
    assert holder(tmp_path) is None


def test_whoever_takes_the_lock_removes_what_killed_writers_left(tmp_path):
    for name in (".manifest.json.4711.tmp", ".DONE.1.tmp", ".notes.tmp", "a.1.tmp", ".optuna.db.tmp"):
        (tmp_path / name).touch()
    with RunLock(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"lock", ".notes.tmp", "a.1.tmp", ".optuna.db.tmp"}


def test_nobody_holds_what_was_never_locked(tmp_path):
    assert holder(tmp_path) is None


def test_the_lock_dies_with_its_process(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    assert holder(tmp_path)["pid"] == process.pid
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert holder(tmp_path) is None


def test_probing_readers_do_not_keep_a_writer_out(tmp_path):
    (tmp_path / "lock").touch()
    over = threading.Event()

    def probe():
        while not over.is_set():
            holder(tmp_path)

    reader = threading.Thread(target=probe)
    reader.start()
    try:
        for _ in range(50):
            with RunLock(tmp_path):
                pass
    finally:
        over.set()
        reader.join()
