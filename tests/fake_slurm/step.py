"""srun: becomes the command that it is given, as the only task of a step."""

import os
import re
import sys

import processes
from options import Refused, read, refuse

VALUED = {
    "ntasks": "-", "n": "-", "nodes": "-", "N": "-", "cpus-per-task": "-", "c": "-", "cpu-bind": "-", "gres": "-",
    "gpus-per-task": "-", "gpu-bind": "-", "mem": "-", "jobid": "-", "job-name": "-", "J": "-", "export": "-",
    "time": "-", "t": "-", "mpi": "-", "chdir": "-", "D": "-", "wait": "-", "W": "-", "nodelist": "-", "w": "-",
    "output": "output", "o": "output", "error": "error", "e": "error", "input": "-", "i": "-",
}  # fmt: skip
FLAGS = {
    "unbuffered": "-", "u": "-", "label": "-", "l": "-", "exclusive": "-", "overlap": "-", "exact": "-",
    "kill-on-bad-exit": "-", "K": "-", "quiet": "-", "Q": "-", "verbose": "-", "v": "-",
}  # fmt: skip


def main(arguments):
    try:
        options, command = read("srun", arguments, VALUED, FLAGS, stop_at_word=True)
    except Refused as error:
        return refuse(error)
    if "SLURM_JOB_ID" not in os.environ:
        return refuse("srun: error: the fake srun works inside a job only")
    if not command:
        return refuse("srun: fatal: No command given to execute.")
    os.environ |= {"SLURM_STEP_ID": "0", "SLURM_STEPID": "0", processes.STEP: "0"}
    os.environ |= {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}
    mode = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    if "output" in options:
        _redirect(options["output"], mode, 1)
        _redirect(options.get("error", options["output"]), mode, 2)
    elif "error" in options:
        _redirect(options["error"], mode, 2)
    sys.stdout.flush()
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"slurmstepd: error: execve(): {command[0]}: {error.strerror}", file=sys.stderr)
        return 2


def _redirect(pattern, mode, number):
    made = {"j": os.environ["SLURM_JOB_ID"], "J": os.environ["SLURM_JOB_ID"], "t": "0", "n": "0", "s": "0", "%": "%"}
    made |= {"N": os.environ.get("SLURMD_NODENAME", ""), "x": os.environ.get("SLURM_JOB_NAME", "")}
    path = re.sub(r"%(\d*)([jJtnsNx%])", lambda found: made[found[2]].zfill(int(found[1] or 0)), pattern)
    opened = os.open(path, mode, 0o644)
    os.dup2(opened, number)
    os.close(opened)
