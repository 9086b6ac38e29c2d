"""Submitting with submitit: our text around its runtime. The one importer of submitit, with `slurm.job`."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Iterator

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError

from harness.errors import BusyError, SchedulerError
from slurm.command_job import NAME_VARIABLE, CommandJob
from slurm.job import RunJob
from slurm.text import JobText, render

FOREVER = 10**6
"""Timeouts that submitit allows: how often a run may come back is the policy's decision, not submitit's."""
LATER = (
    "Socket timed out",
    "Unable to contact slurm controller",
    "Slurm temporarily unable to accept job",
    "Connection refused",
    "Zero Bytes were transmitted",
    "MaxSubmitJob",
    "MaxSubmitPA",
    "job submit limit",
    "MaxJobCount",
    "Resource temporarily unavailable",
)
"""Parts of what sbatch says where the same job may be taken later (Slurm's slurm_errno.c)."""
DOUBTFUL = ("Socket timed out", "Zero Bytes were transmitted", "Connection refused")
"""After these the controller may have taken the job all the same."""
REMEDIES = {
    "Invalid partition": "Set resources.partition to one that `sinfo` lists.",
    "Invalid account": "Set resources.account to one that `sacctmgr show assoc user=$USER` lists.",
    "Invalid qos": "Set resources.qos to one that `sacctmgr show assoc user=$USER format=account,qos` lists.",
    "Requested node configuration is not available": "Ask for what a node has: `sinfo --format='%P %G %c %m'`.",
    "time limit": "Set resources.walltime_min to at most the partition's limit, `sinfo --format='%P %l'`.",
    "Invalid generic resource": "Set resources.gpu_type and gpus_per_node to what `sinfo --format='%P %G'` lists.",
}
"""A part of what sbatch says -> what to do."""

OF_SLURM = ("SLURM_", "SLURMD_", "SRUN_", "SBATCH_", "SUBMITIT_", "PMI_", "PMI2_", "PMIX_")
"""How variables begin that Slurm, its MPI plugins or submitit set for a job, or that change what sbatch does."""
KEPT = ("SLURM_CONF",)
OF_A_JOB = ("CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK")
"""Variables that mean the job's own devices, where they are set in a job."""


class DoubtfulError(BusyError):
    """sbatch got no answer: the job may have been taken."""


class TextExecutor(submitit.SlurmExecutor):
    """submitit's executor with the job's text from `slurm.text` instead of its own."""

    def __init__(self, text: JobText) -> None:
        super().__init__(text.folder, max_num_timeout=FOREVER)
        self.update_parameters(time=text.resources.walltime_min)
        self._text = text

    def _make_submission_file_text(self, command: str, uid: str) -> str:
        return render(self._text)


def require() -> None:
    """Raises SchedulerError where Slurm's commands are not on PATH."""
    if lacking := [name for name in ("sbatch", "squeue", "srun") if shutil.which(name) is None]:
        raise SchedulerError(
            "launcher=slurm needs Slurm's commands",
            f"no {lacking[0]} on PATH",
            "Run this on a login node of the cluster.",
        )


def submit(text: JobText, job: RunJob | CommandJob) -> str:
    """Submits the job; its id.

    Raises:
        DoubtfulError, BusyError: not taken now. SchedulerError: sbatch is not there, or refuses such a job.
    """
    require()
    try:
        # submitit prints what sbatch said beside raising it.
        with _outside_of_a_job(), contextlib.redirect_stderr(io.StringIO()):
            return str(TextExecutor(text).submit(job).job_id)
    except FailedSubmissionError as error:
        raise DoubtfulError("sbatch must say the job's id", str(error), "Look at `squeue`.") from error
    except FailedJobError as error:
        raise refusal(str(error)) from error


def refusal(said: str) -> SchedulerError:
    """The error for what sbatch said."""
    text = " ".join(said.split()) or "nothing"
    if any(part in text for part in DOUBTFUL):
        return DoubtfulError("sbatch must get an answer", text, "The controller may be busy; it is tried again.")
    if any(part in text for part in LATER):
        return BusyError("Slurm takes no more jobs now", text, "It is tried again when a job has ended.")
    remedy = next((remedy for part, remedy in REMEDIES.items() if part in text), "See `man sbatch`.")
    return SchedulerError("sbatch must take the job", text, remedy)


@contextlib.contextmanager
def _outside_of_a_job() -> Iterator[None]:
    """A driver that is a job itself must not hand its own allocation's settings on to the runs' jobs."""
    own = {NAME_VARIABLE, *(OF_A_JOB if (id := os.environ.get("SLURM_JOB_ID")) else ())}
    if id and id in os.environ.get("TMPDIR", ""):
        own.add("TMPDIR")  # a folder that Slurm made for this job, and removes with it
    hidden = {
        name: os.environ.pop(name)
        for name in list(os.environ)
        if (name.startswith(OF_SLURM) and name not in KEPT) or name in own
    }
    try:
        yield
    finally:
        os.environ.update(hidden)
