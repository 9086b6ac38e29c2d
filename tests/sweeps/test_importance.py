"""Importances of parameters: what matters is found, chance is not, and too little is refused."""

import math
import random

import pytest

from sweeps.ranking.importance import LEAST_POINTS, importances


def search(count, seed=0):
    dice = random.Random(seed)
    return [
        {
            "a": dice.uniform(0, 1),
            "lr": 10 ** dice.uniform(-6, -3),
            "c": dice.choice(["x", "y"]),
            "few": dice.choice([1, 2]),
        }
        for _ in range(count)
    ]


def test_the_parameter_that_decides_comes_first_and_is_beyond_chance():
    points = search(120)
    found = importances(points, [(point["a"] - 0.3) ** 2 for point in points], "minimize")
    assert next(iter(found.shares)) == "a" and found.shares["a"] > 0.7 and found.beyond_chance["a"]
    assert math.fsum(found.shares.values()) == pytest.approx(1.0)
    assert (found.points, found.top, found.reason) == (120, 30, None)
    assert not found.beyond_chance["lr"] and not found.beyond_chance["few"]


def test_a_choice_that_decides_is_found_in_either_direction():
    points = search(60)
    dice = random.Random(2)
    values = [float(point["c"] == "x") + 0.1 * dice.random() for point in points]
    for direction in ("minimize", "maximize"):
        found = importances(points, values, direction)
        assert next(iter(found.shares)) == "c" and found.beyond_chance["c"]


def test_the_direction_says_which_end_is_good():
    """Low values are those of one choice; the high ones follow a number."""
    points = [{"c": "x" if place % 4 == 0 else "y", "b": (place * 77 % 201) / 201} for place in range(200)]
    values = [-1.0 - point["b"] / 1e3 if point["c"] == "x" else point["b"] for point in points]
    first = {way: next(iter(importances(points, values, way).shares)) for way in ("minimize", "maximize")}
    assert first == {"minimize": "c", "maximize": "b"}


def test_noise_is_rarely_taken_for_an_effect():
    dice, beyond = random.Random(1), 0
    for seed in range(8):
        points = search(30, seed)
        beyond += sum(importances(points, [dice.random() for _ in points], "minimize").beyond_chance.values())
    assert beyond <= 6, "of 32, at 5 % each"


def test_a_parameter_that_only_some_points_have_is_judged_where_it_is():
    points = search(80)
    for point in points:
        if point["c"] == "x":
            point["only"] = point["a"]
    found = importances(points, [point.get("only", 2.0) for point in points], "minimize")
    assert set(found.shares) == {"a", "lr", "c", "few", "only"} and found.beyond_chance["c"]


@pytest.mark.parametrize("count", [0, 1, LEAST_POINTS - 1])
def test_few_points_are_refused_with_their_number(count):
    found = importances(search(count), [float(i) for i in range(count)], "minimize")
    assert found.shares == {} and f"{count} complete" in found.reason


def test_values_that_are_not_finite_are_left_out():
    points = search(LEAST_POINTS + 2)
    values = [math.nan, math.inf, *map(float, range(LEAST_POINTS))]
    assert importances(points, values, "minimize").points == LEAST_POINTS
    assert "at least" in importances(points[:-1], values[:-1], "minimize").reason


def test_nothing_that_differs_is_a_reason():
    assert "no parameter" in importances([{"a": 1}] * 12, [float(i) for i in range(12)], "minimize").reason
    assert "same value" in importances(search(12), [1.0] * 12, "minimize").reason


def test_mixed_values_and_the_same_points_again_give_the_same_importances():
    points = [{"a": value} for value in [None, True, 1, 1.0, "1", "inf", 2.5] * 4]
    values = [float(place % 7) for place in range(28)]
    assert importances(points, values, "minimize") == importances(points, values, "minimize")
