"""A driver's lease in a process of its own, on HOST as it pretends: `hold_lease.py HOST TTL_S COMMAND FOLDER...`.

`hold`: keeps the lease of the folder until a line on stdin, and releases it. `race`: at a line on stdin competes for
all folders at the same time, and prints the outcomes as JSON. `drive`: works off a study of two fake runs.
"""

import json
import socket
import sys
import threading
import time

HOST, TTL_S, COMMAND, *FOLDERS = sys.argv[1:]
if HOST != "here":
    socket.gethostname = lambda: HOST

from fake_study import run, study  # noqa: E402

from harness.errors import StudyError  # noqa: E402
from sweeps.lease.lease import Lease  # noqa: E402

STUDY = study("x=1", "x=2", seeds=[1], parallel=1, base=["steps=40", "step_s=0.02"])


def hold():
    lease = Lease(FOLDERS[0], float(TTL_S))
    lease.acquire()
    print("held", flush=True)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), over.set()), daemon=True).start()
    while not over.is_set():
        lease.keep()
        time.sleep(float(TTL_S) / 20)
    lease.release()


def race():
    outcomes = {}

    def compete(folder):
        try:
            Lease(folder, float(TTL_S)).acquire()
            outcomes[folder] = "won"
        except StudyError as error:
            outcomes[folder] = str(error)

    threads = [threading.Thread(target=compete, args=(folder,)) for folder in FOLDERS]
    print("ready", flush=True)
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(outcomes), flush=True)


if __name__ == "__main__":
    match COMMAND:
        case "hold":
            hold()
        case "race":
            race()
        case "drive":
            try:
                run(STUDY, FOLDERS[0], lease_ttl_s=float(TTL_S))
            except StudyError as error:
                print(type(error).__name__, error, flush=True)
