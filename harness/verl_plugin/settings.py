"""The run that this process of verl works for."""

from __future__ import annotations

import os
from functools import cache

from harness.config import RunConfig
from harness.runs import RunFolder
from harness.verl_backend.names import RUN_VARIABLE


@cache
def run_folder() -> RunFolder:
    """The folder of the run that this process works for."""
    return RunFolder(os.environ[RUN_VARIABLE])


@cache
def run_config() -> RunConfig:
    """The configuration in the run's manifest."""
    return RunConfig.from_dict(run_folder().manifest()["config"])
