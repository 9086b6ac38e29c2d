"""The processes of a fake cluster, found by what they have in their environment: even those nobody waits for."""

import os
import signal

LAUNCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch.py")
CLUSTER = "FAKE_SLURM_CLUSTER"
"""Of every supervisor and every process of a job: the folder of the cluster."""
JOB = "FAKE_SLURM_JOB"
"""Of every process of a job: its id."""
STEP = "FAKE_SLURM_STEP"
"""Of the processes that srun started: they get the signals that the batch script does not get."""


def birth(pid):
    """When the process started, in the kernel's words; None where there is none. A zombie is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in (b"Z", b"X") else fields[19].decode()


def find(cluster, job_id=None, steps_only=False):
    """The ids of the living processes of a cluster, or of one of its jobs."""
    wanted = {f"{CLUSTER}={cluster}".encode()}
    if job_id is not None:
        wanted.add(f"{JOB}={job_id}".encode())
    if steps_only:
        wanted.add(f"{STEP}=0".encode())
    found = []
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                there = wanted <= set(file.read().split(b"\0"))
        except OSError:
            continue  # it has just ended, or it is another user's
        if there and int(name) != os.getpid() and birth(name) is not None:
            found.append(int(name))
    # Children first, as Slurm's signals were seen to arrive: a script may go on for a moment after its child's end.
    return sorted(found, reverse=True)


def is_command(pid):
    """Whether it is one of the fake's own commands, which a script has called."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return LAUNCH.encode() in file.read().split(b"\0")
    except OSError:
        return False


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def kill(cluster, job_id=None):
    """Kills them until none is left, because one may start another while this looks."""
    while pids := find(cluster, job_id):
        send(pids, signal.SIGKILL)
