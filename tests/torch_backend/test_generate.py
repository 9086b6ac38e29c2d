"""Sampling: the frequencies that softmax gives, the limits, and what the cache must not change."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from harness.torch_backend import generate as module
from harness.torch_backend.generate import Sampling, generate, nucleus, sample
from harness.torch_backend.policy import Policy

VOCABULARY = 6
EOS = 5


class TableModel:
    """A Markov chain: the next token's logits are the last token's row of `table`. It is its own cache."""

    def __init__(self, table: Tensor) -> None:
        self.table = table
        self.selections: list[int] = []

    def new_cache(self, rows: int, capacity: int) -> TableModel:
        return self

    def select(self, rows: Tensor) -> None:
        self.selections.append(len(rows))

    def hidden(self, ids: Tensor, start: Tensor, cache: object) -> Tensor:
        return self.table[ids]

    def logits(self, hidden: Tensor) -> Tensor:
        return hidden


def table(seed: int = 0) -> Tensor:
    return 0.9 * torch.randn((VOCABULARY, VOCABULARY), generator=torch.Generator().manual_seed(seed))


def chi_square(counts: list[int], probabilities: list[float]) -> tuple[float, float]:
    """Pearson's statistic and its bound, mean + 5 standard deviations. Every expected count is at least 5."""
    draws = sum(counts)
    assert min(probabilities) * draws >= 5
    statistic = sum((c - draws * p) ** 2 / (draws * p) for c, p in zip(counts, probabilities, strict=True))
    freedom = len(counts) - 1
    return statistic, freedom + 5 * math.sqrt(2 * freedom) + 1e-9


def softmax(logits: list[float], temperature: float, top_k: int = 0, top_p: float = 1.0) -> dict[int, float]:
    """Token -> probability by definition: temperature, then the k likeliest, then the smallest nucleus."""
    scores = {token: math.exp(x / temperature) for token, x in enumerate(logits)}
    order = sorted(scores, key=lambda token: -scores[token])[: top_k or None]
    total = sum(scores[token] for token in order)
    chosen, mass = [], 0.0
    for token in order:
        if mass >= top_p:
            break
        chosen.append(token)
        mass += scores[token] / total
    kept = sum(scores[token] for token in chosen)
    return {token: scores[token] / kept for token in chosen}


SAMPLINGS = [
    Sampling(1.0), Sampling(0.5), Sampling(1.7), Sampling(1.0, top_k=3), Sampling(1.0, top_k=1),
    Sampling(1.0, top_k=99), Sampling(1.0, top_p=0.7), Sampling(0.8, top_p=0.9),
    Sampling(1.2, top_p=0.8, top_k=4), Sampling(1.0, top_p=0.01),
]  # fmt: skip


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_first_tokens_have_the_frequencies_of_softmax(sampling: Sampling) -> None:
    model, draws = TableModel(table()), 20_000
    limited = Sampling(sampling.temperature, sampling.top_p, sampling.top_k, max_new_tokens=1)
    tokens = [r[0] for r in generate(model, [[2]], draws, limited, EOS, torch.Generator().manual_seed(1))]
    expected = softmax(table()[2].tolist(), sampling.temperature, sampling.top_k, sampling.top_p)
    counts = Counter(tokens)
    assert set(counts) == set(expected)
    statistic, bound = chi_square([counts[t] for t in expected], list(expected.values()))
    assert statistic <= bound


def test_transitions_have_the_frequencies_of_softmax_after_rows_have_left() -> None:
    """Rows end at different positions; those that go on must keep their own state."""
    model = TableModel(table())
    rows = generate(model, [[2], [0, 1, 3]], 4_000, Sampling(max_new_tokens=8), EOS, torch.Generator().manual_seed(2))
    assert len(model.selections) > 3  # the first is the repetition of the prompts
    pairs = Counter(pair for row in rows for pair in pairwise(row))
    for token in range(VOCABULARY - 1):
        expected = softmax(table()[token].tolist(), 1.0)
        statistic, bound = chi_square([pairs[token, after] for after in expected], list(expected.values()))
        assert statistic <= bound


@pytest.mark.parametrize("compact_below", [0.0, 0.5, 1.01])
def test_rows_end_at_eos_or_at_the_limit(compact_below: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPACT_BELOW", compact_below)
    rows = generate(
        TableModel(table()),
        [[2], [3, 4]],
        200,
        Sampling(max_new_tokens=5),
        EOS,
        torch.Generator().manual_seed(3),
    )
    assert len(rows) == 400
    lengths = Counter(map(len, rows))
    assert set(lengths) == {1, 2, 3, 4, 5}
    for row in rows:
        assert EOS not in row[:-1]
        assert row[-1] == EOS or len(row) == 5
    assert any(row[-1] == EOS and len(row) == 5 for row in rows)
    assert any(row[-1] != EOS for row in rows)


def test_all_rows_at_eos_ends_generation_early() -> None:
    always = torch.full((VOCABULARY, VOCABULARY), -60.0)
    always[:, EOS] = 60.0
    model = TableModel(always)
    calls: list[int] = []
    model.hidden = lambda ids, *_: (calls.append(1), always[ids])[1]  # type: ignore[method-assign]
    assert generate(model, [[2]], 3, Sampling(max_new_tokens=9), EOS, torch.Generator()) == [[EOS]] * 3
    assert len(calls) == 1


@pytest.mark.parametrize(
    "sampling", [Sampling(1.0, max_new_tokens=14), Sampling(1.5, top_p=0.9, max_new_tokens=14)], ids=str
)
def test_compaction_does_not_change_what_is_sampled(
    shipped: Policy, sampling: Sampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = shipped.prompts(["3 7 2=13", "1 1=2", "13 12 11=10", "9 8 7=65"])
    samples = []
    for share in (0.0, 0.8, 1.01):  # never, as shipped, whenever a row has ended
        monkeypatch.setattr(module, "COMPACT_BELOW", share)
        samples.append(shipped.sample(prompts, 16, sampling, torch.Generator().manual_seed(4)))
    assert samples[0] == samples[1] == samples[2]
    assert len({len(row) for row in samples[0]}) > 3


def test_every_token_is_the_inversion_of_its_uniform_under_transformers(shipped: Policy) -> None:
    """Padding, shared prompts, cache and compaction leave the distribution where it was.

    Each uniform lies in the interval of the token it gave, by transformers' forward pass of that row alone.
    """
    model = transformers.AutoModelForCausalLM.from_pretrained(shipped.folder, dtype=torch.float32)
    prompts, n, limit, temperature = shipped.prompts(["3 7 2=13", "1 1=2", "13 12 11=10"]), 6, 12, 1.3
    rows = shipped.sample(prompts, n, Sampling(temperature, max_new_tokens=limit), torch.Generator().manual_seed(6))
    uniforms = torch.rand((limit, len(rows)), generator=torch.Generator().manual_seed(6))
    for index, row in enumerate(rows):
        prompt = prompts[index // n]
        with torch.no_grad():
            logits = model(torch.tensor([prompt + row])).logits[0, len(prompt) - 1 : -1]
        cumulative = (logits.double() / temperature).softmax(dim=-1).cumsum(dim=-1)
        for position, token in enumerate(row):
            u = float(uniforms[position, index])
            assert (float(cumulative[position, token - 1]) if token else 0.0) - 1e-5 <= u
            assert u <= float(cumulative[position, token]) + 1e-5


@given(
    logits=st.lists(st.floats(-30, 30), min_size=2, max_size=8),
    uniform=st.floats(0, 1, exclude_max=True, width=32),
    top_k=st.integers(0, 9),
    top_p=st.floats(0.01, 1.0),
)
def test_a_token_outside_the_support_is_never_drawn(
    logits: list[float], uniform: float, top_k: int, top_p: float
) -> None:
    sampling = Sampling(0.3, top_p, top_k)
    row = torch.tensor([logits])
    token = int(sample(row, sampling, torch.tensor([uniform])))
    assert 0 <= token < len(logits)
    likelier = sum(x > row[0, token].item() for x in row[0].tolist())
    assert not top_k or likelier < top_k
    mass = sum(p for t, p in softmax(row[0].tolist(), 0.3, 0).items() if row[0, t] > row[0, token])
    if not top_k:
        assert mass < top_p + 1e-5


def test_the_nucleus_is_the_smallest_set_that_reaches_p() -> None:
    one, equal = torch.tensor([[0.1, 0.5, 0.15, 0.25]]), torch.full((1, 4), 0.25)
    assert torch.equal(nucleus(one, 0.5), torch.tensor([[0, 0.5, 0, 0]]))
    assert torch.equal(nucleus(one, 0.74), torch.tensor([[0, 0.5, 0, 0.25]]))
    assert torch.equal(nucleus(one, 0.76), torch.tensor([[0, 0.5, 0.15, 0.25]]))
    assert (nucleus(equal, 0.5) > 0).sum() == 2
    assert (nucleus(equal, 0.51) > 0).sum() == 3
