"""The output-space baseline of responses under a policy, and what one update on one response does to the entropy.

Logits are made for some positions at a time, so that memory is bounded for any vocabulary; they are worked on in
float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from harness.core.output_space import TokenBaselines, positions_at_once, token_baselines
from harness.errors import ConfigError, InputError
from harness.torch_backend.generate import Model
from harness.torch_backend.policy import Policy
from harness.torch_backend.threads import set_threads

ROWS_AT_ONCE = 64
"""Responses whose hidden states are held at a time."""
STEPS = ("gradient", "adam")
"""How an update goes: along the gradient (the paper, Eq. 2), or as Adam's first step, along its signs."""


@dataclass(frozen=True)
class Asked:
    """A prompt and a response to it, token ids. The response may be empty."""

    prompt: list[int]
    response: list[int]


@dataclass(frozen=True)
class Change:
    """Change of entropy by one update, nats per token: over the response's own positions, and over those of others.

    `others` is None where there are none.
    """

    own: float
    others: float | None


def load(folder: Path, device: str, threads: int) -> Policy:
    """The policy of a model folder on "cpu" or "cuda"; threads: of torch in this process.

    Raises:
        ConfigError: a device that is not there, or no model.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "--device must be a device of this machine", "'cuda', and torch finds none", "Give --device cpu."
        )
    set_threads(threads)
    return Policy.load(folder, torch.device(device))


def baselines(policy: Policy, asked: Asked, temperature: float) -> TokenBaselines | None:
    """Of the tokens of a response; None for an empty one.

    Raises:
        InputError: what `token_baselines` refuses.
    """
    parts = [
        token_baselines(logits.cpu().numpy(), tokens.cpu().numpy(), temperature)
        for _, logits, tokens in _positions(policy, [asked])
    ]
    return TokenBaselines.joined(parts) if parts else None


def entropies(policy: Policy, asked: Sequence[Asked], temperature: float) -> list[float]:
    """The sum of the entropies at the positions of each response, nats; 0 for an empty one."""
    sums = torch.zeros(len(asked), dtype=torch.float64)
    for rows, logits, _ in _positions(policy, asked):
        log_probs = (logits.double() / temperature).log_softmax(dim=-1)
        sums.index_add_(0, rows, -(log_probs.exp() * log_probs).sum(dim=-1).cpu())
    return [float(value) for value in sums]


def changes(
    policy: Policy, asked: Asked, others: Sequence[Asked], temperature: float, lr: float, step: str = STEPS[0]
) -> dict[int, Change]:
    """What one update on this response alone does to the entropy, by the sign of its advantage: +1 and -1.

    The update adds lr times the advantage times the gradient of the mean log-probability of its tokens (or the signs
    of that gradient: step "adam") to the weights, which are put back afterwards.

    Raises:
        InputError: an empty response, or no such step.
    """
    if not asked.response:
        raise InputError("an update needs a response with tokens", "an empty one", "Leave it out.")
    if step not in STEPS:
        raise InputError(f"a step must be one of {', '.join(STEPS)}", repr(step), "Choose one of them.")
    parameters = [each for each in policy.model.parameters() if each.requires_grad]
    score = policy.score(policy.rollouts([asked.prompt], [asked.response]), temperature, False)
    direction = torch.autograd.grad(score.log_prob.mean(), parameters)
    if step == "adam":
        direction = tuple(each.sign() for each in direction)
    together = [asked, *others]
    before = entropies(policy, together, temperature)
    kept = [each.detach().clone() for each in parameters]
    found = {}
    try:
        for advantage in (1, -1):
            with torch.no_grad():
                for parameter, old, along in zip(parameters, kept, direction, strict=True):
                    parameter.copy_(old + lr * advantage * along)
            found[advantage] = _change(together, before, entropies(policy, together, temperature))
    finally:
        with torch.no_grad():
            for parameter, old in zip(parameters, kept, strict=True):
                parameter.copy_(old)
    return found


def _change(asked: Sequence[Asked], before: list[float], after: list[float]) -> Change:
    tokens = sum(len(each.response) for each in asked[1:])
    own = (after[0] - before[0]) / len(asked[0].response)
    return Change(own, (sum(after[1:]) - sum(before[1:])) / tokens if tokens else None)


@torch.no_grad()
def _positions(policy: Policy, asked: Sequence[Asked]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(which response (R,), logits (R, V), sampled tokens (R,)) of some positions at a time, in order."""
    model: Model = policy.model  # type: ignore[assignment]
    answered = [row for row, each in enumerate(asked) if each.response]
    for first in range(0, len(answered), ROWS_AT_ONCE):
        some = answered[first : first + ROWS_AT_ONCE]
        rollouts = policy.rollouts([asked[row].prompt for row in some], [asked[row].response for row in some])
        mask = rollouts.mask
        hidden = model.response_hidden(rollouts)[mask]
        tokens = rollouts.responses[mask]
        rows = torch.tensor(some).repeat_interleave(rollouts.response_length.cpu())
        vocabulary = model.logits(hidden[:1]).shape[-1]
        for piece in torch.arange(len(tokens)).split(positions_at_once(vocabulary)):
            yield rows[piece], model.logits(hidden[piece.to(hidden.device)]).float(), tokens[piece.to(tokens.device)]
