"""`Network` as an operation of autograd on rollouts."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from harness.core.types import IntArray
from harness.torch_backend.fused.arena import Arena
from harness.torch_backend.fused.network import Network
from harness.torch_backend.fused.tokens import packed
from harness.torch_backend.qwen3_shape import Qwen3Shape
from harness.torch_backend.rollouts import Rollouts

_ARENAS: list[Arena] = []
"""Those that no pass is using."""


def scores(
    shape: Qwen3Shape, rollouts: Rollouts, parameters: Sequence[Tensor], temperature: float
) -> tuple[Tensor, Tensor]:
    """Log-probabilities of the response tokens and entropies over the vocabulary, (B, R), nats, zero at padding.

    `parameters` as `Network` takes them, on the CPU. Differentiable, but not twice.
    """
    if torch.is_grad_enabled():
        log_prob, entropy = _Scores.apply(shape, rollouts, temperature, *parameters)
        return log_prob, entropy
    return _forward(shape, rollouts, temperature, parameters, keep=False)[:2]


class _Scores(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, shape: Qwen3Shape, rollouts: Rollouts, temperature: float, *parameters: Tensor
    ) -> tuple[Tensor, Tensor]:
        log_prob, entropy, ctx.network, ctx.target = _forward(shape, rollouts, temperature, parameters, keep=True)
        ctx.save_for_backward(*parameters)
        return log_prob, entropy

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_log_prob: Tensor, d_entropy: Tensor) -> Any:
        _ = ctx.saved_tensors  # refuses weights that have changed since the forward pass
        gradients = ctx.network.backward(
            d_log_prob.flatten().numpy()[ctx.target], d_entropy.flatten().numpy()[ctx.target]
        )
        return None, None, None, *map(torch.from_numpy, gradients)


def _forward(
    shape: Qwen3Shape, rollouts: Rollouts, temperature: float, parameters: Sequence[Tensor], keep: bool
) -> tuple[Tensor, Tensor, Network, IntArray]:
    arena = _ARENAS.pop() if _ARENAS else Arena()
    arena.reset()
    tokens, target = packed(rollouts)
    network = Network(shape, tokens, [parameter.detach().numpy() for parameter in parameters], arena, keep)
    weakref.finalize(network, _ARENAS.append, arena).atexit = False  # the graph may be used until it is gone
    log_prob, entropy = torch.zeros(rollouts.responses.shape), torch.zeros(rollouts.responses.shape)
    sampled = rollouts.responses.numpy().reshape(-1)[target]
    log_prob.view(-1).numpy()[target], entropy.view(-1).numpy()[target] = network.scores(sampled, temperature)
    return log_prob, entropy, network, target
