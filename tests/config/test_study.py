"""The definition of a study: what is read, what is refused and with which words."""

import math
from collections import Counter
from functools import cache, reduce
from itertools import product

import pytest

from harness.config.compose import resolve
from harness.config.run import RunConfig
from harness.config.space import Choices, Range
from harness.config.study import Point, StudyConfig
from harness.config.study_file import load_study, shipped
from harness.errors import ConfigError
from sweeps.plan import points

LIST = {
    "name": "s",
    "title": "S",
    "objective": {"metric": "acc", "direction": "maximize"},
    "seeds": [1],
    "trials": [{"title": "GRPO", "overrides": ["method=grpo"]}],
}
DRAWN = {**LIST, "trials": [], "space": {"lr": {"low": 1e-5, "high": 1e-3, "log": True}}, "n_trials": 5}


HALVING = {"pruner": "halving", "options": {"rungs": [5, 10], "keep": 2}}
SEARCHING = {
    **DRAWN,
    "constraints": ["lr <= 0.01"],
    "pruning": {**HALVING, "guards": {"entropy_below": 0.01}},
    "promotion": {"keep": 3, "rungs": [[2, 3], [4]]},
    "budget": 500,
    "warm_start": ["studies/other"],
}
TRACKING = {"metric": "tracking_error", "direction": "minimize"}
FRONT = {**LIST, "also": [{"metric": "gpu_hours", "direction": "minimize"}]}


@pytest.mark.parametrize("values", [LIST, DRAWN, {**LIST, **DRAWN}, SEARCHING, FRONT])
def test_a_definition_survives_its_own_dictionary(values):
    config = StudyConfig.from_dict(values)
    assert StudyConfig.from_dict(config.to_dict()) == config


def test_what_is_not_said_is_not_written_as_no_older_version_wrote_it():
    new = {"constraints", "also", "pruning", "promotion", "budget", "warm_start"}
    assert not new & set(StudyConfig.from_dict(LIST).to_dict())
    assert new - {"also"} <= set(StudyConfig.from_dict(SEARCHING).to_dict())


@pytest.mark.parametrize(
    "change, message",
    [
        ({"also": FRONT["also"], "promotion": SEARCHING["promotion"]}, "takes one objective.*Leave out study.also"),
        ({"promotion": {"keep": 2, "rungs": [[1]]}}, "others than those of study.seeds"),
        ({"budget": 0}, r"study\.budget must be hours > 0"),
        ({"budget": math.inf}, r"study\.budget must be hours > 0"),
        ({"warm_start": ["a"]}, "for a sampler that draws"),
        ({"pruning": {"pruner": "hyperband"}}, "is not offered: its brackets are drawn by a hash"),
        ({"pruning": {"pruner": "medium"}}, "pruners must be known ones.*'median'"),
        ({"pruning": {"pruner": "median", "metric": "a"}}, "must be given together"),
        (
            {"objective": {"metric": "tracking_error", "direction": "minimize"}, "pruning": HALVING},
            "must be given where",
        ),
        ({"constraints": ["lr <= 1"]}, "'lr'"),
        ({"also": [{"metric": "a", "direction": "up"}]}, "direction"),
    ],
)
def test_how_a_study_spends_is_checked(change, message):
    with pytest.raises(ConfigError, match=message):
        StudyConfig.from_dict({**LIST, **change})


def test_dimensions_are_typed():
    space = {
        "a": {"choices": ["x", 1, None]},
        "b": {"low": 1, "high": 4},
        "c": {"low": 0, "high": 1.0, "step": 0.5},
    }
    config = StudyConfig.from_dict({**DRAWN, "space": space})
    assert config.space == (Choices("a", ("x", 1, None)), Range("b", 1, 4), Range("c", 0, 1.0, step=0.5))
    assert [dim.whole for dim in config.space[1:]] == [True, False]


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_study_is_read_and_named_as_its_file(name):
    assert load_study(name).name == name


def test_overrides_replace_keys():
    config = load_study("demo", ["parallel=7", "seeds=[5,6]", "objective.direction=minimize"])
    assert (config.parallel, config.seeds, config.objective.direction) == (7, (5, 6), "minimize")


def test_a_file_of_the_users_is_read(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "{name: s, title: S, seeds: [1], objective: {metric: a, direction: minimize}, trials: [{title: T}]}"
    )
    assert load_study(str(path)).trials == (Point("T", ()),)


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"sampler": "grid2"},
            "samplers must be known ones; got 'grid2'. Did you mean 'grid'? Valid: cmaes, gp, grid, nsgaii",
        ),
        ({"paralel": 2}, "Did you mean 'parallel'?"),
        ({"parallel": 0}, "study.parallel must be >= 1"),
        ({"seeds": []}, "study.seeds must be different, at least one; got []. Set seeds=[1,2]."),
        ({"seeds": [1, 1]}, "study.seeds must be different"),
        ({"seeds": 1}, "seeds must be a list; got 1"),
        ({"seeds": ["1"]}, "seeds[0] must be a whole number"),
        ({"base": ["a=1", 2]}, "base[1] must be a text"),
        ({"name": "a/b"}, "must do as the name of a folder"),
        ({"name": ".."}, "must do as the name of a folder"),
        ({"trials": []}, "must have trials or a space"),
        ({"trials": [{"overrides": []}]}, "trials[0].title must be given"),
        ({"trials": [{"title": "T", "override": []}]}, "Did you mean 'overrides'?"),
        ({"objective": {"metric": "a", "direction": "up"}}, "Valid: maximize, minimize"),
        ({"n_trials": 3}, "0 for a list or a grid; got n_trials 3"),
        ({"space": {"a": {"choices": [1, 2]}}}, "Set n_trials=20."),
        ({"space": {"a": {"choices": [1]}}, "n_trials": 2}, "space.a.choices must list two or more"),
        (
            {"space": {"a": {"choices": [1, 2], "low": 1}}},
            "must be {choices: [...]} or {low, high, log, step}",
        ),
        ({"space": {"a": {"low": 2, "high": 1}}}, "low < high; got low 2, high 1"),
        ({"space": {"a": {"low": 0, "high": 1, "log": True}}}, "on a log scale must have low > 0"),
        ({"space": {"a": {"low": 0, "high": 1, "step": 0}}}, "space.a.step must be > 0"),
        ({"space": {"a": {"low": 0}}}, "space.a.high must be given"),
        ({"space": {"a": {"low": 0, "high": 1}}, "sampler": "grid"}, "a range for a. List choices, give it a step"),
    ],
)
def test_what_is_wrong_is_refused_in_words(change, message):
    with pytest.raises(ConfigError) as refused:
        StudyConfig.from_dict({**LIST, **change})
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "name, overrides, message",
    [
        ("dem", [], "studies must be known ones; got 'dem'. Did you mean 'demo'?"),
        ("no such file.yaml", [], "must be readable YAML; got"),
        ("demo", ["parallel"], "an override of a study must read KEY=VALUE; got 'parallel'"),
        ("demo", ["seeds=[1"], "must be readable YAML"),
    ],
)
def test_a_name_or_an_override_that_cannot_be_read_is_refused(name, overrides, message):
    with pytest.raises(ConfigError) as refused:
        load_study(name, overrides)
    assert message in str(refused.value)


def test_a_key_given_twice_is_refused(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("name: a\nname: b\n")
    with pytest.raises(ConfigError, match="duplicate key name"):
        load_study(str(path))


def cells(name: str, *keys: str) -> list[tuple[object, ...]]:
    """The values of some keys of the resolved configuration, for each trial of a study."""
    configs = [config.to_dict() for config in resolved(name)]
    return [
        tuple(reduce(lambda group, part: group[part], key.split("."), config) for key in keys) for config in configs
    ]


@cache
def resolved(name: str) -> list[RunConfig]:
    """The configuration of each trial of a study; of a large one that takes half a minute."""
    study = load_study(name)
    return [resolve([*study.base, *point.overrides]) for point in points(study)]


def test_authority_crosses_updates_clip_and_rate_with_both_signs_and_none():
    found = cells("authority", "trainer.epochs", "trainer.mini_batches", "loss.clip_high", "trainer.lr", "method.name")
    by_setting = Counter((epochs * parts, clip, lr) for epochs, parts, clip, lr, _ in found)
    crossed = {(u, clip, lr) for u, clip, lr in product((4, 16, 64), (0.05, 0.2, 1e9), (1e-4, 3e-4))}
    left_out = {(64, clip, 3e-4) for clip in (0.05, 0.2, 1e9)}
    assert by_setting == dict.fromkeys((crossed - left_out) | {(1, 1e9, 1e-4), (1, 1e9, 3e-4)}, 3)
    assert Counter(name for *_, name in found) == {"entrocraft": 34, "grpo": 17}


def test_the_signs_of_authority_are_beyond_any_entropy():
    configs = resolved("authority")
    bands = [config.schedule.bands.band(1) for config in configs if config.schedule]
    assert {(band.low, band.high) for band in bands} == {(0.0, 0.0), (100.0, 100.0)}
    assert all(config.method.gamma == math.inf for config in configs if config.schedule)


def test_ablate_release_crosses_all_four_ingredients_but_gamma_under_raw_advantages():
    names = ("advantage", "zero_variance", "denominator", "gamma")
    found = cells("ablate_release", *(f"method.{name}" for name in names))
    every = product(("base", "raw"), ("base", "raw"), ("kept", "all"), (10.0, "inf"))
    assert sorted(found, key=str) == sorted((cell for cell in every if cell[0::3] != ("raw", 10.0)), key=str)
    assert found[:2] == [("base", "base", "kept", 10.0), ("raw", "raw", "all", "inf")]
