"""Decisions of Optuna's pruners on curves, and what holds for every pruner."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config.pruning import OPTUNA, Pruning
from harness.errors import ConfigError
from sweeps.pruning.curves import Curve, looks, mean_curve, value_at
from sweeps.pruning.guards import Breach
from sweeps.pruning.pruner_options import options_of
from sweeps.pruning.rules import check, decide
from sweeps.trials import TrialState

settings.register_profile("pruning", deadline=None, derandomize=True, max_examples=80)
settings.load_profile("pruning")

DOC = Path(__file__).parents[2] / "docs" / "pruning.md"
RUNNING, COMPLETE, WAITING, PRUNED = TrialState.RUNNING, TrialState.COMPLETE, TrialState.WAITING, "pruned"
OPTIONS = {
    "none": {},
    "halving": {"rungs": [2, 4], "keep": 2},
    "median": {"n_startup_trials": 1},
    "patient": {"patience": 1},
    "percentile": {"percentile": 50.0, "n_startup_trials": 1},
    "successive_halving": {"min_resource": 1, "reduction_factor": 2},
    "threshold": {"lower": 0.3},
}


def pruning(name, direction="maximize", **more):
    return Pruning(**{"pruner": name, "metric": "acc", "direction": direction, "options": OPTIONS[name], **more})


def curve(origin, values=(), state=RUNNING, **more):
    reports = tuple(enumerate(values, start=1))
    return Curve(origin, **{"state": state, "steps": 20, "step": len(reports), "reports": reports, **more})


@pytest.mark.parametrize("direction, pruned", [("maximize", {2}), ("minimize", {3})])
def test_median(direction, pruned):
    curves = [
        curve(0, (0.2, 0.4), COMPLETE),
        curve(1, (0.4, 0.6), COMPLETE),
        curve(2, (0.1, 0.2)),
        curve(3, (0.9, 0.9)),
    ]
    found = decide(pruning("median", direction), curves, over=False)
    assert found.prune.keys() == pruned and not found.pause_at and not found.waiting and not found.resume
    assert all(reason.startswith("median at step 2: acc 0.") for reason in found.prune.values())


def test_the_best_value_so_far_counts_as_optuna_has_it():
    curves = [curve(0, (0.2, 0.4), COMPLETE), curve(1, (0.5, 0.1))]
    assert not decide(pruning("median"), curves, over=False).prune
    assert decide(pruning("median", start=2, every=2), curves, over=False).prune.keys() == {1}


def test_percentile_takes_its_option():
    curves = [*(curve(number, (number / 10,), COMPLETE) for number in range(1, 10)), curve(11, (0.35,))]
    for percentile, pruned in ((75.0, set()), (25.0, {11})):  # of the best: the best quarter, or three quarters, stay
        options = {"percentile": percentile, "n_startup_trials": 1}
        assert decide(pruning("percentile", options=options), curves, over=False).prune.keys() == pruned


def test_threshold_and_patience_ask_nobody_and_not_only_at_the_newest_look():
    config = pruning("threshold")
    assert decide(config, [curve(0, (0.5, 0.2, 0.5))], over=False).prune == {0: "threshold at step 2: acc 0.2"}
    assert not decide(config, [curve(0, (0.5, 0.2, 0.5), judged=2)], over=False).prune
    assert decide(pruning("patient"), [curve(0, (0.5, 0.2, 0.3, 0.9))], over=False).prune == {
        0: "patient at step 3: acc 0.3"
    }
    assert not decide(pruning("patient"), [curve(0, (0.5, 0.2, 0.6))], over=False).prune


def test_patience_may_hold_back_another_pruner():
    config = pruning(
        "patient", options={"patience": 1, "wrapped_pruner": {"pruner": "threshold", "options": {"lower": 0.1}}}
    )
    assert not decide(config, [curve(0, (0.5, 0.2, 0.3))], over=False).prune
    assert decide(config, [curve(0, (0.5, 0.2, 0.05))], over=False).prune.keys() == {0}


def test_successive_halving_compares_those_that_came_to_the_rung():
    """Rungs 2, 4, 8; a closed configuration counts with what it had there."""
    options = {"min_resource": 2, "reduction_factor": 2}
    curves = [
        curve(0, (0.0, 0.9, 0.0), COMPLETE),
        curve(1, (0.0, 0.3, 0.0), PRUNED),
        curve(2, (0.9, 0.5, 0.9)),  # second of four at step 2
        curve(3, (0.9, 0.2, 0.9)),
        curve(4, (0.9,)),
    ]
    found = decide(pruning("successive_halving", options=options), curves, over=False)
    assert found.prune == {3: "successive_halving at step 2: acc 0.2, the median of 3 others 0.5"}
    # At step 4 there is nobody to lose against, whatever it had at step 2.
    alone = [*curves[:3], curve(3, (0.9, 0.2, 0.9, 0.1))]
    assert not decide(pruning("successive_halving", options=options), alone, over=False).prune


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=2, max_size=9), st.integers(2, 4), st.integers(0, 2))
def test_successive_halving_is_optuna_s_own_for_the_one_that_comes_last(values, factor, bootstrap):
    options = {"min_resource": 1, "reduction_factor": factor, "bootstrap_count": bootstrap}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.SuccessiveHalvingPruner(**options))
    for value in values:
        trial = study.ask()
        trial.report(value, 1)
        stop = trial.should_prune()
    curves = [curve(origin, (value,)) for origin, value in enumerate(values)]
    found = decide(pruning("successive_halving", options=options), curves, over=False)
    assert (len(values) - 1 in found.prune) == stop


@st.composite
def any_curves(draw):
    state = st.sampled_from([RUNNING, RUNNING, WAITING, COMPLETE, PRUNED, TrialState.FAILED])
    value = st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5])
    found = []
    for origin in range(draw(st.integers(1, 7))):
        at, values = draw(state), draw(st.lists(value, max_size=6))
        more = {"spared": draw(st.booleans()), "passed": draw(st.sampled_from([0, 2]))}
        more["dead"] = Breach(draw(st.integers(1, 6)), "dead") if draw(st.integers(0, 3)) == 0 else None
        found.append(curve(origin, () if at is WAITING else values, at, **more))
    return found


CONFIGS = st.sampled_from(sorted(OPTIONS)).flatmap(
    lambda name: st.sampled_from([pruning(name, direction) for direction in ("minimize", "maximize")])
)


@given(CONFIGS, any_curves(), st.booleans(), st.booleans(), st.integers(0, 2**32))
def test_a_pure_function_that_leaves_alone_what_is_closed_or_spared(config, curves, over, more, seed):
    found = decide(config, curves, over, more)
    shuffled = list(curves)
    random.Random(seed).shuffle(shuffled)
    assert decide(config, shuffled, over, more) == found == decide(config, curves, over, more)
    free = {each.origin for each in curves if not each.open or each.spared}
    assert not free & {*found.prune, *found.pause_at, *found.resume, *found.waiting}
    assert not set(found.prune) & {*found.pause_at, *found.resume, *found.waiting}
    dead = {each.origin for each in curves if each.dead and each.origin not in free}
    assert dead <= found.prune.keys()
    assert all(found.prune[origin] == "dead" for origin in dead)


@given(CONFIGS, any_curves())
def test_what_a_dead_one_reports_from_then_on_counts_for_nobody(config, curves):
    cut = [
        replace(each, reports=each.reports[: each.dead.step - 1], step=min(each.step, each.dead.step - 1))
        if each.dead and each.state != COMPLETE
        else each
        for each in curves
    ]
    assert decide(config, cut, over=False) == decide(config, curves, over=False)


def test_looks_are_at_the_same_steps_whatever_records_the_metric():
    each = curve(0, step=100, reports=((0, 9.0), (4, 0.1), (30, 0.3), (50, 0.5), (55, 0.6), (90, 0.9), (100, 1.0)))
    assert looks(each, 20, 20) == ((20, 0.1), (40, 0.3), (60, 0.6), (100, 1.0))
    assert looks(replace(each, step=59), 20, 20) == ((20, 0.1), (40, 0.3))
    assert looks(replace(each, dead=Breach(60, "")), 20, 20) == ((20, 0.1), (40, 0.3))


def test_a_curve_is_read_from_records_and_is_the_mean_over_the_seeds():
    records = [
        {"step": step, "data": data} for step, data in enumerate([{}, {"acc": 0.5}, {"acc": None}, {"acc": 0.7}])
    ]
    assert value_at(records, "acc") == [(1, 0.5), (3, 0.7)]
    assert mean_curve([[(1, 0.5), (3, 0.7)], [(1, 0.1), (2, 0.2), (3, 0.1)]]) == ((1, 0.3), (3, pytest.approx(0.4)))
    assert mean_curve([]) == ()


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_options_that_make_sense_are_taken(name):
    check(pruning(name), [20])


@pytest.mark.parametrize(
    "name, options, phrases",
    [
        ("median", {"n_startup": 3}, ["options of pruner median", "'n_startup_trials'?", "Valid: n_min_trials"]),
        ("median", {"interval_steps": 3}, ["interval_steps must be left out: pruning.every stands for it"]),
        ("threshold", {"n_warmup_steps": 3}, ["pruning.start stands for it"]),
        ("threshold", {}, ["ThresholdPruner", "Either lower or upper"]),
        ("percentile", {}, ["options.percentile must be given"]),
        ("percentile", {"percentile": 200.0}, ["PercentilePruner", "between 0 and 100"]),
        ("successive_halving", {}, ["min_resource must be given, in steps"]),
        ("successive_halving", {"min_resource": "auto"}, ["min_resource must be given", "'auto'"]),
        ("successive_halving", {"min_resource": 0}, ["must be either `min_resource >= 1`"]),
        ("patient", {}, ["options.patience must be given"]),
        ("patient", {"patience": 1, "wrapped_pruner": "successive_halving"}, ["patient wraps", "Valid: median"]),
        ("patient", {"patience": 1, "wrapped_pruner": {"name": "median"}}, ["a group of pruner and options"]),
    ],
)  # fmt: skip
def test_others_are_refused(name, options, phrases):
    with pytest.raises(ConfigError) as refused:
        check(pruning(name, options=options))
    assert all(phrase in str(refused.value) for phrase in phrases), str(refused.value)


def test_rungs_and_looks_must_be_before_the_last_step():
    check(pruning("halving"), [5, 9])
    with pytest.raises(ConfigError, match=r"every rung of .* must be before the last step"):
        check(pruning("halving"), [9, 4])
    with pytest.raises(ConfigError, match="start must be before the last step"):
        check(pruning("median", start=9), [9])


def test_every_pruner_of_optuna_has_options_to_list():
    assert all(options_of(name) for name in OPTUNA)


def test_the_documentation_lists_the_pruners_with_their_options():
    rows = [line.split(" | ")[:2] for line in DOC.read_text().splitlines() if line.startswith("| `")]
    listed = {name.strip("|` "): tuple(re.findall(r"`(\w+)`", options)) for name, options in rows}
    assert all(listed[name] == options_of(name) for name in OPTUNA)
    assert listed["halving"] == ("rungs", "keep") and listed["none"] == ()
