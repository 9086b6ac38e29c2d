"""Sampling with a key/value cache: the prompt is read once for all its siblings, finished rows leave the batch.

Each row draws one uniform number per position from a generator of its own step, so what a row samples depends on
(seed, step, row, position) only and not on which other rows are still unfinished.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from harness.torch_backend.rollouts import Rollouts

COMPACT_BELOW = 0.8  # share of unfinished rows under which the finished ones are dropped from the cache


@dataclass(frozen=True)
class Sampling:
    """temperature > 0; top_p in (0, 1], 1 = off; top_k >= 0, 0 = off; max_new_tokens counts the end token."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_new_tokens: int = 16


class Cache(Protocol):
    @property
    def length(self) -> int: ...
    def select(self, rows: Tensor) -> None: ...


class Model(Protocol):
    """What generation and scoring ask of a policy; LeanQwen3 and HFModel provide it."""

    def new_cache(self, rows: int, capacity: int) -> Cache: ...
    def hidden(self, ids: Tensor, start: Tensor, cache: Cache) -> Tensor: ...
    def response_hidden(self, rollouts: Rollouts) -> Tensor: ...
    def scores(self, rollouts: Rollouts, temperature: float, entropy: bool) -> tuple[Tensor, Tensor | None]:
        """Of the response tokens (B, R): log-probability and, if asked for, entropy over the whole vocabulary; nats,
        differentiable; what stands at padding has no meaning."""

    def logits(self, hidden: Tensor) -> Tensor: ...


@torch.no_grad()
def generate(
    model: Model,
    prompts: list[list[int]],
    n: int,
    sampling: Sampling,
    eos_id: int,
    generator: torch.Generator,
) -> list[list[int]]:
    """`n` responses for each of P prompts, siblings adjacent: P*n lists of token ids, `eos_id` included if sampled."""
    device = generator.device
    width = max(map(len, prompts))
    ids = torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = torch.tensor(prompt)  # left padding: all rows decode at the same column
    ids = ids.to(device)
    start = torch.tensor([width - len(prompt) for prompt in prompts], device=device)

    cache = model.new_cache(len(prompts), width + sampling.max_new_tokens)
    hidden = model.hidden(ids, start, cache)[:, -1]

    rows = torch.arange(len(prompts), device=device).repeat_interleave(n)
    cache.select(rows)
    hidden, start = hidden[rows], start[rows]
    uniforms = torch.rand((sampling.max_new_tokens, len(rows)), generator=generator, device=device)
    output = torch.full((len(rows), sampling.max_new_tokens), -1, device=device)
    active = torch.arange(len(rows), device=device)  # which row of `output` each row of the cache is
    done = torch.zeros(len(rows), dtype=torch.bool, device=device)
    for index in range(sampling.max_new_tokens):
        token = sample(model.logits(hidden), sampling, uniforms[index, active])
        output[active, index] = torch.where(done, -1, token)
        done |= token == eos_id
        left = int((~done).sum())
        if left == 0 or index == sampling.max_new_tokens - 1:
            break
        if left < COMPACT_BELOW * len(done):
            keep = (~done).nonzero().squeeze(-1)
            cache.select(keep)
            active, token, start, done = (t[keep] for t in (active, token, start, done))
        hidden = model.hidden(token[:, None], start, cache)[:, -1]
    return [[t for t in row if t >= 0] for row in output.tolist()]


def scores_of(logits: Tensor, responses: Tensor, temperature: float, entropy: bool) -> tuple[Tensor, Tensor | None]:
    """`Model.scores` from logits (B, R, V) and the tokens (B, R)."""
    log_probs = (logits.float() / temperature).log_softmax(dim=-1)
    log_prob = log_probs.gather(-1, responses[..., None]).squeeze(-1)
    return log_prob, -(log_probs.exp() * log_probs).sum(dim=-1) if entropy else None


def seen_from(start: Tensor, length: int, count: int) -> tuple[Tensor, Tensor]:
    """What `hidden` means for columns length to length + count - 1 of rows that begin at `start` (B,).

    Rotary positions (B, T), and mask (B, 1, T, S) bool: which of the S = length + count columns each of them sees.
    """
    columns = torch.arange(length + count, device=start.device)
    new = columns[length:]
    own = (columns <= new[:, None]) & (columns >= start[:, None, None])
    # A padding query sees itself, or softmax over nothing would give NaN.
    return (new - start[:, None]).clamp(min=0), (own | (columns == new[:, None]))[:, None]


def sample(logits: Tensor, sampling: Sampling, uniform: Tensor) -> Tensor:
    """One token per row (B,) by inversion of the cumulative distribution. logits (B, V); uniform (B,) in [0, 1)."""
    logits = logits.float() / sampling.temperature
    if sampling.top_k:
        smallest = logits.topk(min(sampling.top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < smallest, -torch.inf)
    probabilities = logits.softmax(dim=-1)
    if sampling.top_p < 1:
        probabilities = nucleus(probabilities, sampling.top_p)
    cumulative = probabilities.double().cumsum(dim=-1)
    # Scaling by the last value keeps rounding from choosing a token of probability zero past the end.
    threshold = uniform.double()[:, None] * cumulative[:, -1:]
    return (cumulative <= threshold).sum(dim=-1).clamp(max=logits.shape[-1] - 1)


def nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """Zero outside the smallest set of tokens whose probability reaches `top_p`; (B, V), not renormalised."""
    ordered, order = probabilities.sort(dim=-1, descending=True)
    outside = ordered.cumsum(dim=-1) - ordered >= top_p
    return torch.zeros_like(probabilities).scatter(-1, order, ordered.masked_fill(outside, 0.0))
