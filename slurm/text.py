"""The text of a job: what sbatch is given for one submission of one run. Pure, and safe against hostile paths.

Only names that keep to Slurm's alphabet stand in `#SBATCH` lines. Paths do not: sbatch 22.05 drops backslashes
there, even in single quotes, and slurmd takes `%` and backslashes of an output file's name for a pattern. So Slurm is
given /dev/null, and the shell, whose quoting is exact, appends the job's output to submitit's own two files.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from harness.config.resources import CONTROL, ResourcesConfig
from harness.errors import ConfigError
from harness.exits import Exit

TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
LONGEST_TOKEN = 200
"""The accounting keeps 255 bytes of a job's name, and a name that was cut fences nothing off."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SECRET_WORDS = frozenset({"KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDENTIALS"})
OWN = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1", "SUBMITIT_EXECUTOR": "slurm"}
"""Set for every job: snapshots stay as they were taken; no module comes from the folder in which sbatch was called,
which may be the checkout; submitit shall know where it is."""
MB_PER_GB = 1024


@dataclass(frozen=True)
class JobText:
    """Everything that the text of a job depends on.

    Raises:
        ConfigError: a name, path or value that could not reach the job unchanged, or that looks like a secret.
    """

    token: str
    """The job's name, unique to this submission."""
    resources: ResourcesConfig
    folder: str
    """submitit's folder of the run, absolute: the pickled job is in it, and its output goes there."""
    snapshot: str
    """The folder of the code, absolute; first on PYTHONPATH."""
    python: str
    """The interpreter that submits, absolute; `resources.python` comes before it."""
    exports: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the job beside the inherited ones, such as OMP_NUM_THREADS."""

    def __post_init__(self) -> None:
        if not TOKEN.fullmatch(self.token) or len(self.token) > LONGEST_TOKEN:
            raise ConfigError(
                f"a job's name must be at most {LONGEST_TOKEN} letters, digits and . _ -, and begin with none of . -",
                repr(self.token),
                "Replace the other characters.",
            )
        for what, path in (("folder", self.folder), ("snapshot", self.snapshot), ("interpreter", self.interpreter)):
            _check_path(what, path)
        if ":" in self.snapshot:
            raise ConfigError(
                "the folder of a snapshot must have no ':' in its path, which separates the folders of PYTHONPATH",
                repr(self.snapshot),
                "Give the study another folder.",
            )
        for name, value in self.exports.items():
            _check_export(name, value)

    @property
    def interpreter(self) -> str:
        """The one that the job is started with."""
        return self.resources.python or self.python


def render(job: JobText) -> str:
    """The script for sbatch, each `#SBATCH` line before the first line of shell.

    The shell part is not under `set -e` or `set -u` before the run's own lines: `module` and environments' activation
    scripts use unset variables and failing commands. There a line that fails as a whole ends the job instead.
    """
    lines = ["#!/bin/bash", *(f"#SBATCH --{option}" for option in _options(job))]
    return "\n".join([*lines, "", *_output(job), *_environment(job), *_run(job), ""])


def _options(job: JobText) -> list[str]:
    asked = job.resources
    named = {
        "partition": asked.partition,
        "account": asked.account,
        "qos": asked.qos,
        "constraint": asked.constraint,
        "exclude": asked.exclude,
        "reservation": asked.reservation,
    }
    kind = f"{asked.gpu_type}:" if asked.gpu_type is not None else ""
    return [
        f"job-name={job.token}",
        *("output=/dev/null", "error=/dev/null"),
        *("nodes=1", "ntasks=1"),
        f"cpus-per-task={asked.cpus_per_task}",
        f"mem={asked.mem_gb * MB_PER_GB}M",
        f"time={asked.walltime_min}",
        *([f"gres=gpu:{kind}{asked.gpus_per_node}"] if asked.gpus_per_node else []),
        *(f"{option}={value}" for option, value in named.items() if value is not None),
        f"signal=USR2@{asked.signal_before_end_s}",
        "open-mode=append",
        "requeue" if asked.requeue else "no-requeue",
        "export=ALL",
    ]


def _output(job: JobText) -> list[str]:
    """Both files have the names that submitit looks for; a job that is requeued goes on in them."""
    out, err = (f'{shlex.quote(job.folder)}/"$SLURM_JOB_ID"_0_log.{kind}' for kind in ("out", "err"))
    return [f"exec >>{out} 2>>{err}"]


def _environment(job: JobText) -> list[str]:
    modules, setup = job.resources.modules, job.resources.setup
    if not modules and not setup:
        return []
    return [
        'trap \'echo "the environment of the job could not be set up: line $LINENO" >&2; '
        f"exit {Exit.NO_ENVIRONMENT:d}' ERR",
        *(f"module load {shlex.quote(name)}" for name in modules),
        *setup,
        "trap - ERR",
    ]


def _run(job: JobText) -> list[str]:
    settings = {**job.exports, **OWN}
    command = [job.interpreter, "-u", "-m", "submitit.core._submit", job.folder]
    srun = ["srun", "--unbuffered", f"--cpus-per-task={job.resources.cpus_per_task}", *command]
    return [
        "set -euo pipefail",
        *(f"export {name}={shlex.quote(value)}" for name, value in settings.items()),
        f'export PYTHONPATH={shlex.quote(job.snapshot)}"${{PYTHONPATH:+:$PYTHONPATH}}"',
        shlex.join(srun),
    ]


def _check_path(what: str, path: str) -> None:
    if not PurePosixPath(path).is_absolute():
        raise ConfigError(f"the {what} of a job must be an absolute path", repr(path), "Make it absolute.")
    if CONTROL.search(path) or "%" in path or not _encodable(path):
        raise ConfigError(
            f"the {what} of a job must have no control characters and no '%' in its path, which Slurm and submitit "
            "take for a pattern",
            repr(path),
            "Give the study another folder.",
        )


def _check_export(name: str, value: str) -> None:
    if not VARIABLE.fullmatch(name) or name == "PYTHONPATH" or name in OWN:
        raise ConfigError(
            f"a variable of a job must have a name of letters, digits and _, and not be PYTHONPATH, {', '.join(OWN)}",
            repr(name),
            "Rename it, or leave it out.",
        )
    if SECRET_WORDS & set(name.upper().split("_")):
        raise ConfigError(
            "the text of a job must hold no secret: it is kept in the run folder",
            f"a value for {name}",
            "Leave it out: the job inherits the environment of the submitting process.",
        )
    if CONTROL.search(value) or not _encodable(value):
        raise ConfigError("a variable of a job must have no control characters", f"{name}={value!r}", "Remove them.")


def _encodable(text: str) -> bool:
    """Whether it has no lone surrogates, as the name of a file that is not UTF-8 has: submitit writes UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
