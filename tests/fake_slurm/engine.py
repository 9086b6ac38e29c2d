"""What the controller does: starts jobs where slots are free, and notices supervisors that died."""

import os
import signal
import sys
import time

import processes


def advance(database):
    """Brings the state up to date; called by every command, and by a supervisor when its job is over."""
    with database:
        for job in database.rows("SELECT * FROM jobs WHERE state IN ('RUNNING', 'COMPLETING')"):
            # No birth: it was killed before it could be looked at.
            if job["birth"] is None or processes.birth(job["supervisor"]) != job["birth"]:
                _bury(database, job)
        used = {row["slot"] for row in database.rows("SELECT slot FROM jobs WHERE state IN ('RUNNING', 'COMPLETING')")}
        free = [slot for slot in range(int(database.number("slots"))) if slot not in used]
        if free:
            waiting = (
                "SELECT * FROM jobs WHERE state = 'PENDING' AND reason != 'JobHeldUser'"
                " AND (restarts = 0 OR submitted <= ?) ORDER BY id LIMIT ?"
            )
            since = time.time() - database.number("requeue_delay_s")
            for slot, job in zip(free, database.rows(waiting, since, len(free)), strict=False):
                _start(database, job, slot)


def _start(database, job, slot):
    # The supervisor waits for this transaction, and leaves if it was rolled back: then nobody knows of it.
    arguments = [sys.executable, "-E", "-s", "-S", processes.LAUNCH, "supervise", database.folder]
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1)]
    log = os.path.join(database.folder, "supervisors.log")
    pid = os.posix_spawn(
        sys.executable,
        [*arguments, str(job["id"])],
        {processes.CLUSTER: database.folder, "PATH": os.environ.get("PATH", os.defpath)},
        file_actions=[*quiet, (os.POSIX_SPAWN_OPEN, 2, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)],
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGHUP],
    )
    now = time.time()
    node = f"fake{slot + 1}"
    database.change(job["id"], state="RUNNING", reason="None", node=node, slot=slot, started=now, wish="")
    database.change(job["id"], supervisor=pid, birth=processes.birth(pid))


def _bury(database, job):
    """A supervisor is gone and wrote no end: to Slurm that is a node that does not answer."""
    processes.kill(database.folder, job["id"])
    if not job["wish"] and job["requeueable"]:
        database.end_attempt(job, "NODE_FAIL")
        database.back_in_queue(job["id"])
    else:
        end(database, job, job["wish"] or "node_fail", None)


def end(database, job, why, status):
    """Writes the end of a job's processes: `why`, "" for its own end, and the script's wait status, if it had one."""
    if why == "requeued":
        database.back_in_queue(job["id"])
        return
    code, sig = (os.waitstatus_to_exitcode(status), 0) if status is not None else (0, 0)
    if code < 0:
        code, sig = 0, -code
    state, code, sig = {
        "": ("FAILED" if code or sig else "COMPLETED", code, sig),
        "cancel": ("CANCELLED", code, sig),
        "timeout": ("TIMEOUT", 0, 0),
        "node_fail": ("NODE_FAIL", 0, 0),
        "oom": ("OUT_OF_MEMORY", 0, 125),
        "no_output": ("FAILED", 0, 53),
    }[why]
    reasons = {"FAILED": "NonZeroExitCode", "TIMEOUT": "TimeLimit", "OUT_OF_MEMORY": "OutOfMemory"}
    values = {"state": state, "code": code, "sig": sig, "ended": time.time(), "reason": reasons.get(state, "None")}
    # Cancelled while a requeue was killing it: Slurm 22.05 keeps the requeued attempt and writes no other.
    unaccounted = why == "cancel" and job["started"] is None
    database.change(job["id"], **values, slot=None, supervisor=None, wish="", unaccounted=unaccounted)


def wish(database, job, what):
    """Asks for the job's end: cancel, requeue, preempt or oom. A job that waits is cancelled at once."""
    if job["state"] == "PENDING":
        if what == "cancel":
            database.change(job["id"], state="CANCELLED", ended=time.time(), reason="None")
        return
    if what == "requeue":
        if job["wish"] == "requeued":
            return
        database.end_attempt(job, "REQUEUED")
    else:
        database.change(job["id"], wish=what, state="COMPLETING" if what == "cancel" else job["state"])
    if processes.birth(job["supervisor"]) == job["birth"]:
        processes.send([job["supervisor"]], signal.SIGUSR1)
