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
    """The folder of `model.path`: of a shipped name, a Hugging Face folder on disk, or a hub id's in the hub's cache.

    Raises:
        ConfigError: none of them.
    """
    folder: Path | None = Path(__file__).parent / path if path in SHIPPED else Path(path).expanduser()
    if is_hub_id(path) and not Path(path).is_dir():
        folder = _cached(path)
    if folder is None or not (folder / "config.json").is_file():
        fetch = f", or run `entrocraft prefetch {path}` where the hub can be reached" if folder is None else ""
        raise ConfigError(
            f"model.path must be one of the shipped models ({', '.join(SHIPPED)}), a Hugging Face folder, or a hub id "
            "in the hub's cache (runs are offline)",
            repr(path),
            f"Set model.path=tiny, give a folder that has a config.json{fetch}.",
        )
    return folder


def is_hub_id(path: str) -> bool:
    """Whether a located `model.path` names a model of the hub: a folder is absolute by then."""
    return HUB_ID.fullmatch(path) is not None


def located(path: str, hub: bool = False) -> str:
    """`path` as it may be written down: a shipped name and, with `hub`, a hub id as it is, which need not be in the
    cache yet; a folder absolute, before a hub id of the same text. Raises as `model_folder`.
    """
    if hub and is_hub_id(path) and not Path(path).is_dir():
        return path
    folder = model_folder(path)
    return path if path in SHIPPED else str(folder.resolve())


def _cached(hub_id: str) -> Path | None:
    """The model's folder in the hub's cache of this machine: of its branch main, or of the one revision there."""
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()
    model = cache / f"models--{hub_id.replace('/', '--')}"
    main = model / "refs" / "main"
    revisions = [main.read_text().strip()] if main.is_file() else [each.name for each in model.glob("snapshots/*")]
    return model / "snapshots" / revisions[0] if len(revisions) == 1 else None
