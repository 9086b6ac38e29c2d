"""Reading a study's definition: `harness/conf/study/NAME.yaml` or a file of the user's, and overrides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

import harness
from harness.config.study import StudyConfig
from harness.errors import ConfigError, unknown

CONF = Path(harness.__file__).resolve().parent / "conf" / "study"


def shipped() -> list[str]:
    """Names of the studies that come with the package."""
    return sorted(path.stem for path in CONF.glob("*.yaml"))


def load_study(name: str, overrides: Sequence[str] = ()) -> StudyConfig:
    """The study of a shipped name or of a YAML file's path, with overrides such as `seeds=[1,2]`.

    Raises:
        ConfigError: an unknown name (the valid ones are listed), YAML or an override that cannot be read, or
            what `StudyConfig.from_dict` refuses.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else CONF / f"{name}.yaml"
    if path.parent == CONF and name not in shipped():
        raise unknown("studies", [name], shipped())
    for text in overrides:
        if "=" not in text:
            raise ConfigError("an override of a study must read KEY=VALUE", repr(text), "Write e.g. seeds=[1,2].")
    try:
        merged = OmegaConf.merge(OmegaConf.load(path), OmegaConf.from_dotlist(list(overrides)))
        return StudyConfig.from_dict(OmegaConf.to_container(merged, resolve=True))
    except (OSError, YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the study {str(path)!r} must be readable YAML",
            " ".join(str(error).split()),
            f"Correct it, or start from a copy of {str(CONF / 'demo.yaml')!r}.",
        ) from error
