"""`entrocraft eval ... launcher=slurm`: the same evaluation as a job. All benchmarks in one, since the model is loaded
once for all, and since one process at a time writes into the folder of an evaluation."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness.cli.again import ENTROCRAFT
from harness.config.launch import LaunchConfig
from harness.errors import EvaluationError, SchedulerError
from harness.evaluate.place import Place
from slurm.command_job import Work
from slurm.commands import Commands, SlurmCommands
from slurm.executor import require
from slurm.launcher import job_name
from slurm.single import SingleJob, Submitted, refuse_live
from slurm.starts import Starts
from sweeps.snapshot import take

FOLDER = "job"
LOG = "job.log"
LOG_CHARACTERS = 2000
OPTIONS = ("n", "temperature", "top_p", "top_k", "max_new_tokens", "seed", "step", "problems", "grader", "platform")
"""Of the command line, passed on where they were given or have a default; the others are paths, or of the job."""


def eval_words(given: argparse.Namespace, step: int | None) -> list[str]:
    """The command line of the same evaluation in the job, paths absolute: `what` may be a name that is no path.

    `step` of a run is the newest now, where none was given: the run may go on while the job waits.
    """
    what = str(Path(given.what).absolute()) if Path(given.what).exists() else given.what
    words = ["eval", what, "--benchmarks", *dict.fromkeys(given.benchmarks)]
    for name in OPTIONS:
        value = step if name == "step" else getattr(given, name)
        if value is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    words += ["--workers", str(given.workers), "--data-folder", str(given.data_folder.absolute())]
    return [*words, *(["--out", str(given.out.absolute())] if given.out is not None else [])]


def submit_eval(
    given: argparse.Namespace,
    launch: LaunchConfig,
    step: int | None,
    place: Place,
    commands: Callable[[], Commands] = SlurmCommands,
) -> Submitted:
    """Submits the job for the checkpoint of that step.

    Raises:
        SchedulerError: a job of this evaluation is in the queue, or Slurm refuses. EvaluationError: more workers than
            GPUs.
    """
    require()
    if given.workers > max(1, launch.resources.gpus_per_node):
        raise EvaluationError(
            "the job must have a GPU for each worker",
            f"--workers {given.workers}, resources.gpus_per_node {launch.resources.gpus_per_node}",
            f"Set resources.gpus_per_node={given.workers}.",
        )
    job = SingleJob(place.folder / FOLDER)
    refuse_live(job.live(commands), f"the evaluation in {str(place.folder)!r}", "Wait for it (--wait)")
    place.folder.mkdir(parents=True, exist_ok=True)
    name = job_name("eval", place.folder.name)
    work = Work(
        folder=str(job.folder),
        name=name,
        command=(launch.resources.python or sys.executable, *ENTROCRAFT, *eval_words(given, step)),
        log=str(place.folder.absolute() / LOG),
        once=("--force",) if given.force else (),
    )
    submitted = job.submit(name, launch.resources, take(place.folder).path, work)
    job.confirm(submitted)
    return submitted


def wait(job: Submitted, place: Place, poll_s: float, commands: Commands | None = None) -> None:
    """Returns when the evaluation is complete.

    Raises:
        EvaluationError: the job ended otherwise; the end of its log is in it. SchedulerError: Slurm does not answer.
    """
    commands = commands or SlurmCommands()
    single = SingleJob(place.folder / FOLDER)
    while single.live(lambda: commands) is not None:
        time.sleep(poll_s)
    start = Starts(single.folder).last(job.name)
    if start is not None and start.code == 0:
        return
    raise EvaluationError(
        f"the evaluation in job {job.id} must end with exit code 0",
        f"{_how(job, start.code if start is not None else None, commands)}; its log ends: {_end_of(place)}",
        f"Read {str(place.folder / LOG)!r}; the same command goes on from the samples that are there.",
    )


def _how(job: Submitted, code: int | None, commands: Commands) -> str:
    try:
        shown = commands.show_job(job.id)
    except SchedulerError:
        shown = None
    state = "" if shown is None else f"{shown.state}, "
    return f"{state}exit code {code}" if code is not None else f"{state}no exit code of its own"


def _end_of(place: Place) -> str:
    try:
        text = (place.folder / LOG).read_text(errors="replace")
    except FileNotFoundError:
        return "(empty)"
    return " | ".join(text[-LOG_CHARACTERS:].splitlines()[-3:]) or "(empty)"
