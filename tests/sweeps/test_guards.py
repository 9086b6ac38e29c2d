"""Guards: what each calls hopeless, from the records that a run writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config.guards import Guards
from sweeps.pruning.guards import breach, guard


def records(name, values, start=1):
    return [{"step": step, "data": {name: value}} for step, value in enumerate(values, start)]


@pytest.mark.parametrize(
    "config, name, values, step",
    [
        (Guards(saturated_steps=3), "control/saturated", (0, 1, 1, 0, 1, 1, 1, 0), 7),
        (Guards(saturated_steps=3), "control/saturated", (0, 1, 1, 0, 1, 1), None),
        (Guards(entropy_below=0.1, entropy_steps=2), "control/entropy", (0.5, 0.05, 0.2, 0.1, 0.0), 5),
        (Guards(entropy_above=2.0, entropy_steps=2), "control/entropy", (0.0, 2.5, 1.9, 2.0, 9.0), 5),
        (Guards(entropy_above=2.0, entropy_steps=2), "control/entropy", (3.0, None, 3.0), None),
        (Guards(), "control/entropy", (0.0,) * 50, None),
    ],
)
def test_the_first_step_at_which_enough_was_seen(config, name, values, step):
    found = breach(config, records(name, values))
    assert (None if found is None else found.step) == step
    assert (guard(config, records(name, values)) is None) == (step is None)


def test_the_reason_says_what_and_how_long():
    assert guard(Guards(saturated_steps=2), records("control/saturated", (1, 1))) == (
        "controller saturated for 2 steps up to step 2"
    )
    assert guard(Guards(entropy_below=0.1, entropy_steps=1), records("control/entropy", (0.1,))) == (
        "entropy <= 0.1 nats for 1 steps up to step 1"
    )


def test_reward_is_dead_where_all_rollouts_have_the_same_one():
    def scores(*pairs):
        return [
            {"step": step, "data": {"critic/score/max": best, "critic/score/min": worst}}
            for step, (best, worst) in enumerate(pairs, 1)
        ]

    config = Guards(dead_reward_steps=2)
    assert guard(config, scores((1, 1), (1, -1), (-1, -1), (-1, -1))) == "all rewards equal for 2 steps up to step 4"
    assert guard(config, scores((1, 1), (1, -1), (-1, -1))) is None
    assert guard(config, [{"step": step, "data": {}} for step in range(9)]) is None


def test_a_gap_in_the_records_is_no_row_of_steps():
    config = Guards(saturated_steps=3)
    assert guard(config, records("control/saturated", (1, 1)) + records("control/saturated", (1, 1), start=4)) is None


@given(st.lists(st.sampled_from([0.0, 1.0]), max_size=30), st.integers(0, 30), st.integers(1, 4))
def test_what_comes_later_has_no_effect(values, seen, steps):
    """So it does not matter when somebody looks."""
    config, whole = Guards(saturated_steps=steps), records("control/saturated", values)
    found, early = breach(config, whole), breach(config, whole[:seen])
    assert early == (found if found is not None and found.step <= seen else None)
