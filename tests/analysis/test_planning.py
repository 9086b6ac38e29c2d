"""Seeds that a difference needs: by closed form, its uncertainty, and when no number is enough."""

import numpy as np
import pytest

from analysis import seeds_needed, student
from analysis.planning import MOST
from analysis.variance import Spread, of_mean


def spread(a: float, b: float, seeds: int, problems: int) -> Spread:
    """Of a paired difference whose seeds differ by the variance `a` and whose problems add `b` to every mean."""
    one = np.ones(1)
    return Spread(
        one * a / seeds, one * (seeds - 1), one * b, one * (problems - 1), 0 * one, one * (seeds - 1) * (problems - 1),
        one * a, 0 * one, True,
    )  # fmt: skip


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize("difference", [0.02, 0.05, 0.1])
def test_fixed_problems_need_what_the_t_test_needs(difference: float) -> None:
    needed = seeds_needed(difference, spread(0.003, 0.01, 5, 30), 5, rng(), "fixed")

    def power_reached(count: float) -> bool:
        t = student.quantile(0.975, count - 1) + student.quantile(0.8, count - 1)
        return bool(t * np.sqrt(0.003 / count) <= difference)

    assert power_reached(needed.number) and (needed.number == 2 or not power_reached(needed.number - 1))
    assert needed.low <= needed.number <= needed.high


def test_the_promise_is_kept_by_simulation() -> None:
    """At the number it names, a true difference of that size is found in 80 % of 2,000 experiments."""
    a, difference = 0.003, 0.05
    count = int(seeds_needed(difference, spread(a, 0, 5, 30), 5, rng(), "fixed").number)
    means = rng().normal(difference, np.sqrt(a), (2_000, count))
    t = means.mean(axis=1) / (means.std(axis=1, ddof=1) / np.sqrt(count))
    assert 0.77 <= np.mean(student.two_sided(t, count - 1) < 0.05) <= 0.90


def test_more_seeds_alone_do_not_help_where_the_problems_dominate() -> None:
    needed = seeds_needed(0.02, spread(0.0001, 0.01**2, 5, 30), 5, rng())
    assert np.isinf(needed.number)
    assert needed.floor == pytest.approx((1.959964 + 0.841621) * 0.01, rel=1e-4)
    assert needed.words.startswith(
        "cannot be resolved by more seeds alone: on these problems, differences below 0.028 stay hidden"
    )
    fixed = seeds_needed(0.02, spread(0.0001, 0.01**2, 5, 30), 5, rng(), "fixed")
    assert np.isfinite(fixed.number)


def test_fewer_measured_seeds_make_the_number_less_certain() -> None:
    few, many = (seeds_needed(0.05, spread(0.01, 0, n, 30), n, rng(), "fixed") for n in (3, 30))
    assert few.high / few.low > 3 * many.high / many.low


def test_what_cannot_be_known_is_said() -> None:
    one_seed = of_mean(rng().random((1, 1, 30)))
    assert seeds_needed(0.1, one_seed, 1, rng()).words == "not known: one seed shows no spread between seeds"
    three = of_mean(rng().random((1, 3, 30)))
    assert seeds_needed(0.0, three, 3, rng()).words == "not known: no difference was measured"
    huge = seeds_needed(1e-4, spread(1.0, 0, 3, 30), 3, rng(), "fixed")
    assert huge.number == MOST + 1 and huge.words.startswith("more than 1,000 seeds a side")
