"""Every shipped YAML composes, and says the same as the dataclass it fills."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from harness.config import RunConfig, resolve
from harness.config.compose import CONF, compose, options
from harness.config.launch import LAUNCH_KEYS, LaunchConfig
from harness.config.launch_file import FOLDERS, ROOT, load_launch
from harness.core.schedules import FAMILIES
from harness.methods import METHODS
from harness.problems.countdown import CountdownConfig

FILES = [path for path in sorted(CONF.rglob("*.yaml")) if path.parent.name != "study"]
OF_A_LAUNCH = [path for path in FILES if path.parent.name in FOLDERS or path.stem == ROOT]
OF_A_RUN = [path for path in FILES if path not in OF_A_LAUNCH]
CHOICES = [path for path in OF_A_RUN if path.parent != CONF and not path.stem.startswith("_")]
NAMES = {path: f"{path.parent.relative_to(CONF)}/{path.stem}" for path in CHOICES}
ON_VERL_ONLY = ("data/numina-", "model/qwen3-", "model/llama-")


def schedule(family: str) -> list[str]:
    return [f"schedule={family}", *(f"schedule.{field.name}=0.5" for field in fields(FAMILIES[family]))]


def choose(path: Path) -> list[str]:
    group, _, inner = path.parent.relative_to(CONF).as_posix().partition("/")
    if group == "experiment":
        return [f"experiment={inner}/{path.stem}"]
    if f"{group}/{path.stem}".startswith(ON_VERL_ONLY):
        # Mathematics has several benchmarks, which are validated whole.
        return ["backend=verl", f"{group}={path.stem}", *(["validation.problems=null"] if group == "data" else [])]
    if group == "schedule" and path.stem in FAMILIES:
        return schedule(path.stem)
    needs_one = group == "method" and METHODS[path.stem].needs_schedule
    return [f"{group}={path.stem}", *(schedule("constant") if needs_one else [])]


@pytest.mark.parametrize("path", CHOICES, ids=NAMES.values())
def test_every_option_composes_into_a_run(path: Path) -> None:
    config = resolve(choose(path))
    assert RunConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize("path", OF_A_LAUNCH, ids=[str(path.relative_to(CONF)) for path in OF_A_LAUNCH])
def test_every_option_composes_into_launch_settings(path: Path) -> None:
    launch = load_launch(["launcher=slurm", *([] if path.parent == CONF else [f"{path.parent.name}={path.stem}"])])
    assert LaunchConfig.from_dict(launch.to_dict()) == launch


def test_the_launch_settings_are_no_part_of_a_run() -> None:
    assert not LAUNCH_KEYS & {field.name for field in fields(RunConfig)}
    assert not LAUNCH_KEYS & set(compose("run"))


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(CONF)) for path in FILES])
def test_every_file_begins_with_what_it_is_or_holds_two_keys(path: Path) -> None:
    lines = re.sub(r"^# @package \w+\n", "", path.read_text()).splitlines()
    assert lines[0].startswith("#") or len(lines) <= 2


def test_methods_and_files_are_the_same_set() -> None:
    assert options("method") == sorted(METHODS)


def test_families_and_files_are_the_same_set() -> None:
    assert options("schedule") == sorted([*FAMILIES, "none"])


@pytest.mark.parametrize("name", sorted(METHODS))
def test_defaults_in_yaml_are_those_of_the_method(name: str) -> None:
    composed = compose("run", [f"method={name}"])["method"]
    assert composed == METHODS[name]().to_dict()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_file_of_a_method_begins_with_its_title_and_source(name: str) -> None:
    comments = [line for line in (CONF / "method" / f"{name}.yaml").read_text().splitlines() if "# @" not in line]
    assert comments[0].startswith(f"# {METHODS[name].title}.")
    assert any(line.startswith("# Source: ") for line in comments)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_file_of_a_family_has_its_parameters_open(family: str) -> None:
    composed = compose("run", [f"schedule={family}"])["schedule"]
    shared = {
        "family": family,
        "width": None,
        "low": None,
        "high": None,
        "progress": "paper",
        "horizon": None,
    }
    assert composed == {**shared, **{field.name: None for field in fields(FAMILIES[family])}}


def test_the_data_file_has_every_field_of_the_problem() -> None:
    assert set(compose("run")["data"]) == {field.name for field in fields(CountdownConfig)}


def test_released_values_of_the_loss() -> None:
    loss = resolve().loss
    assert (loss.average, loss.clip_low, loss.clip_high, loss.clip_c, loss.kl_coef) == (
        "token_mean",
        0.2,
        0.2,
        3,
        0.001,
    )


def test_methods_set_the_loss_that_makes_them_and_the_command_line_wins() -> None:
    assert resolve(["method=clip_higher"]).loss.clip_high == 0.28
    clip_cov = resolve(["method=clip_cov"]).loss
    assert (clip_cov.clip_low, clip_cov.clip_high, clip_cov.clip_c) == (1, 1, 10)
    assert resolve(["loss.clip_high=0.3", "method=clip_higher"]).loss.clip_high == 0.3
