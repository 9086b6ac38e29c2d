"""Tokens in one line without padding, and which of them each sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.core.types import IntArray
from harness.torch_backend.fused.kernels import kernel
from harness.torch_backend.rollouts import Rollouts


@dataclass(frozen=True)
class Tokens:
    """N tokens to compute; ids, position (N,), int64.

    slot (N,): the row of the M rows of keys and values where a token's go. seen (N, 4): first and end of the two ranges
    of these rows that a token attends to: its prompt's, and its own response's up to itself (for a token of a prompt,
    none and the prompt up to itself). most_seen: the most that one sees. first: the token from which on the last
    layer's result is wanted, T = N - first of them.
    """

    ids: IntArray
    position: IntArray
    slot: IntArray
    seen: IntArray
    most_seen: int
    first: int


def packed(rollouts: Rollouts) -> tuple[Tokens, IntArray]:
    """Each prompt but its last token, then for each response that last token and the response but its last.

    Result wanted of the latter: they predict the response tokens. Where these stand in the flattened (B, R): (T,).
    """
    prompt_length, response_length = rollouts.prompt_length.numpy(), rollouts.response_length.numpy()
    first = int(prompt_length.sum()) - len(prompt_length)
    count = first + int(response_length.sum())
    ids, position, seen = np.empty(count, np.int64), np.empty(count, np.int64), np.zeros((count, 4), np.int64)
    target = np.empty(count - first, np.int64)
    most_seen = _fill(
        rollouts.prompts.numpy(), prompt_length, rollouts.prompt_of.numpy(),
        rollouts.responses.numpy(), response_length, ids, position, seen, target,
    )  # fmt: skip
    return Tokens(ids, position, np.arange(count), seen, int(most_seen), first), target


@kernel
def _fill(
    prompts: Any, prompt_length: Any, prompt_of: Any, responses: Any, response_length: Any,
    ids: Any, position: Any, seen: Any, target: Any,
) -> Any:  # fmt: skip
    first = np.zeros(len(prompts) + 1, np.int64)  # of each prompt's tokens
    token = 0
    for u in range(len(prompts)):
        for p in range(prompt_length[u] - 1):
            ids[token], position[token] = prompts[u, p], p
            seen[token, 2], seen[token, 3] = first[u], token + 1
            token += 1
        first[u + 1] = token
    prompt_tokens, most = token, prompt_length.max() - 1
    for b in range(len(responses)):
        u, start = prompt_of[b], token
        for r in range(response_length[b]):
            ids[token] = responses[b, r - 1] if r else prompts[u, prompt_length[u] - 1]
            position[token] = prompt_length[u] - 1 + r
            seen[token, 0], seen[token, 1] = first[u], first[u + 1]
            seen[token, 2], seen[token, 3] = start, token + 1
            target[token - prompt_tokens] = b * responses.shape[1] + r
            token += 1
        most = max(most, prompt_length[u] - 1 + response_length[b])
    return most
