"""Files shipped with the package: the embedded base policy `tiny`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.errors import ConfigError

SHIPPED = ("tiny",)
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
"""ORGANISATION/NAME, as the Hugging Face hub has it."""


def model_folder(path: str) -> Path:
    """The folder of `model.path`: a shipped name, or a Hugging Face folder on disk.

    Raises:
        ConfigError: neither.
    """
    folder = Path(__file__).parent / path if path in SHIPPED else Path(path).expanduser()
    if not (folder / "config.json").is_file():
        raise ConfigError(
            f"model.path must be one of the shipped models ({', '.join(SHIPPED)}) or a Hugging Face folder",
            repr(path),
            "Set model.path=tiny, or give a folder that has a config.json.",
        )
    return folder


def is_hub_id(path: str) -> bool:
    """Whether a located `model.path` names a model of the hub: a folder is absolute by then."""
    return HUB_ID.fullmatch(path) is not None


def located(path: str, hub: bool = False) -> str:
    """`path` as it may be written down: a shipped name and, with `hub`, a hub id as it is, a folder absolute.

    A folder that is there comes before a hub id of the same text. Raises as `model_folder`.
    """
    if hub and is_hub_id(path) and not Path(path).is_dir():
        return path
    folder = model_folder(path)
    return path if path in SHIPPED else str(folder.resolve())


def prefetched(hub_id: str) -> bool:
    """Whether the hub's cache on this machine has the model: runs read it from there, offline."""
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()
    return any((cache / f"models--{hub_id.replace('/', '--')}").glob("snapshots/*/config.json"))
