"""scancel and scontrol."""

import re
import signal
import sys

import engine
import processes
from options import Refused, read, refuse
from show import config, job_line

INVALID = "Invalid job id specified"


def scancel(database, arguments):
    valued = {"signal": "signal", "s": "signal", "user": "user", "u": "user", "name": "name", "n": "name"}
    flags = {"batch": "batch", "b": "batch", "full": "full", "f": "full", "quiet": "quiet", "Q": "quiet"}
    try:
        options, words = read("scancel", arguments, valued, flags)
    except Refused as error:
        return refuse(error)
    if not words and not {"user", "name"} & set(options):
        return refuse("scancel: error: No job identification provided")
    with database:
        jobs = [database.job(word) if word.isdecimal() else None for word in words]
        if not words:
            filters = {key: options[key] for key in ("user", "name") if key in options}
            where = " AND ".join(f"{key} = ?" for key in filters)
            states = "('PENDING', 'RUNNING', 'COMPLETING')"
            jobs = database.rows(f"SELECT * FROM jobs WHERE {where} AND state IN {states}", *filters.values())
        for job in jobs:
            if job is None or job["purged"]:
                continue  # Slurm says nothing of a job that it does not know, nor of one that is over
            if "signal" in options:
                _signal(database, job, options)
            elif job["state"] in ("PENDING", "RUNNING", "COMPLETING"):
                engine.wish(database, job, "cancel")
    engine.advance(database)
    return 0


def _signal(database, job, options):
    name = options["signal"].removeprefix("SIG")
    number = int(name) if name.isdecimal() else signal.Signals[f"SIG{name}"]
    if job["state"] != "RUNNING":
        return
    every = set(processes.find(database.folder, job["id"]))
    steps = set(processes.find(database.folder, job["id"], steps_only=True))
    batch = every - steps
    processes.send(batch if "batch" in options else every if "full" in options else steps, number)


def scontrol(database, arguments):
    words = [word for word in arguments if word not in ("--oneliner", "-o", "--details", "-d", "--quiet", "-Q")]
    match words:
        case ["show", "config"]:
            sys.stdout.write(config(database))
            return 0
        case ["show", "job"]:
            jobs = database.rows("SELECT * FROM jobs WHERE purged = 0 ORDER BY id")
            print(*(job_line(job) for job in jobs), sep="\n") if jobs else print("No jobs in the system")
            return 0
        case ["show", "job", job_id]:
            job = database.job(job_id) if job_id.isdecimal() else None
            if job is None or job["purged"]:
                return refuse(f"slurm_load_jobs error: {INVALID}")
            print(job_line(job) if {"--oneliner", "-o"} & set(arguments) else job_line(job).replace(" ", "\n   "))
            return 0
        case ["requeue", ids]:
            return max(_requeue(database, job_id) for job_id in re.split("[, ]", ids))
        case ["hold" | "release" as action, job_id]:
            return _hold(database, job_id, action)
    return refuse(f"scontrol: error: the fake does not know: scontrol {' '.join(arguments)}")


def _requeue(database, job_id):
    with database:
        job = database.job(job_id) if job_id.isdecimal() else None
        if job is None or job["purged"]:
            return refuse(f"{INVALID} for job {job_id}")
        if not job["requeueable"]:
            return refuse(f"Requested operation is presently disabled for job {job_id}")
        if job["state"] == "PENDING":
            return refuse(f"Job is pending execution for job {job_id}")
        if job["state"] in ("RUNNING", "COMPLETING"):
            engine.wish(database, job, "requeue")
        else:
            # A job that is over runs again, and accounting says of its end no more than the code: as Slurm 22.05.
            database.end_attempt(job, "REQUEUED")
            database.back_in_queue(job["id"])
    engine.advance(database)
    return 0


def _hold(database, job_id, action):
    with database:
        job = database.job(job_id) if job_id.isdecimal() else None
        if job is None:
            return refuse(f"{INVALID} for job {job_id}")
        if job["state"] == "PENDING":
            database.change(job_id, reason="JobHeldUser" if action == "hold" else "Resources")
    engine.advance(database)
    return 0
