"""A step that writes into heard-JOB what it hears: `ignore`, `end-at SIGNAL CODE`, `requeue-at SIGNAL`."""

import os
import signal
import subprocess
import sys
import time

what, *words = sys.argv[1:]
JOB = os.environ["SLURM_JOB_ID"]


def write(word):
    with open(f"heard-{JOB}", "a") as file:
        file.write(f"{word}\n")


def hear(number, frame):
    name = signal.Signals(number).name.removeprefix("SIG")
    write(name)
    if what == "end-at" and name == words[0]:
        sys.exit(int(words[1]))
    if what == "requeue-at" and name == words[0]:
        subprocess.run(["scontrol", "requeue", JOB], check=True)
        sys.exit(255)


for number in (signal.SIGUSR2, signal.SIGTERM):
    signal.signal(number, hear)
write("start")
if what == "requeue-at" and "SLURM_RESTART_COUNT" in os.environ:
    sys.exit(0)
while True:
    time.sleep(0.05)
