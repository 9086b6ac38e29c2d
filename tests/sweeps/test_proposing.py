"""What the samplers propose: new points of the space, each configuration counted once, nothing twice."""

import math

import pytest
from fake_study import study
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config.conditions import walk
from harness.errors import ConfigError, DependencyError
from sweeps.plan import corner, grid, grid_params, points
from sweeps.search.drawing import params_of, point_values
from sweeps.search.nearest import by_nearness, distance
from sweeps.search.proposing import Proposer, Seen, point_of
from sweeps.search.samplers import NEEDS
from sweeps.search.sizes import grid_size

SPACE = {
    "schedule": {"choices": ["constant", "linear"]},
    "start": {"low": 0.2, "high": 0.8},
    "end": {"low": 0.1, "high": 0.8, "step": 0.1, "when": {"schedule": ["linear"]}},
    "gamma": {"low": 1, "high": 100, "log": True, "or": [0, math.inf]},
}
CONSTRAINTS = ["end <= start"]
SMALL = {
    "mode": {"choices": ["a", "b", None]},
    "x": {"low": 1, "high": 3, "step": 1, "or": [math.inf]},
    "y": {"low": 0.1, "high": 0.4, "step": 0.1, "when": {"mode": ["b"]}},
}
RANGES = {"start": {"low": 0.2, "high": 0.8}, "gamma": {"low": 1e-5, "high": 1e-2, "log": True}}


def of(sampler, space=SPACE, constraints=CONSTRAINTS, **changes):
    return study(space=space, constraints=constraints, sampler=sampler, n_trials=40, **changes)


def score(values):
    return -abs(values["start"] - 0.5) - 0.01 * (values["gamma"] == 0)


def proposals(config, count, seen=()):
    """A study in which the first trial fails, the fifth is pruned and each second of the rest still runs."""
    seen, proposer = list(seen), Proposer(config)
    known = [point_values(config.space, each.params) for each in seen]
    for number in range(len(seen), len(seen) + count):
        found = proposer.propose(seen, lambda values: values not in known)
        values = point_values(config.space, found.params)
        known.append(values)
        state = {0: "failed", 4: "pruned"}.get(number, "running" if number % 2 else "complete")
        seen.append(Seen(number, state, found.params, (score(values),), (5, score(values)), found.attributes))
    return seen


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsgaii", "qmc", "gp", "cmaes"])
def test_every_proposal_is_a_new_point_that_satisfies_the_constraints(sampler):
    config = of(sampler) if sampler != "cmaes" else of(sampler, RANGES, [])
    seen = proposals(config, 24)
    values = [point_values(config.space, each.params) for each in seen]
    assert len({str(each) for each in values}) == len(values)
    for each, found in zip(seen, values, strict=True):
        assert all(constraint.holds(found) for constraint in config.constraints)
        assert params_of(config.space, found) == each.params
        assert ("end" in found) == (found.get("schedule") == "linear")
        assert 0.2 <= found["start"] <= 0.8
    if sampler != "cmaes":
        assert {each["gamma"] for each in values} >= {0, math.inf}
        assert all(each.get("end", 0.1) in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8) for each in values)


@pytest.mark.parametrize("sampler", NEEDS)
def test_a_sampler_whose_package_is_missing_is_refused_with_the_remedy(sampler, monkeypatch):
    monkeypatch.setattr("sweeps.search.samplers.find_spec", lambda name: None)
    with pytest.raises(DependencyError, match=r"Install entrocraft-harness\[search\], or set sampler=tpe"):
        Proposer(of(sampler, RANGES, []))


def test_cmaes_refuses_what_is_no_range():
    with pytest.raises(ConfigError, match="ranges alone, without `or` and `when`; got schedule, end, gamma"):
        Proposer(of("cmaes"))


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsgaii"])
def test_a_restarted_proposer_goes_on_as_the_first_one_would_have(sampler):
    config = of(sampler)
    half = proposals(config, 12)
    at_once = proposals(config, 20)
    assert proposals(config, 8, half) == at_once
    assert len({str(each.params) for each in at_once}) == 20


def test_a_configuration_counts_once_whatever_its_trials():
    config = of("tpe")
    seen = proposals(config, 20)
    often = [*seen[:3], *([seen[2]] * 7), *seen[2:], *reversed(seen)]
    everything = Proposer(config).propose(often, lambda values: True)
    assert everything == Proposer(config).propose(seen, lambda values: True)
    assert len(Proposer(config)._study(list({each.origin: each for each in often}.values()), 0).get_trials()) == 19


def test_tpe_learns_from_values_and_avoids_what_runs():
    near = proposals(of("tpe"), 40)[20:]
    far = proposals(of("random"), 40)[20:]
    distance = [sum(abs(each.params["start"] - 0.5) for each in found) for found in (near, far)]
    assert distance[0] < distance[1]


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsgaii"])
def test_a_space_that_is_used_up_gives_every_point_and_then_none(sampler):
    config = of(sampler, SMALL, ["y <= 0.3", "y < x"])
    every = list(grid_params(config))
    seen, known = [], []
    while (found := Proposer(config).propose(seen, lambda values: values not in known)) is not None:
        known.append(point_values(config.space, found.params))
        seen.append(Seen(len(seen), "complete", found.params, (float(len(seen) % 5),), None, found.attributes))
    assert sorted(map(str, known)) == sorted(map(str, every)) and len(every) == 4 + 4 + 4 * 3


def test_a_continuous_space_of_which_all_is_refused_gives_none():
    asked = []
    assert Proposer(of("random")).propose([], lambda values: bool(asked.append(values))) is None
    assert len(asked) == 200


def test_parameters_of_another_space_are_left_out():
    config = of("tpe")
    strange = [Seen(0, "complete", {"start": 0.5, "lr": 1.0}, (1.0,)), Seen(1, "complete", {}, (1.0,))]
    assert Proposer(config)._study(strange, 0).get_trials() == []
    assert Proposer(config).propose(strange, lambda values: True) is not None


def test_a_point_has_the_overrides_of_what_is_active_in_the_order_of_the_space():
    config = of("tpe")
    params = {"schedule": "linear", "start": 0.5, "end": 0.30000000000000004, "gamma or": math.inf}
    assert point_of(config, params).overrides == ("schedule=linear", "start=0.5", "end=0.3", "gamma=inf")
    assert point_of(config, {"schedule": "constant", "start": 0.5, "gamma or": "range", "gamma": 3}).title == (
        "schedule=constant start=0.5 gamma=3"
    )


CONDITIONS = st.lists(st.sampled_from([None, ["a"], ["a", "b"], ["b"]]), min_size=2, max_size=3)


@settings(max_examples=25, deadline=None)
@given(CONDITIONS, st.lists(st.sampled_from(["d0 <= 1", "d1 < d0", "d0 >= d1"]), unique=True), st.integers(0, 3))
def test_points_of_a_grid_differ_and_are_proposed_as_they_are(conditions, constraints, seed):
    space = {"mode": {"choices": ["a", "b", True]}}
    for place, values in enumerate(conditions):
        when = {} if values is None else {"when": {"mode": values}}
        space[f"d{place}"] = {"low": 0.5, "high": 1.5, "step": 0.5, "or": [0, math.inf], **when}
    config = study(space=space, constraints=constraints, sampler="grid")
    found = grid(config)
    assert len({point.overrides for point in found}) == len(found) == grid_size(config, None).points
    every = list(grid_params(config))
    assert [point_of(config, params_of(config.space, values)) for values in every] == found
    drawn = of("random", space, constraints)
    seen = [Seen(number, "running", {}) for number in range(seed)]
    proposal = Proposer(drawn).propose(seen, lambda values: values in every)
    assert point_values(drawn.space, proposal.params) in every


def test_a_grid_takes_steps_and_leaves_out_what_is_not_active():
    config = study(space=SMALL, constraints=["y >= 0.3"], sampler="grid")
    titles = [point.title for point in points(config)]
    assert titles[:4] == ["mode=a x=1", "mode=a x=2", "mode=a x=3", "mode=a x=inf"]
    assert titles[4:8] == ["mode=b x=1 y=0.3", "mode=b x=1 y=0.4", "mode=b x=2 y=0.3", "mode=b x=2 y=0.4"]
    assert titles[-1] == "mode=null x=inf"


def test_the_corner_is_the_lowest_point_that_satisfies_the_constraints():
    assert corner(of("random")).overrides == ("schedule=constant", "start=0.2", "gamma=1")
    space = {key: {"low": 0.0, "high": 1.0} for key in "ab"}
    assert corner(of("random", space, ["a > b", "b >= 0.3"])).overrides == ("a=0.3125", "b=0.3")
    with pytest.raises(ConfigError, match="must have a point that satisfies its constraints"):
        corner(of("random", space, ["a > b", "b >= 1"]))
    assert not list(
        walk(of("random", space, ["a > 1"]).space, of("random", space, ["a > 1"]).constraints, lambda _: (0, 1))
    )


def test_of_a_finite_space_the_unused_point_nearest_to_what_was_wanted_is_taken():
    space = of("tpe", SMALL, []).space
    wanted = [{"mode": "b", "x": 2, "y": 0.3}] * 3
    points = [{"mode": "a", "x": 2}, {"mode": "b", "x": 2, "y": 0.4}, {"mode": "b", "x": 1, "y": 0.1}]
    assert by_nearness(space, points, wanted, 0)[0] == points[1]
    assert distance(space, wanted[0], wanted[0]) == 0
    assert distance(space, points[0], points[1]) == 2, "another category, and a dimension that one of them lacks"


def test_another_sampler_seed_gives_other_draws():
    drawn = [Proposer(of("random", sampler_seed=seed)).propose([], lambda values: True).params for seed in (0, 1, 0)]
    assert drawn[0] == drawn[2] != drawn[1]
