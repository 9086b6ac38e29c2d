"""Averages against verl's agg_loss and the paper's Eq. 5, and how parts of a mini-batch add up."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from random_batches import case
from verl_formulas import eq5, seq_mean_token_mean, token_mean

from harness.errors import ConfigError
from harness.losses.aggregate import AVERAGES, aggregate, row_weights

ROWS = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(1, 6)), min_size=1, max_size=24)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("average", "formula"), [("token_mean", token_mean), ("seq_mean_token_mean", seq_mean_token_mean)]
)
def test_verls_averages(average: str, formula, seed: int) -> None:  # type: ignore[no-untyped-def]
    data = case(seed)
    value = (data.old * aggregate(average, data.mask)).sum().item()
    assert value == pytest.approx(formula(data.rows(data.old)), rel=1e-6)


@given(rows=ROWS, mini_batches=st.integers(1, 6), seed=st.integers(0, 99))
def test_the_mean_of_mini_batches_over_kept_rows_is_eq5(
    rows: list[tuple[int, bool, int]], mini_batches: int, seed: int
) -> None:
    questions, kept, lengths = map(list, zip(*rows, strict=True))
    assume(any(kept))
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn((len(rows), 6), dtype=torch.float64, generator=generator)
    mask = torch.arange(6) < torch.tensor(lengths)[:, None]
    per_row = row_weights("eq5", torch.tensor(questions), torch.tensor(kept), mini_batches)
    assert per_row is not None
    chosen = torch.tensor(kept).nonzero().squeeze(1)
    parts = chosen[torch.randperm(len(chosen), generator=generator)].tensor_split(mini_batches)
    losses = [(values[part] * aggregate("eq5", mask[part], per_row[part])).sum().item() for part in parts]
    expected = eq5([row[m].tolist() for row, m in zip(values, mask, strict=True)], questions, kept)
    assert sum(losses) / mini_batches == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_eq5_by_hand() -> None:
    """Question 0 keeps two of three rollouts, question 7 one, question 3 none: (1/2) ((1+2+3)/2 + 4)."""
    groups, kept = torch.tensor([0, 0, 0, 7, 3]), torch.tensor([True, True, False, True, False])
    values = torch.tensor([[1.0, 2.0], [3.0, 90.0], [5.0, 6.0], [4.0, 90.0], [8.0, 9.0]])
    mask = torch.tensor([[1, 1], [1, 0], [1, 1], [1, 0], [1, 1]])
    per_row = row_weights("eq5", groups, kept, 1)
    assert per_row is not None
    assert per_row.tolist() == [0.25, 0.25, 0, 0.5, 0]
    assert (values * aggregate("eq5", mask, per_row)).sum().item() == pytest.approx(3.5)


def test_rejected_rows_have_no_weight_and_an_empty_set_divides_by_nothing() -> None:
    per_row = row_weights("eq5", torch.tensor([0, 0, 1]), torch.zeros(3, dtype=torch.bool), 4)
    assert per_row is not None and per_row.tolist() == [0, 0, 0]


@pytest.mark.parametrize("average", AVERAGES)
def test_padding_has_no_weight_and_the_sum_of_weights_is_what_the_average_says(average: str) -> None:
    mask = case(2).mask
    rows = torch.full((len(mask),), 1 / len(mask)) if average == "eq5" else None
    weights = aggregate(average, mask, rows)
    assert (weights[~mask] == 0).all()
    total = mask.sum().item() / len(mask) if average == "eq5" else 1
    assert weights.sum().item() == pytest.approx(total, rel=1e-6)


def test_only_eq5_needs_the_whole_batch() -> None:
    for average in ("token_mean", "seq_mean_token_mean"):
        assert row_weights(average, torch.tensor([0, 1]), torch.tensor([True, True]), 2) is None


@pytest.mark.parametrize("average", ["mean", "eq5", "token-mean"])
def test_an_unknown_average_and_eq5_without_its_rows_are_refused(average: str) -> None:
    with pytest.raises(ConfigError, match=r"loss\.average must be one of token_mean, eq5"):
        aggregate(average, case(0).mask)
