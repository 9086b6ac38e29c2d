"""What test_submitit_on_the_fake.py sends through submitit; the job imports it by name."""

import os
import time

import submitit


class Waits(submitit.helpers.Checkpointable):
    """Returns which start it was; the first one lasts until it is preempted."""

    def __call__(self) -> str:
        restarts = os.environ.get("SLURM_RESTART_COUNT", "0")
        with open(f"began-{restarts}", "w"):
            pass
        while restarts == "0":
            time.sleep(0.05)
        return f"start {restarts} of {os.environ['SLURM_JOB_ID']}"


def fail() -> None:
    raise ValueError("it was to fail")
