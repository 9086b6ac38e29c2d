"""Files shipped with the package: the embedded base policy `tiny`."""

from __future__ import annotations

from pathlib import Path

from harness.errors import ConfigError

SHIPPED = ("tiny",)


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


def located(path: str) -> str:
    """`path` as it may be written down: a shipped name as it is, a folder absolute. Raises as `model_folder`."""
    folder = model_folder(path)
    return path if path in SHIPPED else str(folder.resolve())
