"""What a configuration is called: its canonical text, a hash of it, a label and the default run folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.config.run import RunConfig

UNESSENTIAL = ("run", "wandb")
"""Groups that change where a run is kept or mirrored, not what it computes."""


def canonical(config: RunConfig) -> str:
    """One line of JSON, equal for two configurations exactly when they compute the same run."""
    essential = {key: value for key, value in config.to_dict().items() if key not in UNESSENTIAL}
    return json.dumps(_plain(essential), sort_keys=True, separators=(",", ":"), allow_nan=False)


def configuration_hash(config: RunConfig) -> str:
    """8 hex digits of the canonical text without the seed: the runs of one trial share them."""
    return hashlib.sha256(canonical(replace(config, seed=0)).encode()).hexdigest()[:8]


def label(config: RunConfig) -> str:
    """`run.name`, or the method and the schedule's family where there is one, e.g. `entrocraft-linear`."""
    parts = [config.method.name, *([config.schedule.family] if config.schedule is not None else [])]
    return config.run.name or "-".join(parts)


def default_dir(config: RunConfig) -> Path:
    """`run.dir`, or `runs/<label>-<hash>-s<seed>` under the present folder."""
    return Path(config.run.dir or f"runs/{label(config)}-{configuration_hash(config)}-s{config.seed}")


def _plain(value: Any) -> Any:
    """Numbers by value: 10 and 10.0 are the same setting."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
