"""squeue, sacct, sinfo and sacctmgr, and what scontrol shows."""

import os
import re
import sys
import time

from options import Refused, read, refuse
from submit import user

ACTIVE = "state IN ('PENDING', 'RUNNING', 'COMPLETING')"


def squeue(database, arguments):
    valued = {"user": "user", "u": "user", "format": "format", "o": "format", "jobs": "jobs", "j": "jobs"}
    valued |= {"name": "name", "n": "name", "states": "states", "t": "states"}
    flags = {"noheader": "noheader", "h": "noheader", "me": "me", "array": "-", "r": "-"}
    try:
        options, _ = read("squeue", arguments, valued, flags)
    except Refused as error:
        return refuse(error)
    layout = options.get("format", "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R")
    if "noheader" not in options:
        names = {"i": "JOBID", "T": "STATE", "r": "REASON", "j": "NAME", "N": "NODELIST", "u": "USER", "t": "ST"}
        print(_filled(layout, lambda letter: names.get(letter, letter)))
    asked = options.get("user", user() if "me" in options else None)
    for job in database.rows(f"SELECT * FROM jobs WHERE {ACTIVE} ORDER BY id"):
        if asked is not None and job["user"] not in asked.split(","):
            continue
        if "jobs" in options and str(job["id"]) not in options["jobs"].split(","):
            continue
        if "name" in options and job["name"] not in options["name"].split(","):
            continue
        print(_filled(layout, _cells(job).__getitem__))
    return 0


def _cells(job):
    short = {"PENDING": "PD", "RUNNING": "R", "COMPLETING": "CG"}[job["state"]]
    ran = int(time.time() - (job["started"] or time.time()))
    where = job["node"] or f"({job['reason']})"
    return {
        "i": job["id"], "A": job["id"], "T": job["state"], "t": short, "r": job["reason"], "j": job["name"],
        "N": job["node"], "u": job["user"], "P": "fake", "M": f"{ran // 60}:{ran % 60:02d}", "D": job["nodes"],
        "R": where, "p": "0.5", "Q": 1, "a": "(null)", "q": "normal",
    }  # fmt: skip


def _filled(layout, value):
    def fill(found):
        text, width = str(value(found[3])), int(found[2] or 0)
        if not width:
            return text
        return text[:width].rjust(width) if found[1] else text[:width].ljust(width)

    return re.sub(r"%(\.?)(\d*)([A-Za-z])", fill, layout)


def sacct(database, arguments):
    valued = {"jobs": "jobs", "j": "jobs", "format": "format", "o": "format", "starttime": "-", "S": "-"}
    valued |= {"user": "user", "u": "user", "name": "name"}
    flags = {"noheader": "noheader", "n": "noheader", "parsable2": "-", "P": "-", "allocations": "-", "X": "-"}
    flags |= {"duplicates": "duplicates", "D": "duplicates"}
    try:
        options, _ = read("sacct", _joined(arguments), valued, flags)
    except Refused as error:
        return refuse(error)
    columns = options.get("format", "JobID,JobName,Partition,Account,AllocCPUS,State,ExitCode").split(",")
    if "noheader" not in options:
        print("|".join(columns))
    lag_s, nameless = database.number("sacct_lag_s"), database.number("sacct_forgets_names")
    ids = [job_id for job_id in options.get("jobs", "").split(",") if job_id]
    for job_id in ids or [row["id"] for row in database.rows("SELECT id FROM jobs ORDER BY id")]:
        job = database.job(job_id) if str(job_id).isdecimal() else None
        if job is None or ("name" in options and job["name"] != options["name"]):
            continue
        attempts = database.rows("SELECT * FROM past WHERE id = ? ORDER BY submitted, rowid", job["id"])
        # Slurm 22.05 accounts for the next attempt of a requeued job only once it may start.
        since = time.time() - database.number("requeue_delay_s" if attempts else "sacct_new_s")
        waits = job["state"] != "COMPLETING" and job["submitted"] <= since
        if not job["unaccounted"] and (job["started"] is not None or waits):
            attempts = [*attempts, job]
        for attempt in attempts if "duplicates" in options else attempts[-1:]:
            cells = _accounted(job, attempt, lag_s) | ({"JobName": "allocation"} if nameless else {})
            print("|".join(str(cells[column.split("%")[0]]) for column in columns))
    return 0


def _joined(arguments):
    """Several -j are one list, as submitit writes them."""
    ids, rest, before = [], [], None
    for argument in arguments:
        if before in ("-j", "--jobs"):
            ids.append(argument)
            rest.pop()
        elif argument.startswith("--jobs="):
            ids.append(argument.removeprefix("--jobs="))
        else:
            rest.append(argument)
        before = argument
    return [*rest, f"--jobs={','.join(ids)}"] if ids else rest


def _accounted(job, attempt, lag_s):
    now = time.time()
    state, ended, code, sig = attempt["state"], attempt["ended"], attempt["code"], attempt["sig"]
    started = attempt["started"]
    if ended is not None and now < ended + lag_s and started is not None:
        state, ended, code, sig = "RUNNING", None, 0, 0
    if state == "COMPLETING":
        state = "RUNNING"
    if state == "CANCELLED":
        state = f"CANCELLED by {os.geteuid()}"
    elapsed = int((ended or now) - started) if started else 0
    tres = f"billing=1,cpu=1,{_gpu_tres(job)}mem=100M,node={job['nodes']}" if started else ""
    # sacct takes 128 off an exit code above 128, as if it were a signal: 137 is "9:0". scontrol does not.
    shown_code = code - 128 if code > 128 else code
    return {
        "JobID": job["id"], "JobIDRaw": job["id"], "JobName": job["name"], "State": state,
        "ExitCode": f"{shown_code}:{sig}", "Submit": _time(attempt["submitted"]),
        "Start": "None" if ended and not started else _time(started), "End": _time(ended), "ElapsedRaw": elapsed,
        "NodeList": attempt["node"] or "None assigned", "AllocTRES": tres, "Partition": "fake", "Account": "fake",
        "AllocCPUS": 1 if started else 0, "User": job["user"], "Restarts": job["restarts"],
    }  # fmt: skip


def _gpu_tres(job):
    return f"gres/gpu={job['gpus'] * job['nodes']}," if job["gpus"] else ""


def _time(seconds):
    if seconds is None:
        return "Unknown"
    layout = os.environ.get("SLURM_TIME_FORMAT", "standard")
    return time.strftime(layout if "%" in layout else "%Y-%m-%dT%H:%M:%S", time.localtime(seconds))


def job_line(job):
    shown = {
        "JobId": job["id"], "JobName": job["name"], "UserId": f"{job['user']}({os.geteuid()})", "Priority": 1,
        "JobState": job["state"], "Reason": job["reason"], "Dependency": "(null)", "Requeue": int(job["requeueable"]),
        "Restarts": job["restarts"], "BatchFlag": 1, "Reboot": 0, "ExitCode": f"{job['code']}:{job['sig']}",
        "SubmitTime": _time(job["submitted"]), "StartTime": _time(job["started"]), "EndTime": _time(job["ended"]),
        "Partition": "fake", "ReqNodeList": "(null)", "ExcNodeList": "(null)", "NodeList": job["node"] or "(null)",
        "NumNodes": job["nodes"], "WorkDir": job["workdir"], "StdErr": job["stderr"] or job["stdout"],
        "StdOut": job["stdout"],
    }  # fmt: skip
    return " ".join(f"{key}={value}" for key, value in shown.items())


def config(database):
    values = {
        "AccountingStorageType": "accounting_storage/slurmdbd",
        "ClusterName": "fake",
        "KillWait": f"{database.get('kill_wait_s')} sec",
        "MaxArraySize": 1001,
        "MaxJobCount": 10000,
        "SLURM_VERSION": "22.05.8",
    }
    return "".join(f"{key:<23} = {value}\n" for key, value in values.items())


def sinfo(database, arguments):
    valued, flags = (
        {"format": "format", "o": "format"},
        {"noheader": "noheader", "h": "noheader", "Node": "-", "N": "-"},
    )
    try:
        options, _ = read("sinfo", arguments, valued, flags)
    except Refused as error:
        return refuse(error)
    slots = int(database.number("slots"))
    cells = {"P": "fake*", "a": "up", "l": "infinite", "D": slots, "t": "idle", "T": "idle", "N": f"fake[1-{slots}]"}
    cells |= {"c": 16, "m": 64000, "G": "gpu:h100:8(S:0)", "R": "fake"}
    layout = options.get("format", "%9P %.5a %.10l %.6D %.6t %N")
    if "noheader" not in options:
        names = {"P": "PARTITION", "a": "AVAIL", "l": "TIMELIMIT", "D": "NODES", "t": "STATE", "N": "NODELIST"}
        print(_filled(layout, lambda letter: names.get(letter, letter)))
    print(_filled(layout, cells.__getitem__))
    return 0


def sacctmgr(database, arguments):
    options = {"noheader", "n", "parsable2", "P", "immediate", "i"}
    words = [word for word in arguments if word.lstrip("-") not in options or not word.startswith("-")]
    columns = next((word.partition("=")[2].split(",") for word in words if word.startswith("format=")), None)
    if words[:1] not in (["show"], ["list"]) or columns is None:
        return refuse(f"sacctmgr: the fake does not know: sacctmgr {' '.join(arguments)}")
    limit = int(database.get("submit_limit"))
    told = "" if limit < 0 else limit
    cells = {
        "association": {"Cluster": "fake", "Account": "fake", "User": user(), "QOS": "normal"},
        "qos": {"Name": "normal", "MaxSubmitPU": told, "MaxSubmitJobsPerUser": told},
        "cluster": {"Cluster": "fake"},
    }.get(words[1].rstrip("s") if words[1] != "qos" else "qos")
    if cells is None:
        return refuse(f"sacctmgr: the fake does not know: sacctmgr {' '.join(arguments)}")
    sys.stdout.write("|".join(str(cells.get(column, "")) for column in columns) + "\n")
    return 0
