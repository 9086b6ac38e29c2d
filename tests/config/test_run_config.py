"""RunConfig: what resolving freezes, round trips, and the canonical form."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from harness.config import RunConfig, canonical, configuration_hash, default_dir, label, resolve
from harness.config.math_data import MathDataConfig
from harness.errors import ConfigError
from harness.methods import METHODS

LINEAR = ["method=entrocraft", "schedule=linear", "schedule.start=0.5", "schedule.end=0.2"]
BOUNDS = ["schedule=cosine", "schedule.low={start: .4, end: .1}", "schedule.high={start: .6, end: .3}"]


def test_the_horizon_is_frozen_as_a_number() -> None:
    config = resolve([*LINEAR, "trainer.steps=70"])
    assert config.to_dict()["schedule"]["horizon"] == 70
    assert config.schedule is not None
    assert config.schedule.bands.band(1).middle == 0.5
    assert config.schedule.bands.band(70).middle == 0.2


def test_a_longer_run_does_not_bend_a_frozen_curve() -> None:
    saved = resolve([*LINEAR, "trainer.steps=70"]).to_dict()
    saved["trainer"]["steps"] = 140
    with pytest.raises(ConfigError, match=r"horizon 70, steps 140"):
        RunConfig.from_dict(saved)
    config = resolve([*LINEAR, "trainer.steps=70", "schedule.horizon=140"])
    longer = replace(config, trainer=replace(config.trainer, steps=140))
    assert longer.schedule == config.schedule


def test_pass_k_is_frozen_as_the_powers_of_two_up_to_n() -> None:
    assert resolve(["validation.samples=12"]).validation.pass_k == (1, 2, 4, 8)
    assert resolve(["validation.pass_k=[3,5]"]).to_dict()["validation"]["pass_k"] == [3, 5]


@pytest.mark.parametrize("overrides", [[], LINEAR, BOUNDS, [*LINEAR, "method.gamma=inf"], ["method=clip_cov"]])
def test_the_manifest_gives_the_configuration_back(overrides: list[str]) -> None:
    config = resolve(overrides)
    saved = json.loads(json.dumps(config.to_dict(), allow_nan=False))
    assert RunConfig.from_dict(saved) == config
    assert canonical(RunConfig.from_dict(saved)) == canonical(config)


def test_an_infinite_gamma_survives_json() -> None:
    config = RunConfig.from_dict(resolve([*LINEAR, "method.gamma=inf"]).to_dict())
    assert getattr(config.method, "gamma") == math.inf  # noqa: B009


def test_bounds_make_the_band() -> None:
    schedule = resolve(BOUNDS).schedule
    assert schedule is not None
    first = schedule.bands.band(1)
    assert (first.low, first.high) == (0.4, 0.6)


def test_a_schedule_without_a_controller_is_only_observed() -> None:
    config = resolve(["method=grpo", "schedule=constant", "schedule.start=0.4", "schedule.width=0.1"])
    assert config.schedule is not None and not config.method.needs_schedule


def test_nothing_can_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        resolve().trainer.steps = 3  # type: ignore[misc]


def test_replacing_a_group_checks_the_rules_between_groups() -> None:
    config = resolve()
    with pytest.raises(ConfigError, match=r"must not exceed data\.test_problems"):
        replace(config, validation=replace(config.validation, problems=10_000))


def test_canonical_ignores_where_a_run_is_kept_and_how_a_number_is_written() -> None:
    plain = resolve(LINEAR)
    assert canonical(resolve([*LINEAR, "run.dir=/elsewhere", "run.name=x", "wandb.mode=offline"])) == canonical(plain)
    assert canonical(resolve([*LINEAR, "method.gamma=10", "trainer.lr=0.0002"])) == canonical(plain)
    assert canonical(resolve([*LINEAR, "method.gamma=11"])) != canonical(plain)


def test_seeds_of_one_trial_share_the_hash_and_not_the_folder() -> None:
    first, second = resolve([*LINEAR, "seed=1"]), resolve([*LINEAR, "seed=2"])
    assert configuration_hash(first) == configuration_hash(second)
    assert default_dir(first) == Path(f"runs/entrocraft-linear-{configuration_hash(first)}-s1")
    assert default_dir(second).name.endswith("-s2")


def test_names_and_folders_that_are_given_are_taken() -> None:
    config = resolve(["run.name=first", "run.dir=some/where"])
    assert label(config) == "first"
    assert default_dir(config) == Path("some/where")


def test_composition_works_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.yaml").write_text("seed: 99\n")
    monkeypatch.chdir(tmp_path)
    assert resolve().seed == 1


def test_a_method_or_its_base_that_is_not_tested_on_the_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(METHODS["raftpp"], "tested_on", frozenset({"torch"}))
    for overrides in (["method=raftpp"], [*LINEAR, "method.base=raftpp"]):
        with pytest.raises(
            ConfigError, match="a method runs only on a backend that it is tested on; got method 'raftpp'"
        ):
            resolve(["backend=verl", *overrides])
        resolve(overrides)


def test_null_problems_are_all_problems() -> None:
    assert resolve(["validation.problems=null"]).validation.problems is None


def test_mathematics_survives_the_manifest_and_its_folder_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = resolve(
        ["backend=verl", "data=numina-100k", "data.benchmarks=[aime25,math500]", "validation.problems=null"]
    )
    assert isinstance(config.data, MathDataConfig)
    assert config.data.folder == str(tmp_path / "data") and config.data.test_problems == 530
    saved = json.loads(json.dumps(config.to_dict(), allow_nan=False))
    assert RunConfig.from_dict(saved) == config and canonical(RunConfig.from_dict(saved)) == canonical(config)


def test_a_model_of_the_hub_keeps_its_name_unless_a_folder_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = ["backend=verl", "model=qwen3-4b-base"]
    assert resolve(settings).model.path == "Qwen/Qwen3-4B-Base"
    folder = tmp_path / "Qwen" / "Qwen3-4B-Base"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert resolve(settings).model.path == str(folder)


def test_an_experiment_is_a_name_and_settings_and_nothing_else() -> None:
    config = resolve(["experiment=paper/grpo_4b", "trainer.steps=7"])
    assert (config.run.name, config.trainer.steps) == ("grpo_4b", 7)
    assert resolve(["experiment=paper/grpo_4b", "run.name=mine"]).run.name == "mine"
    assert "experiment" not in config.to_dict()
