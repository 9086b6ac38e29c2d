"""Search spaces: what is read, what is refused, which points they have, and that they survive their dictionary."""

import json
import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config.conditions import active, check_space, in_order, walk
from harness.config.constraints import Constraint
from harness.config.space import Choices, Range, dimension
from harness.errors import ConfigError

INF = math.inf
FAMILY = {"choices": ["constant", "linear", "cosine"]}
END = {"low": 0.1, "high": 0.5, "step": 0.2, "when": {"schedule": ["linear", "cosine"]}}


def space(**dims):
    return tuple(dimension(key, values) for key, values in dims.items())


def test_a_conditional_range_with_values_of_its_own_is_read():
    read = dimension("method.gamma", {"low": 1, "high": 9, "log": True, "or": [0, INF], "when": {"m": ["x"]}})
    assert read == Range("method.gamma", 1, 9, log=True, others=(0, INF), when=(("m", ("x",)),))
    assert dimension("a", {"choices": [1, ".inf", "inf"]}) == Choices("a", (1, ".inf", INF))


@pytest.mark.parametrize(
    "values, plain",
    [
        ({"choices": ["x", 1, None, False]}, {"choices": ["x", 1, None, False]}),
        ({"low": 1, "high": 4}, {"low": 1, "high": 4, "log": False, "step": None}),
        ({"low": 1e-5, "high": 1.0, "log": True, "step": None}, {"low": 1e-5, "high": 1.0, "log": True, "step": None}),
    ],
)
def test_what_uses_nothing_new_is_written_as_it_always_was(values, plain):
    assert json.dumps(dimension("a", values).to_dict()) == json.dumps(plain)


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), st.sampled_from("xyz"))
LISTS = st.lists(VALUES, min_size=2, max_size=5).filter(lambda values: len(set(values)) == len(values))
WHEN = st.dictionaries(st.sampled_from("pq"), LISTS, max_size=2).map(
    lambda found: tuple((k, tuple(found[k])) for k in found)
)
CHOICES = st.builds(Choices, st.just("a"), LISTS.map(tuple), WHEN)
OTHERS = st.lists(st.sampled_from([None, -3, INF, -INF, 1e9]), unique=True, max_size=3).map(tuple)
RANGES = st.builds(
    lambda low, wide, log, step, others, when: Range("a", low, low + wide, log, None if log else step, others, when),
    st.one_of(st.integers(1, 9), st.floats(0.1, 9)),
    st.one_of(st.integers(1, 9), st.floats(0.1, 9)),
    st.booleans(),
    st.sampled_from([None, 1, 0.3]),
    OTHERS,
    WHEN,
)


@given(st.one_of(CHOICES, RANGES))
def test_a_dimension_survives_json(dim):
    for text in (orjson.dumps(dim.to_dict()), json.dumps(dim.to_dict(), allow_nan=False)):
        assert dimension("a", orjson.loads(text)) == dim


def test_steps_are_exact():
    assert Range("a", 0.1, 0.75, step=0.1).values == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    assert Range("a", 1, 8, step=3, others=(INF,)).values == (1, 4, 7, INF)
    assert Range("a", 0.1, 0.7).values is None


@pytest.mark.parametrize(
    "values, message",
    [
        ({"low": 0, "high": 1, "or": [0.5]}, "space.a.or must list different values outside of the range"),
        ({"low": 0, "high": 1, "or": [2, 2.0]}, "space.a.or must list different values"),
        ({"low": 0, "high": 1, "or": ["x"]}, "space.a.or must list numbers, inf or null; got ['x']"),
        ({"low": 0, "high": 1, "or": 3}, "space.a.or must be a list; got 3"),
        ({"low": 0, "high": 1, "ors": [3]}, "Did you mean 'or'? Valid: high, log, low, or, step, when"),
        ({"low": 0, "high": 1, "others": [3]}, "Valid: high, log, low, or, step, when"),
        ({"low": 0, "high": 1, "when": ["b"]}, "space.a.when must be a group of settings"),
        ({"low": 0, "high": 1, "when": {"b": "x"}}, "space.a.when.b must be a list; got 'x'"),
        ({"choices": [1, [2]]}, "space.a.choices must list plain values; got [2]"),
        ({"choices": [1, math.nan]}, "space.a.choices must not list NaN"),
        ({"choices": [1, 1.0]}, "space.a.choices must list two or more different values"),
        ({"choices": [1, 2], "or": [3]}, "space.a must be {choices: [...]} or {low, high, log, step}"),
    ],
)
def test_a_wrong_dimension_is_refused_in_words(values, message):
    with pytest.raises(ConfigError) as refused:
        dimension("a", values)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "dims, constraints, message",
    [
        ({"a": {**FAMILY, "when": {"b": [1]}}}, [], "keys of space.a.when must be known ones; got 'b'. Valid: a"),
        (
            {"b": {"low": 0, "high": 1}, "a": {**FAMILY, "when": {"b": [1]}}},
            [],
            "space.a.when must name a dimension with choices; got the range 'b'",
        ),
        (
            {"schedule": FAMILY, "a": {"choices": [1, 2], "when": {"schedule": ["liner"]}}},
            [],
            "space.a.when.schedule must list some of the choices of schedule; got ['liner']. Its choices: constant",
        ),
        (
            {"schedule": FAMILY, "a": {"choices": [1, 2], "when": {"schedule": []}}},
            [],
            "space.a.when.schedule must list some",
        ),
        (
            {"a": {"choices": [1, 2], "when": {"b": [1]}}, "b": {"choices": [1, 2], "when": {"a": [1]}}},
            [],
            "must not depend on each other in a circle; got a, b",
        ),
        ({"a": {"choices": [1, 2], "when": {"a": [1]}}}, [], "in a circle; got a"),
        ({"schedule": FAMILY}, ["end <= schedule"], "keys of the constraint 'end <= schedule' must be known ones"),
        ({"schedule": FAMILY}, ["schedule <= 1"], "must compare numbers; got schedule, which has other values"),
        (
            {"a": {"low": 0, "high": 1, "or": [None]}},
            ["a <= 1"],
            "must compare numbers; got a, which has other values",
        ),
        ({"a": {"low": 0, "high": 1}}, ["a <= a"], "must compare two different keys"),
    ],
)
def test_a_wrong_space_is_refused_in_words(dims, constraints, message):
    with pytest.raises(ConfigError) as refused:
        check_space(space(**dims), [Constraint.parse(text) for text in constraints])
    assert message in str(refused.value)


@pytest.mark.parametrize("text", ["", "a", "a <", "a = 1", "a == 1", "1 < a", "a < b < c", "a < nan", "inf > a", 3])
def test_what_is_no_constraint_is_refused(text):
    with pytest.raises(ConfigError, match="must compare a key with a key or a number"):
        Constraint.parse(text)


@given(
    st.sampled_from(["a", "b.c"]),
    st.sampled_from(["<=", "<", ">=", ">"]),
    st.one_of(st.sampled_from(["x", "y.z"]), st.integers(), st.floats(allow_nan=False)),
    st.sampled_from(["", " ", "  "]),
)
def test_a_constraint_survives_its_text_whatever_its_spaces(key, operator, other, gap):
    constraint = Constraint(key, operator, other)
    assert Constraint.parse(constraint.text) == Constraint.parse(f"{gap}{key}{gap}{operator}{gap}{other}") == constraint


@given(st.floats(allow_nan=False), st.one_of(st.floats(allow_nan=False), st.integers(-3, 3)))
def test_a_constraint_holds_as_python_compares_and_where_a_key_is_not_active(a, b):
    operators = {"<=": a <= b, "<": a < b, ">=": a >= b, ">": a > b}
    assert {op: Constraint("a", op, "b").holds({"a": a, "b": b}) for op in operators} == operators
    assert {op: Constraint("a", op, b).holds({"a": a}) for op in operators} == operators
    assert all(Constraint("a", op, "b").holds(params) for op in operators for params in ({}, {"a": a}, {"b": b}))


def test_a_dimension_comes_behind_what_it_depends_on_and_is_active_with_it():
    dims = space(
        end=END, width={"choices": [0, 1], "when": {"mode": [1]}}, mode={"choices": [1, 2], **END_WHEN}, schedule=FAMILY
    )
    assert [dim.key for dim in in_order(dims)] == ["schedule", "end", "mode", "width"]
    width = dims[1]
    assert active(width, {"schedule": "linear", "mode": 1}) and not active(width, {"schedule": "linear", "mode": 2})
    assert not active(width, {"schedule": "constant"})  # mode is not active, so width is not


END_WHEN = {"when": {"schedule": ["linear"]}}


@given(
    st.lists(st.sampled_from([None, "a", "ab", "b"]), min_size=1, max_size=4),
    st.lists(st.sampled_from(["d0 <= 1", "d1 < d2", "d3 >= d1", "d2 > 0"]), unique=True),
)
def test_the_points_of_a_walk_are_all_that_satisfy_the_constraints_each_once(conditions, texts):
    dims = [Choices("mode", ("a", "b", "c"))]
    for place, letters in enumerate(conditions):
        when = () if letters is None else (("mode", tuple(letters)),)
        dims.insert(place % 2, Choices(f"d{place}", (0, 1, 2), when))
    constraints = [each for text in texts if set((each := Constraint.parse(text)).keys) <= {dim.key for dim in dims}]
    points = list(walk(dims, constraints, lambda dim: dim.values or ()))
    expected = set()
    for mode in "abc":
        free = [dim.key for dim in dims if dim.key != "mode" and active(dim, {"mode": mode})]
        for number in range(3 ** len(free)):
            point = {"mode": mode} | {key: number // 3**i % 3 for i, key in enumerate(free)}
            if all(each.holds(point) for each in constraints):
                expected.add(frozenset(point.items()))
    assert {frozenset(point.items()) for point in points} == expected and len(points) == len(expected)
    order = [dim.key for dim in dims]
    assert all(list(point) == [key for key in order if key in point] for point in points)
