"""Loaded by every Python process of the chaos run: a run's process notes when it is at work.

Not from the product's own records: from the first file of the run's folder that it opens for writing (the lock aside,
which is opened by those, too, that do not get it) until it ends, a line every 50 ms with the monotonic time.
"""

import os
import sys
import threading
import time

FOLDER = os.environ.get("CHAOS_WITNESS", "")
WRITES = os.O_WRONLY | os.O_RDWR
PULSE_S = 0.05


def _watch(run):
    begun = threading.Event()

    def pulse(handle):
        while True:
            os.write(handle, b"%.3f\n" % time.monotonic())
            time.sleep(PULSE_S)

    def see(event, arguments):
        if event != "open" or begun.is_set():
            return
        path, _, flags = arguments
        if not isinstance(path, (str, os.PathLike)) or not (flags or 0) & WRITES:
            return
        path = os.path.abspath(os.fspath(path))
        if not path.startswith(run + os.sep) or os.path.basename(path) == "lock":
            return
        begun.set()
        node = os.environ.get("SLURMD_NODENAME", "here")
        name = f"{os.path.basename(run)}.{node}.{os.getpid()}.{time.monotonic_ns()}"
        handle = os.open(os.path.join(FOLDER, name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(handle, b"%.3f\n" % time.monotonic())
        threading.Thread(target=pulse, args=(handle,), daemon=True).start()

    sys.addaudithook(see)


if FOLDER and sys.orig_argv[-3:-1] == ["-m", "harness.execute"]:
    _watch(os.path.abspath(sys.orig_argv[-1]))
