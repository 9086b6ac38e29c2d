"""RMS normalisation with its own backward pass: torch's is assembled from small operations on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _RMSNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        scale = norm.square_().mul_(1 / x.shape[-1]).add_(eps).rsqrt_()
        normalised = x * scale
        ctx.save_for_backward(normalised, scale, weight)
        return normalised * weight

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, Tensor, None]:
        (grad,) = grads
        normalised, scale, weight = ctx.saved_tensors
        product = grad * normalised
        along = (product * weight).sum(dim=-1, keepdim=True)
        grad_x = torch.addcmul(grad * weight, normalised, along, value=-1 / normalised.shape[-1]).mul_(scale)
        return grad_x, product.sum(dim=0), None


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """x / sqrt(mean of x^2 over the last dimension + eps) * weight; x (N, ...), weight x.shape[1:], float32.

    Tests compare it and its gradients with `torch.nn.functional.rms_norm`.
    """
    result: Tensor = _RMSNorm.apply(x, weight, eps)
    return result
