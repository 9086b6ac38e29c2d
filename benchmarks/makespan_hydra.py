"""One sweep of hydra-optuna-sweeper over hydra-submitit-launcher: its configuration and its command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.makespan_case import GPUS_PER_NODE, PARTITION, WALLTIME_MIN, Case
from benchmarks.makespan_records import setup_lines

APP = Path(__file__).with_name("makespan_hydra_app.py")


def config(case: Case, folder: Path) -> dict[str, Any]:
    """The same resources for a job, and `n_jobs` as many trials at a time. What is sampled changes nothing."""
    return {
        "defaults": ["_self_", {"override hydra/launcher": "submitit_slurm"}, {"override hydra/sweeper": "optuna"}],
        "case": str(folder / "case.json"),
        "x": 0.5,
        "hydra": {
            "sweep": {"dir": str(folder / "sweep")},
            "sweeper": {
                "n_trials": len(case.times),
                "n_jobs": case.parallel,
                "sampler": {"seed": case.seed},
                "params": {"x": "interval(0,1)"},
            },
            "launcher": {
                "partition": PARTITION,
                "gpus_per_node": GPUS_PER_NODE,
                "cpus_per_task": 1,
                "mem_gb": 1,
                "timeout_min": WALLTIME_MIN,
                "setup": setup_lines(folder / "stamps"),
            },
        },
    }


def command(python: Path, case: Case, folder: Path) -> list[str]:
    """Writes the configuration, and gives the command that sweeps."""
    path = folder / "conf"
    path.mkdir()
    (path / "config.yaml").write_text(json.dumps(config(case, folder)))  # JSON is YAML
    return [str(python), str(APP), "--multirun", "--config-path", str(path)]
