"""Reading what Slurm's commands print. Pure; a line that is not as expected is refused, never skipped.

Facts: https://slurm.schedmd.com/sacct.html, squeue.html and scontrol.html, and Slurm 22.05 itself.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from harness.errors import SchedulerError
from slurm.records import AccountedJob, JobState, QueuedJob, ShownJob

SQUEUE_FORMAT = "%i|%T|%r|%j|%N"
SACCT_FORMAT = "JobIDRaw,JobName,State,ExitCode,Submit,Start,End,ElapsedRaw,NodeList,AllocTRES"
JOB_ID = re.compile(r"[0-9]+(_([0-9]+|\[[0-9,%-]+\]))?(\+[0-9]+)?")
"""A job; a task of an array, `7_3`; its waiting tasks, `7_[4-9%2]`; a part of a heterogeneous job, `7+1`."""
NOTHING = ("", "None", "(null)", "Unknown", "None assigned", "N/A")


def job_state(text: str) -> JobState:
    """The state that Slurm's text begins with, as in "CANCELLED by 0"; UNKNOWN for a text that is none."""
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    return JobState.__members__.get(word, JobState.UNKNOWN)


def queued_jobs(output: str) -> list[QueuedJob]:
    """The jobs that squeue printed in SQUEUE_FORMAT, in its order. Raises SchedulerError."""
    return [_queued(line) for line in _lines("squeue", output)]


def _queued(line: str) -> QueuedJob:
    # A job of somebody's that is not ours may have a | in its name, which is the only free text.
    fields = line.split("|")
    if len(fields) < len(SQUEUE_FORMAT.split("|")) or not JOB_ID.fullmatch(fields[0]):
        raise _unread("squeue", f"must print lines of {SQUEUE_FORMAT}", line)
    job_id, state, reason, *name, node = fields
    return QueuedJob(job_id, job_state(state), state, _told(reason), "|".join(name), _told(node))


def accounted_jobs(output: str) -> list[AccountedJob]:
    """The attempts that sacct printed in SACCT_FORMAT, those of one job in order of time. Raises SchedulerError."""
    attempts = [_accounted(line) for line in _lines("sacct", output)]
    return sorted(attempts, key=lambda job: (_number(job.job_id), job.submitted or 0, job.started or float("inf")))


def _accounted(line: str) -> AccountedJob:
    fields = line.split("|")
    if len(fields) < len(SACCT_FORMAT.split(",")) or not JOB_ID.fullmatch(fields[0]):
        raise _unread("sacct", f"must print lines of {SACCT_FORMAT}", line)
    job_id, *name, state, code, submitted, started, ended, elapsed, nodes, tres = fields
    if not elapsed.isdecimal():
        raise _unread("sacct", "must print ElapsedRaw as whole seconds", line)
    return AccountedJob(
        job_id,
        "|".join(name),
        job_state(state),
        state,
        *exit_code("sacct", code),
        submitted=unix_time("sacct", submitted),
        started=unix_time("sacct", started),
        ended=unix_time("sacct", ended),
        elapsed_s=int(elapsed),
        nodes=_told(nodes),
        gpus=gpus(tres),
    )


def shown_job(output: str, job_id: str) -> ShownJob:
    """The job among the lines of `scontrol show job ID --oneliner`. Raises SchedulerError."""
    # An array is shown as several jobs, of which this is the one with the id itself.
    line = next((line for line in _lines("scontrol", output) if f"{line} ".startswith(f"JobId={job_id} ")), None)
    if line is None:
        raise _unread("scontrol", f"must show job {job_id}", output)
    state = _shown("JobState", line)
    restarts = _shown("Restarts", line)
    if not restarts.isdecimal():
        raise _unread("scontrol", "must show Restarts as a whole number", restarts)
    return ShownJob(
        job_id,
        job_state(state),
        state,
        *exit_code("scontrol", _shown("ExitCode", line)),
        restarts=int(restarts),
        # A job that has never run has no NodeList, in some versions of Slurm.
        node=_told(_shown("NodeList", line, "")),
        reason=_told(_shown("Reason", line)),
        name=_shown("JobName", line),
    )


def _shown(key: str, line: str, default: str | None = None) -> str:
    found = re.search(rf"(?:^| ){key}=(\S*)", line)
    if found is None and default is None:
        raise _unread("scontrol", f"must show {key}", line)
    return found[1] if found else str(default)


def setting(output: str, key: str) -> str | None:
    """The value of a line `KEY = VALUE` of `scontrol show config`; None where it has no such line."""
    found = re.search(rf"^{key}\s*=[ \t]*(.*?)[ \t]*$", output, re.MULTILINE)
    return found[1] if found else None


def smallest(output: str, column: int) -> int | None:
    """The smallest number in a column, counted from 0, of what sacctmgr printed with `|`; None where there is none."""
    cells = [line.split("|") for line in _lines("sacctmgr", output)]
    if any(len(row) <= column for row in cells):
        raise _unread("sacctmgr", f"must print {column + 1} columns", output)
    return min((int(row[column]) for row in cells if row[column].isdecimal()), default=None)


def exit_code(command: str, text: str) -> tuple[int, int]:
    """Exit code and signal of Slurm's "CODE:SIGNAL". Raises SchedulerError."""
    found = re.fullmatch(r"([0-9]+):([0-9]+)", text)
    if found is None:
        raise _unread(command, "must print an exit code as CODE:SIGNAL", text)
    return int(found[1]), int(found[2])


def unix_time(command: str, text: str) -> float | None:
    """Unix seconds of what was printed with TZ=UTC, as seconds or as a date; None for a time that is not yet.

    Raises:
        SchedulerError: another text.
    """
    if text in NOTHING:
        return None
    if text.isdecimal():
        return float(text) or None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise _unread(command, "must print times as Unix seconds or as a date", text) from error


def gpus(tres: str) -> int | None:
    """GPUs in a list such as "cpu=8,gres/gpu=4,mem=8G"; None where it names none."""
    counts = {kind: int(count) for kind, count in re.findall(r"(?:^|,)(gres/gpu(?::[^=,]+)?)=([0-9]+)(?=,|$)", tres)}
    if "gres/gpu" in counts:
        return counts["gres/gpu"]
    # A cluster may count its GPUs by type only.
    typed = list(counts.values())
    return sum(typed) if typed else None


def _lines(command: str, output: str) -> list[str]:
    if output and not output.endswith("\n"):
        raise _unread(command, "must end its last line", output[-200:])
    return [line for line in output.splitlines() if line.strip()]


def _told(text: str) -> str:
    return "" if text in NOTHING else text


def _number(job_id: str) -> int:
    found = re.match(r"[0-9]+", job_id)
    assert found is not None  # JOB_ID begins with it
    return int(found[0])


def _unread(command: str, rule: str, found: str) -> SchedulerError:
    return SchedulerError(f"{command} {rule}", repr(found), f"Run {command} by hand and look at what it prints.")
