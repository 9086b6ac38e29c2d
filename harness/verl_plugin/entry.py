"""Loaded by verl in each of its processes (entry-point group `verl.plugins`), before anything of verl runs.

verl swallows an error of an entry point at debug level; so it is printed here, and the trainer that is then missing
from verl's registry ends the run.
"""

from __future__ import annotations

import os
import traceback

from harness.verl_backend.names import CPU, PLATFORM_VARIABLE, RUN_VARIABLE

IN_VLLM = "VERL_REPLICA_RANK"
"""Set by verl in the processes of its rollout server."""

try:
    if os.environ.get(PLATFORM_VARIABLE) == CPU:
        from harness.verl_plugin import cpu

        cpu.install(in_vllm=IN_VLLM in os.environ)
    if RUN_VARIABLE in os.environ:
        from harness.verl_plugin import job_name

        job_name.install(os.environ[RUN_VARIABLE])
    if RUN_VARIABLE in os.environ and IN_VLLM not in os.environ:
        import harness.verl_plugin.estimator
        import harness.verl_plugin.trainer  # noqa: F401  both register themselves
except Exception:
    traceback.print_exc()
    raise
