"""Composing the launch settings: the shipped YAML, a folder of the user's own sites, and overrides."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from harness.config.compose import CONF, compose
from harness.config.driver_resources import DriverResourcesConfig
from harness.config.launch import SITE, SLURM_ONLY, LaunchConfig, first_key
from harness.config.resources import CONTROL, ResourcesConfig
from harness.config.retry import RetryConfig
from harness.errors import ConfigError

ROOT = "launch"
STORAGE = "storage"
VARIABLE = "ENTROCRAFT_CONF"
FOLDERS = (SITE, ResourcesConfig.KEY, DriverResourcesConfig.KEY, RetryConfig.KEY)
"""Subfolders of a user's own: NAME.yaml in `site` is chosen with site=NAME."""


def load_launch(overrides: Iterable[str] = ()) -> LaunchConfig:
    """The launch settings of `harness/conf/launch.yaml`, with launch overrides (`launch.split`).

    The folder named by the environment variable ENTROCRAFT_CONF is searched for options of `site`, `resources`,
    `driver_resources` and `retry`, too.

    Raises:
        ConfigError: that folder is missing or has a file with a shipped name, an override that cannot be read, an
            unknown key or name, a value that breaks a rule, or a setting of jobs where none are submitted.
    """
    overrides = list(overrides)
    # An address has what Hydra's grammar would want quoted, and must not be repeated in a message of its parser.
    storage = [text for text in overrides if first_key(text) == STORAGE]
    overrides = [text for text in overrides if first_key(text) != STORAGE]
    composed = compose(ROOT, overrides, own_folder())
    if storage:
        composed = {**composed, STORAGE: _address(storage[-1])}
    if SITE in composed:
        raise ConfigError(
            "a site sets keys of resources and has none of its own",
            ", ".join(text for text in overrides if first_key(text) == SITE),
            "Begin its file with the line `# @package resources`; set a key as resources.KEY=VALUE.",
        )
    launch = LaunchConfig.from_dict(composed)
    idle = [text for text in overrides if first_key(text) in SLURM_ONLY]
    if launch.launcher == "local" and idle:
        raise ConfigError(
            f"{first_key(idle[0])} is a setting of Slurm jobs",
            f"{idle[0]!r} with launcher=local",
            "Set launcher=slurm, or leave it out.",
        )
    return launch


def _address(override: str) -> str | None:
    text = override.partition("=")[2].strip().strip("\"'")
    return None if text in ("null", "") else text


def own_folder() -> Path | None:
    """The folder of ENTROCRAFT_CONF, absolute; None where the variable is not set or empty."""
    named = os.environ.get(VARIABLE, "")
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    if CONTROL.search(str(folder)) or not any((folder / name).is_dir() for name in FOLDERS):
        raise ConfigError(
            f"{VARIABLE} must name a folder with at least one of {', '.join(f'{name}/' for name in FOLDERS)}",
            repr(named),
            f"Create {named!r} with site/NAME.yaml, or unset {VARIABLE}.",
        )
    for name in FOLDERS:
        shipped = {path.name for path in (CONF / name).glob("*.yaml")}
        if same := sorted(shipped & {path.name for path in (folder / name).glob("*.yaml")}):
            raise ConfigError(
                f"a file of {VARIABLE} must not have the name of a shipped one, which Hydra would take instead",
                f"{name}/{same[0]} in {named!r}",
                "Give it another name.",
            )
    return folder
