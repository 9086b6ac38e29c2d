"""Typed configuration of a run: frozen dataclasses, filled from the shipped YAML by Hydra.

`harness.config.compose` is the one module that imports Hydra; `resolve` here loads it when called, so that a
process that only reads a manifest (`RunConfig.from_dict`) does without.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.config.identity import canonical, configuration_hash, default_dir, label
from harness.config.run import BACKENDS, RunConfig
from harness.config.schedule import ScheduleConfig

__all__ = [
    "BACKENDS",
    "RunConfig",
    "ScheduleConfig",
    "canonical",
    "configuration_hash",
    "default_dir",
    "label",
    "resolve",
]


def resolve(overrides: Iterable[str] = ()) -> RunConfig:
    """`harness.config.compose.resolve`."""
    from harness.config import compose

    return compose.resolve(overrides)
