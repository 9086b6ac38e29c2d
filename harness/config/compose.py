"""Hydra composition: YAML of the installed package + overrides -> a plain dictionary.

The one importer of Hydra. Overrides of values are handed to it as `++key=value`, so that an unknown key gets
as far as the typed groups, which list the valid ones; Hydra would only say that the key is not in the struct.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

import harness
from harness.assets import located
from harness.config.experiment import ExperimentInfo
from harness.config.math_data import MathDataConfig
from harness.config.run import RunConfig
from harness.errors import ConfigError, unknown

CONF = Path(harness.__file__).resolve().parent / "conf"


def resolve(overrides: Iterable[str] = ()) -> RunConfig:
    """The configuration of a run: the shipped YAML, the overrides, every rule checked, the horizon frozen.

    Raises:
        ConfigError: an override that cannot be read, an unknown key or name, or a value that breaks a rule.
    """
    overrides = list(overrides)
    composed = compose("run", overrides)
    described(composed, overrides)
    config = RunConfig.from_dict(composed)
    # A relative folder means the present one only now; the run may go on from another.
    model = replace(config.model, path=located(config.model.path, hub=config.backend == "verl"))
    data = config.data
    if isinstance(data, MathDataConfig):
        data = replace(data, folder=str(Path(data.folder).expanduser().resolve()))
    return replace(config, model=model, data=data)


def described(composed: dict[str, Any], overrides: Iterable[str]) -> ExperimentInfo | None:
    """Take what an experiment says about itself out of a composed run, which it names; None without an experiment.

    Raises:
        ConfigError: a description that breaks a rule.
    """
    info = composed.pop(ExperimentInfo.KEY, None)
    if info is None:
        return None
    chosen = [text.split("=", 1)[1] for text in overrides if text.startswith(f"{ExperimentInfo.KEY}=")]
    run = composed.get("run")
    if chosen and isinstance(run, dict) and run.get("name") is None:
        composed["run"] = {**run, "name": chosen[-1].rpartition("/")[2]}
    return ExperimentInfo.from_dict(info)


def compose(root: str, overrides: Iterable[str] = (), own: Path | None = None) -> dict[str, Any]:
    """Compose `harness/conf/<root>.yaml` with Hydra overrides into a plain dictionary; no rule is checked.

    The groups have the options of the folder `own`, too, an absolute one without control characters.

    Raises:
        ConfigError: an override or a file that cannot be read, or an option that a group does not have.
    """
    searched = [] if own is None else [f"hydra.searchpath=[{_quoted(f'file://{own}')}]"]
    with _hydra():
        texts = [*(_checked(text, root, searched) for text in overrides), *searched]
        try:
            composed = OmegaConf.to_container(hydra_compose(root, overrides=texts), resolve=True, throw_on_missing=True)
        except (HydraException, OmegaConfBaseException, ValueError, YAMLError) as error:
            raise ConfigError("the configuration must compose", _first_lines(error)) from error
    assert isinstance(composed, dict)
    return {str(key): value for key, value in composed.items()}


def as_yaml(config: RunConfig) -> str:
    """The resolved configuration as YAML, in the order of its groups."""
    return plain_yaml(config.to_dict())


def plain_yaml(values: Mapping[str, Any]) -> str:
    """A plain dictionary as YAML, in its order."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(values)))


def options(group: str) -> list[str]:
    """The shipped options of a group, e.g. `options("method")`."""
    with _hydra():
        return list(_options(group))


@contextmanager
def _hydra() -> Iterator[None]:
    with initialize_config_dir(str(CONF), job_name="entrocraft", version_base="1.3"):
        yield


def _options(group: str, root: str | None = None, searched: list[str] | None = None) -> list[str]:
    """With those of the groups in the group, e.g. `paper/grpo_4b` of `experiment`."""
    return _listed(group, root, searched) if searched else _shipped(group, root)


@functools.lru_cache(maxsize=1024)
def _shipped(group: str, root: str | None) -> list[str]:
    """Hydra reads the files of the root for each question, and every override of every trial asks one."""
    return _listed(group, root, None)


def _listed(group: str, root: str | None, searched: list[str] | None) -> list[str]:
    loader = GlobalHydra.instance().config_loader()
    names = loader.get_group_options(group, ObjectType.CONFIG, root, searched)
    for inner in loader.get_group_options(group, ObjectType.GROUP, root, searched):
        names += [f"{inner}/{name}" for name in _listed(f"{group}/{inner}", root, searched)]
    return sorted(name for name in names if not name.rpartition("/")[2].startswith("_"))


def _checked(text: str, root: str, searched: list[str]) -> str:
    """The override as Hydra shall get it. Raises ConfigError when it cannot mean anything in one run."""
    override = _parsed(text)
    name = override.key_or_group
    if override.is_sweep_override():
        several = "run several with `entrocraft sweep study=NAME`" if root == "run" else "quote it: 'key=\"a,b\"'"
        raise ConfigError(
            f"a {root} takes one value per key", f"{text!r}", f"Give one value, a list as key=[a,b], or {several}."
        )
    if name.split(".")[0] == "hydra":
        raise ConfigError("an override must not set Hydra's own keys", f"{text!r}", "Leave it out.")
    if name.split(".")[0] == ExperimentInfo.KEY and "." in name:
        raise ConfigError(
            "an override must not change what an experiment says about itself", f"{text!r}", "Leave it out."
        )
    groups = _options(name, root, searched)
    if groups and override.type is not OverrideType.DEL:
        return _choice(override, groups, text)
    return "++" + text.lstrip("+") if override.type is not OverrideType.DEL else text


def _choice(override: Override, groups: list[str], text: str) -> str:
    value = override.value()
    if value not in groups:
        raise unknown(f"options of the group {override.key_or_group!r}", [str(value)], groups)
    return text


def _parsed(text: str) -> Override:
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException as error:
        raise ConfigError(
            "an override must read KEY=VALUE",
            f"{text!r} ({_first_lines(error, 1)})",
            "Quote a value with special characters twice, e.g. 'run.dir=\"a=b\"'.",
        ) from error


def _quoted(text: str) -> str:
    """The text in Hydra's single quotes, where backslashes count only before a quote and at the end."""
    escaped = re.sub(r"(\\*)'", lambda found: 2 * found[1] + r"\'", text)
    return "'" + re.sub(r"(\\+)$", lambda found: 2 * found[1], escaped) + "'"


def _first_lines(error: Exception, count: int = 3) -> str:
    return " ".join(" ".join(str(error).splitlines()[:count]).split())
