"""Halving: what is decided does not depend on who reports when, and is what its definition says."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual import PRUNED, Fate, expected, play

from harness.config.pruning import Pruning
from sweeps.pruning.curves import Curve
from sweeps.pruning.rules import decide
from sweeps.trials import TrialState

settings.register_profile("pruning", deadline=None, derandomize=True, max_examples=80)
settings.load_profile("pruning")

RUNNING = TrialState.RUNNING
SIGN = {"minimize": 1, "maximize": -1}


def halving(rungs, keep=2, direction="maximize"):
    return Pruning(pruner="halving", metric="acc", direction=direction, options={"rungs": list(rungs), "keep": keep})


@st.composite
def studies(draw):
    steps = draw(st.integers(3, 9))
    rungs = sorted(draw(st.sets(st.integers(1, steps - 1), min_size=1, max_size=3)))
    value = st.sampled_from([0.0, 0.25, 0.5, 0.75])  # few: ties
    fates = []
    for _ in range(draw(st.integers(1, 9))):
        values = tuple(draw(st.lists(value, min_size=steps, max_size=steps)))
        end = draw(st.sampled_from([None, None, None, "fails_at", "dead_at"]))
        fates.append(Fate(values, **({end: draw(st.integers(1, steps))} if end else {})))
    return halving(rungs, draw(st.integers(2, 4)), draw(st.sampled_from(sorted(SIGN)))), fates


def outcome(ends, config):
    """State, and the rung where halving stopped it."""
    return {
        origin: (state, step if reason.startswith("halving") else None)
        for origin, (state, step, reason) in ends.items()
    }


@given(studies(), st.integers(1, 5), st.integers(0, 2**32), st.booleans(), st.booleans())
def test_whatever_the_order_and_the_slots_the_outcome_is_the_one_of_the_definition(study, slots, seed, memory, drawn):
    """Also where a driver that was killed has forgotten whom it let go on, and where configurations are drawn late."""
    config, fates = study
    ends = play(config, fates, slots, random.Random(seed), memory, drawn)
    assert outcome(ends, config) == expected(config, fates, lambda value: SIGN[config.direction] * value)


@given(studies(), st.integers(1, 5), st.integers(0, 2**32))
def test_where_some_never_start_a_rung_is_decided_among_those_that_came(study, slots, seed):
    config, fates = study
    chance = random.Random(seed)
    fates = [fate if chance.random() < 0.6 else Fate(fate.values, starts=False) for fate in fates]
    ends = play(config, fates, slots, chance)
    came = [origin for origin, fate in enumerate(fates) if fate.starts]
    found = expected(config, [fates[origin] for origin in came], lambda value: SIGN[config.direction] * value)
    assert {place: outcome(ends, config)[origin] for place, origin in enumerate(came)} == found
    assert all(ends[origin] == (RUNNING, 0, "") for origin in ends if origin not in came)


def test_a_run_ends_exactly_at_the_rung_that_stops_it():
    fates = [Fate((value,) * 6) for value in (0.1, 0.4, 0.2, 0.3)]
    ends = play(halving([2, 4]), fates, 2, random.Random(1))
    assert {origin: end[:2] for origin, end in ends.items()} == {
        0: (PRUNED, 2),
        1: (TrialState.COMPLETE, 6),
        2: (PRUNED, 2),
        3: (PRUNED, 4),
    }
    assert ends[0][2] == "halving at step 2: acc 0.1 is number 4 of 4, of which the best 2 go on"


def curve(origin, value=None, step=0, **more):
    return Curve(
        origin, **{"state": RUNNING, "steps": 10, "step": step, "reports": ((1, value),) if step else (), **more}
    )


def test_who_came_early_waits_paused_and_the_others_shall_stop_there():
    found = decide(halving([4, 8]), [curve(0, 0.1, 4), curve(1, 0.5, 3), curve(2)], over=False)
    assert found.pause_at == {0: 4, 1: 4, 2: 4} and found.waiting == {0} and not found.prune and not found.resume


def test_nothing_is_decided_while_configurations_are_still_to_be_drawn():
    came = [curve(0, 0.1, 4), curve(1, 0.5, 4)]
    assert decide(halving([4]), came, over=False, more=True).waiting == {0, 1}
    assert set(decide(halving([4]), came, over=False).prune) == {0}
    assert set(decide(halving([4]), came, over=True, more=True).prune) == {0}


def test_behind_the_last_rung_no_pause_is_left():
    found = decide(halving([4, 8]), [curve(0, 0.1, 4), curve(1, 0.5, 4)], over=False)
    assert found.resume == {1: 4} and found.pause_at == {1: 8} and set(found.prune) == {0}
    found = decide(halving([4, 8]), [curve(0, 0.1, 4, state=PRUNED), curve(1, 0.5, 8)], over=False)
    assert found.resume == {1: 8} and not found.pause_at and not found.prune and not found.waiting


def test_when_over_only_one_rung_is_decided_by_force():
    """0 waits for 3 that nothing starts, 1 and 2 were let go on before; 0 moves now, so they wait for it."""
    curves = [curve(0, 0.9, 4), curve(1, 0.5, 8, passed=4), curve(2, 0.6, 8, passed=4), curve(3)]
    found = decide(halving([4, 8]), curves, over=True)
    assert found.resume == {0: 4} and not found.prune and found.waiting == {1, 2}
    assert found.pause_at == {0: 8, 1: 8, 2: 8, 3: 4}


def test_a_late_one_is_measured_against_all_that_came_and_those_that_went_on_stay():
    before = [curve(0, 0.5, 6, passed=4), curve(1, 0.4, 4, state=PRUNED)]
    assert decide(halving([4]), [*before, curve(2)], over=False).pause_at == {2: 4}
    assert decide(halving([4]), [*before, curve(2, 0.3, 4)], over=False).prune.keys() == {2}
    found = decide(halving([4], keep=3), [*before, curve(2, 0.9, 4)], over=False)
    assert found.resume == {2: 4} and not found.prune


def test_one_without_a_value_is_last_and_a_metric_may_be_recorded_rarely():
    curves = [curve(0, 0.1, 4), curve(1, step=4, reports=()), curve(2, step=4, reports=((0, 0.9),))]
    found = decide(halving([4], keep=3), curves, over=False)
    assert set(found.prune) == {1, 2} and "acc no value is number 2 of 3" in found.prune[1]


def test_a_revived_one_counts_as_before_and_is_neither_held_nor_waited_for():
    curves = [curve(0, 0.1, 5, spared=True), curve(1, 0.5, 5, passed=4), curve(2, 0.4, 4), curve(3, 0.3, 4)]
    found = decide(halving([4, 8]), curves, over=False)
    assert set(found.prune) == {3} and found.resume == {2: 4}
    assert 0 not in found.pause_at and 0 not in found.waiting
    assert decide(halving([4]), [curve(0, spared=True), curve(1, 0.5, 4)], over=False).resume == {1: 4}


@pytest.mark.parametrize("state", [PRUNED, TrialState.FAILED])
def test_one_that_is_gone_before_the_rung_is_not_waited_for(state):
    found = decide(halving([4]), [curve(0, 0.9, 3, state=state), curve(1, 0.1, 4), curve(2, 0.2, 4)], over=False)
    assert set(found.prune) == {1} and found.resume == {2: 4}
