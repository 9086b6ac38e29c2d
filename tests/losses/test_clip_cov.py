"""Clip-Cov against verl's compute_policy_loss_clip_cov: the candidates, how many of them, which of them."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from random_batches import Case, case
from verl_formulas import clip_cov_candidates

from harness.losses.clip_cov import clip_cov_mask

LOW, HIGH = 0.3, 1.5


def expected_candidates(data: Case, clipped: torch.Tensor) -> list[tuple[int, int]]:
    flags = [row[m].tolist() for row, m in zip(clipped, data.mask, strict=True)]
    return clip_cov_candidates(data.rows(data.log_prob), data.advantages.tolist(), flags, LOW, HIGH)


def removed(data: Case, clipped: torch.Tensor, fraction: float, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return clip_cov_mask(data.log_prob, data.advantages, data.mask, clipped, fraction, LOW, HIGH, generator)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("fraction", [2e-4, 0.06, 1.0])
def test_it_removes_what_verl_removes_for_the_same_permutation(seed: int, fraction: float) -> None:
    data = case(seed)
    clipped = torch.rand(data.mask.shape, generator=torch.Generator().manual_seed(seed)) < 0.3
    candidates = expected_candidates(data, clipped)
    assert len(candidates) > 4
    count = min(len(candidates), max(1, int(fraction * int(data.mask.sum()))))
    order = torch.randperm(len(candidates), generator=torch.Generator().manual_seed(9))
    expected = sorted(candidates[index] for index in order[:count].tolist())
    assert [tuple(place) for place in removed(data, clipped, fraction, 9).nonzero().tolist()] == expected


def test_all_candidates_are_drawn_equally_often() -> None:
    """Chi-square over 2,000 draws of one token; bound: mean + 5 sd of chi2(df)."""
    data = case(3)
    clipped = torch.zeros_like(data.mask)
    candidates, draws = expected_candidates(data, clipped), 2000
    counts = Counter(tuple(removed(data, clipped, 2e-4, seed).nonzero()[0].tolist()) for seed in range(draws))
    expected = draws / len(candidates)
    chi_square = sum((counts[place] - expected) ** 2 / expected for place in candidates)
    freedom = len(candidates) - 1
    assert set(counts) <= set(candidates)
    assert chi_square < freedom + 5 * (2 * freedom) ** 0.5


def test_without_candidates_nothing_is_removed() -> None:
    data = case(0)
    assert not removed(data, torch.ones_like(data.mask), 1.0, 0).any()


def test_it_takes_no_part_in_the_gradient() -> None:
    assert not removed(case(0), torch.zeros_like(case(0).mask), 1.0, 0).requires_grad
