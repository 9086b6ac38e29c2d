"""The canonical form: equal for the same run, different for different ones."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config.compose import resolve
from harness.errors import InputError
from sweeps.search.canonical import canonical, reads_target

LINE = ("schedule=linear", "schedule.start=0.5", "schedule.end=0.2")
FILTER = ("method=entrocraft", *LINE)


def config(*overrides):
    return resolve(["trainer.steps=20", *overrides]).to_dict()


SAME = [
    ((*FILTER, "seed=1"), (*FILTER, "seed=7")),
    ((*FILTER,), (*FILTER, "run.name=other", "run.dir=x", "wandb.mode=offline")),
    ((*FILTER, "method.gamma=10"), (*FILTER, "method.gamma=10.0")),
    ((*FILTER, "method.gamma=0"), (*FILTER, "method.gamma=0", "method.denominator=all")),
    (
        ("method=entrocraft", "schedule=constant", "schedule.start=0.3"),
        ("method=entrocraft", "schedule=linear", "schedule.start=0.3", "schedule.end=0.3", "schedule.width=0"),
    ),
    (
        ("method=entrocraft", "schedule=constant", "schedule.start=0.3"),
        ("method=entrocraft", "schedule=constant", "schedule.low.start=0.3", "schedule.high.start=0.3"),
    ),
    (
        ("method=entrocraft", "schedule=constant", "schedule.start=0.3"),
        ("method=entrocraft", "schedule=cosine", "schedule.start=0.3", "schedule.end=0.3", "schedule.horizon=90"),
    ),
]
DIFFERENT = [
    ((*FILTER,), (*FILTER, "method.gamma=inf")),
    ((*FILTER,), (*FILTER, "schedule.end=0.25")),
    ((*FILTER,), (*FILTER, "schedule.width=0.1")),
    ((*FILTER,), (*FILTER, "schedule.progress=released")),
    ((*FILTER,), (*FILTER, "schedule.horizon=40")),
    ((*FILTER,), (*FILTER, "trainer.lr=1e-3")),
    ((*FILTER,), (*FILTER, "data.seed=99")),
    ((*FILTER, "method.gamma=1"), (*FILTER, "method.gamma=1", "method.denominator=all")),
    (("method=grpo",), ("method=entropy_loss",)),
]
RECORDED = [
    (("method=grpo",), ("method=grpo", *LINE)),
    (("method=grpo", *LINE, "schedule.end=0.3"), ("method=grpo", *LINE)),
    ((*FILTER, "method.gamma=0"), (*FILTER, "method.gamma=0", "schedule.start=0.4")),
]
RAW = [(*FILTER, "method.gamma=0", f"method.{option}=raw") for option in ("advantage", "zero_variance")]


@pytest.mark.parametrize("target", [True, False])
@pytest.mark.parametrize("first, second", SAME)
def test_the_same_run_has_one_form(first, second, target):
    assert canonical(config(*first), target=target) == canonical(config(*second), target=target)


@pytest.mark.parametrize("target", [True, False])
@pytest.mark.parametrize("first, second", [*DIFFERENT, *((raw, (*raw, "schedule.start=0.4")) for raw in RAW)])
def test_different_runs_have_different_forms(first, second, target):
    assert canonical(config(*first), target=target) != canonical(config(*second), target=target)


@pytest.mark.parametrize("first, second", RECORDED)
def test_a_schedule_that_is_only_recorded_counts_where_it_is_measured(first, second):
    assert canonical(config(*first)) != canonical(config(*second))
    assert canonical(config(*first), target=False) == canonical(config(*second), target=False)


def test_which_metrics_read_the_target():
    assert reads_target(["acc", "tracking_error"]) and reads_target(["control/distance"])
    assert not reads_target(["val-core/countdown/acc/mean@32", "actor/entropy"])


PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text("ab1.é", max_size=3),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)),
    max_leaves=8,
)
CONFIGS = st.dictionaries(st.sampled_from(["trainer", "data", "x"]), PLAIN, max_size=3)


def typed(value):
    """Equal for two values exactly when they are the same setting: True is not 1, 1 is 1.0."""
    if isinstance(value, dict):
        return ("dict", frozenset((key, typed(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return ("list", tuple(map(typed, value)))
    return (isinstance(value, bool), value)


def respelt(value):
    """The same setting in another spelling: keys backwards, whole numbers as floats where these are exact."""
    if isinstance(value, dict):
        return {key: respelt(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return tuple(map(respelt, value))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value


@given(CONFIGS, st.integers())
def test_another_spelling_has_the_same_form(plain, seed):
    assert canonical(respelt({**plain, "seed": seed, "run": {"dir": "x"}})) == canonical(plain)
    assert json.loads(canonical(plain)).keys() == plain.keys() and "\n" not in canonical(plain)


@given(CONFIGS, CONFIGS)
def test_forms_are_equal_exactly_when_the_settings_are(first, second):
    assert (canonical(first) == canonical(second)) == (typed(first) == typed(second))


@given(CONFIGS.filter(bool), st.data())
def test_one_changed_setting_changes_the_form(plain, data):
    key = data.draw(st.sampled_from(sorted(plain)))
    other = data.draw(PLAIN.filter(lambda value: typed(value) != typed(plain[key])))
    assert canonical({**plain, key: other}) != canonical(plain)


def test_nan_is_refused():
    with pytest.raises(InputError, match="must not hold NaN"):
        canonical({"trainer": {"lr": math.nan}})
