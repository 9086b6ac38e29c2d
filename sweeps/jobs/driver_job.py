"""The job that a study's driver runs in, with `driver=slurm`, as its folder shows it."""

from __future__ import annotations

from pathlib import Path

from sweeps.jobs.journal import JobRecord, Journal

FOLDER = "driver_job"
LOG = "driver.log"
"""Of a driver in the background, on the login node or in a job."""


def driver_job(study: Path | str) -> JobRecord | None:
    """The driver's job that was submitted last; None where there never was one. Whether it lives, Slurm knows."""
    jobs = Journal(Path(study) / FOLDER).jobs()
    return jobs[-1] if jobs else None
