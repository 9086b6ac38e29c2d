"""sbatch: `#SBATCH` lines, then the command line; the script and the environment are kept as they are now."""

import json
import os
import re
import shlex
import signal
import sys
import time

import engine
import processes
from database import LIVE
from options import Refused, read, refuse

VALUED = {
    "job-name": "name", "J": "name", "output": "output", "o": "output", "error": "error", "e": "error",
    "time": "time", "t": "time", "signal": "signal", "open-mode": "open-mode", "chdir": "chdir", "D": "chdir",
    "nodes": "nodes", "N": "nodes", "ntasks": "ntasks", "n": "ntasks", "ntasks-per-node": "ntasks-per-node",
    "gres": "gres", "gpus-per-node": "gpus-per-node", "gpus": "gpus", "wrap": "wrap",
    "partition": "-", "p": "-", "account": "-", "A": "-", "qos": "-", "q": "-", "mem": "-", "mem-per-cpu": "-",
    "mem-per-gpu": "-", "cpus-per-task": "-", "c": "-", "cpus-per-gpu": "-", "constraint": "-", "C": "-",
    "comment": "-", "mail-type": "-", "mail-user": "-", "exclude": "-", "x": "-", "reservation": "-",
    "dependency": "-", "export": "export", "begin": "-", "nice": "-", "tmp": "-", "wckey": "-",
}  # fmt: skip
FLAGS = {
    "parsable": "parsable", "requeue": "requeue", "no-requeue": "no-requeue", "exclusive": "-", "hold": "hold",
    "H": "hold", "quiet": "quiet", "Q": "quiet", "get-user-env": "-",
}  # fmt: skip
POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


def sbatch(database, arguments):
    try:
        options, words = read("sbatch", arguments, VALUED, FLAGS, stop_at_word=True)
        script = _script(options, words)
        inside = [word for line in _directives(script) for word in shlex.split(line)]
        options = {**read("sbatch", inside, VALUED, FLAGS)[0], **options}
        job_id = _submit(database, options, words, script)
    except Refused as error:
        return refuse(error)
    engine.advance(database)
    with database:
        if int(lose := database.get("lose_answers")):
            database.set("lose_answers", int(lose) - 1)
            print(
                "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", file=sys.stderr
            )
            return 1
    print(job_id if options.get("parsable") else f"Submitted batch job {job_id}")
    return 0


def _script(options, words):
    if "wrap" in options:
        return f"#!/bin/sh\n{options['wrap']}\n".encode()
    if not words:
        script = sys.stdin.buffer.read()
    else:
        try:
            with open(words[0], "rb") as file:
                script = file.read()
        except OSError as error:
            raise Refused(f"sbatch: error: Unable to open file {words[0]}") from error
    if not script.startswith(b"#!"):
        raise Refused(
            "sbatch: error: This does not look like a batch script.  The first\n"
            "sbatch: error: line must start with #! followed by the path to an interpreter.\n"
            "sbatch: error: For instance: #!/bin/sh"
        )
    return script


def _directives(script):
    """What follows #SBATCH in the comments before the first command."""
    for line in script.decode(errors="replace").splitlines():
        if line.startswith("#SBATCH"):
            yield line[len("#SBATCH") :]
        elif line.strip() and not line.startswith("#"):
            return


def _submit(database, options, words, script):
    number, seconds, batch = _signal(options.get("signal"))
    nodes = int(options.get("nodes", 1))
    tasks = int(options.get("ntasks", nodes * int(options.get("ntasks-per-node", 1))))
    workdir = os.path.abspath(options.get("chdir", os.getcwd()))
    name = options.get("name", "wrap" if "wrap" in options else os.path.basename(words[0]) if words else "sbatch")
    environment = {key: value for key, value in os.environ.items() if key != processes.STEP}
    with database:
        alive = database.row(f"SELECT count(*) AS n FROM jobs WHERE state IN {LIVE}")["n"]
        if 0 <= int(database.get("submit_limit")) <= alive:
            raise Refused(
                f"sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: {POLICY}"
            )
        job_id = int(database.get("next_id"))
        database.set("next_id", job_id + 1)

        def path(pattern):
            made = re.sub(r"%(\d*)([jJxuNnt%])", lambda found: _value(found, job_id, name), pattern)
            return os.path.join(workdir, made)

        values = {
            "id": job_id,
            "name": name,
            "user": user(),
            "script": script,
            "env": json.dumps(environment),
            "workdir": workdir,
            "stdout": path(options.get("output", "slurm-%j.out")),
            "stderr": path(options["error"]) if "error" in options else "",
            "append": options.get("open-mode") == "append",
            "requeueable": "no-requeue" not in options,
            "limit_s": _limit_s(options.get("time")),
            "signal": number,
            "signal_s": seconds,
            "signal_batch": batch,
            "gpus": _gpus(options, nodes),
            "nodes": nodes,
            "tasks": tasks,
            "state": "PENDING",
            "reason": "JobHeldUser" if options.get("hold") else "Resources",
            "restarts": 0,
            "node": "",
            "submitted": time.time(),
            "code": 0,
            "sig": 0,
            "wish": "",
            "purged": 0,
            "unaccounted": 0,
        }
        marks = ", ".join("?" * len(values))
        database.do(f"INSERT INTO jobs ({', '.join(values)}) VALUES ({marks})", *values.values())
    return job_id


def user():
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name


def _value(found, job_id, name):
    width, letter = found.groups()
    values = {"j": str(job_id), "J": str(job_id), "x": name, "u": user(), "N": "fake", "n": "0", "t": "0", "%": "%"}
    return values[letter].zfill(int(width or 0))


def _limit_s(text):
    """Seconds of minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]]; 0 is no limit.

    Not Slurm's: "S.SSs", seconds, because tests cannot wait for minutes.
    """
    if text in (None, "0", "UNLIMITED", "infinite"):
        return 0.0
    if seconds := re.fullmatch(r"([0-9.]+)s", text):
        return float(seconds[1])
    if not re.fullmatch(r"([0-9]+-)?[0-9]+(:[0-9]+){0,2}", text):
        raise Refused("sbatch: error: Invalid --time specification")
    days, _, clock = text.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    if days:
        hours, minutes, seconds = [*parts, 0, 0][:3]
    elif len(parts) == 3:
        hours, minutes, seconds = parts
    else:
        hours, (minutes, seconds) = 0, [*parts, 0][:2]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def _signal(text):
    """Number, seconds before the limit, whether to the batch script only: of [B:]NAME[@SECONDS]."""
    if text is None:
        return 0, 0.0, False
    found = re.fullmatch(r"(B:|R:)?(SIG)?([A-Z0-9]+)(@([0-9.]+))?", text)
    if found is None:
        raise Refused("sbatch: error: Invalid --signal specification")
    number = int(found[3]) if found[3].isdecimal() else int(signal.Signals[f"SIG{found[3]}"])
    return number, float(found[5] or 60), found[1] == "B:"


def _gpus(options, nodes):
    """GPUs of one node: the script sees them."""
    if "gpus-per-node" in options:
        return int(options["gpus-per-node"].rpartition(":")[2])
    if "gpus" in options:
        return int(options["gpus"].rpartition(":")[2]) // nodes
    kind, _, count = options.get("gres", "").rpartition(":")
    return int(count) if kind.startswith("gpu") else 0
