"""How a run's process tells verl's processes which run they work for: by environment variables, which Ray inherits."""

from __future__ import annotations

import os
from functools import cache

from harness.config import RunConfig
from harness.runs import RunFolder

RUN_VARIABLE = "ENTROCRAFT_RUN"
"""The run folder; its manifest has the configuration."""
VERL_PLATFORM = "VERL_PLATFORM"
CPU = "cpu"
NAME = "entrocraft"
"""Of the trainer and of the advantage estimator in verl's registries."""


@cache
def run_folder() -> RunFolder:
    """The folder of the run that this process works for."""
    return RunFolder(os.environ[RUN_VARIABLE])


@cache
def run_config() -> RunConfig:
    """The configuration in the run's manifest."""
    return RunConfig.from_dict(run_folder().manifest()["config"])
