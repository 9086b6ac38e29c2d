"""Forward and backward of a Qwen3 over packed tokens: matrix products of NumPy with a kernel between two of them.

Shapes as in `kernels` and `tokens`. A step back is written in the
order of the step forward, from its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from harness.core.types import IntArray
from harness.torch_backend.fused.arena import Arena
from harness.torch_backend.fused.kernels import (
    Array,
    attend,
    attend_backward,
    embedding_backward,
    gate,
    gate_backward,
    heads,
    heads_backward,
    rms_norm,
    rms_norm_backward,
    score,
    score_backward,
)
from harness.torch_backend.fused.tokens import Tokens
from harness.torch_backend.qwen3_shape import Qwen3Shape


@dataclass(frozen=True)
class Layer:
    """Weights of a layer, or their gradients; named as in `qwen3.Layer`."""

    input_norm: Array
    qkv_proj: Array
    q_norm: Array
    k_norm: Array
    o_proj: Array
    post_norm: Array
    gate_proj: Array
    up_proj: Array
    down_proj: Array


LAYER = tuple(field.name for field in fields(Layer))
"""The order of a layer's weights."""


@dataclass(frozen=True)
class LayerPass:
    """What a layer's backward pass needs of its forward pass. In the last layer, T tokens from `weights` on."""

    x: Array  # (N, D)
    x_scale: Array  # (N,)
    normed: Array  # (N, D)
    qkv: Array  # (N, H + 2K, E)
    head_scale: Array  # (N, H + K)
    q: Array  # (N, H, E)
    kv: Array  # (N, 2K, E)
    weights: Array  # (N, H, S)
    attended: Array  # (N, H * E)
    middle: Array  # (N, D)
    middle_scale: Array  # (N,)
    middle_normed: Array  # (N, D)
    gate: Array  # (N, I)
    sigmoid: Array  # (N, I)
    up: Array  # (N, I)
    product: Array  # (N, I)


class Network:
    """One forward pass and, if it is kept, its backward pass. Their arrays live in the arena."""

    def __init__(
        self, shape: Qwen3Shape, tokens: Tokens, parameters: Sequence[Array], arena: Arena, keep: bool
    ) -> None:
        """`parameters`: embedding (V, D), last norm (D,), `LAYER` of each layer, and the head (V, D) if it is not the
        embedding; float32, C-contiguous."""
        self.shape, self.tokens, self.parameters, self.arena, self.keep = shape, tokens, parameters, arena, keep
        self.epsilon = np.float32(shape.rms_norm_eps)
        self.cos, self.sin = turns(shape, tokens.position)
        self.head = 0 if shape.tie_word_embeddings else len(parameters) - 1
        self.passes: list[LayerPass] = []

    def forward(self, cache: Array | None = None) -> Array:
        """(T, D) final hidden states. cache (L, M, 2K, E): earlier keys and values of each layer, which are added to;
        without one all that is seen is among the tokens."""
        x = self.arena.empty(len(self.tokens.ids), self.shape.hidden_size)
        np.take(self.parameters[0], self.tokens.ids, axis=0, out=x)
        for index, layer in enumerate(self._layers(self.parameters)):
            first = self._first(index)
            out = self.arena.empty(len(x) - first, self.shape.hidden_size)
            mark = self.arena.mark()
            done = self._layer(x, layer, first, out, None if cache is None else cache[index])
            if self.keep:
                self.passes.append(done)
            else:
                self.arena.release(mark)
            x = out
        self.last = x
        out, self.last_scale = self._norm(x, self.parameters[1])
        return out

    def scores(self, token: IntArray, temperature: float) -> tuple[Array, Array]:
        """Of each result its token's log-probability at a temperature, and the entropy: (T,), nats."""
        self.out, self.token, self.temperature = self.forward(), token, np.float32(temperature)
        self.log_probs = self._dot(self.out, self.parameters[self.head].T)
        log_prob, self.entropy = self.arena.empty(len(token)), self.arena.empty(len(token))
        score(self.log_probs, token, self.temperature, log_prob, self.entropy)
        return log_prob, self.entropy

    def backward(self, d_log_prob: Array, d_entropy: Array) -> list[Array]:
        """The gradients of the parameters, in their order and not of the arena, from those of `scores`' results."""
        gradients, mark = _zeros_like(self.parameters), self.arena.mark()
        d_logits = self.arena.empty(*self.log_probs.shape)
        score_backward(d_log_prob, d_entropy, self.log_probs, self.token, self.temperature, self.entropy, d_logits)
        np.dot(d_logits.T, self.out, out=gradients[self.head])
        d_x = self.arena.zeros(len(self.tokens.ids), self.shape.hidden_size)
        d_last = d_x[len(d_x) - len(d_logits) :]
        d_out = self._dot(d_logits, self.parameters[self.head])
        rms_norm_backward(d_out, self.last, self.parameters[1], self.last_scale, d_last, gradients[1])
        layers, d_layers = self._layers(self.parameters), self._layers(gradients)
        for index in reversed(range(len(layers))):
            scratch = self.arena.mark()
            self._layer_backward(d_x, layers[index], d_layers[index], self._first(index), self.passes[index])
            self.arena.release(scratch)
        embedding_backward(d_x, self.tokens.ids, gradients[0])
        self.arena.release(mark)
        return gradients

    def _layers(self, parameters: Sequence[Array]) -> list[Layer]:
        ends = range(2, 2 + self.shape.num_hidden_layers * len(LAYER), len(LAYER))
        return [Layer(*parameters[first : first + len(LAYER)]) for first in ends]

    def _first(self, index: int) -> int:
        """The first token that a layer is computed for; of the last layer prompts give keys and values only."""
        return self.tokens.first if index == self.shape.num_hidden_layers - 1 else 0

    def _norm(self, x: Array, weight: Array) -> tuple[Array, Array]:
        out, scale = self.arena.empty(*x.shape), self.arena.empty(len(x))
        rms_norm(x, weight, self.epsilon, out, scale)
        return out, scale

    def _dot(self, a: Array, b: Array) -> Array:
        return np.dot(a, b, out=self.arena.empty(len(a), b.shape[1]))

    def _layer(self, x: Array, w: Layer, first: int, out: Array, kv: Array | None) -> LayerPass:
        """Fills `out` (N - first, D)."""
        queries, keys, size = self.shape.num_attention_heads, self.shape.num_key_value_heads, self.shape.head_dim
        tokens, empty = len(x), self.arena.empty
        normed, x_scale = self._norm(x, w.input_norm)
        qkv = self._dot(normed, w.qkv_proj.T).reshape(tokens, -1, size)
        kv = empty(tokens, 2 * keys, size) if kv is None else kv
        q, head_scale = empty(tokens, queries, size), empty(tokens, queries + keys)
        heads(qkv, w.q_norm, w.k_norm, self.epsilon, self.cos, self.sin, self.tokens.slot, q, kv, head_scale)
        attended = empty(tokens - first, queries, size)
        weights = empty(tokens - first, queries, self.tokens.most_seen)
        attend(q[first:], kv, self.tokens.seen[first:], attended, weights)
        attended = attended.reshape(tokens - first, -1)

        middle = self._dot(attended, w.o_proj.T)
        middle += x[first:]
        middle_normed, middle_scale = self._norm(middle, w.post_norm)
        gated, up = self._dot(middle_normed, w.gate_proj.T), self._dot(middle_normed, w.up_proj.T)
        sigmoid, product = empty(*gated.shape), empty(*gated.shape)
        gate(gated, up, sigmoid, product)
        np.dot(product, w.down_proj.T, out=out)
        out += middle
        return LayerPass(
            x, x_scale, normed, qkv, head_scale, q, kv, weights, attended,
            middle, middle_scale, middle_normed, gated, sigmoid, up, product,
        )  # fmt: skip

    def _layer_backward(self, d_x: Array, w: Layer, d_w: Layer, first: int, done: LayerPass) -> None:
        """Turns the gradient d_x (N, D) of the layer's output into that of its input; fills d_w."""
        empty, d_own = self.arena.empty, d_x[first:]
        np.dot(d_own.T, done.product, out=d_w.down_proj)
        d_gate, d_up = empty(*done.gate.shape), empty(*done.gate.shape)
        gate_backward(self._dot(d_own, w.down_proj), done.gate, done.sigmoid, done.up, d_gate, d_up)
        np.dot(d_gate.T, done.middle_normed, out=d_w.gate_proj)
        np.dot(d_up.T, done.middle_normed, out=d_w.up_proj)
        d_normed = self._dot(d_gate, w.gate_proj)
        d_normed += self._dot(d_up, w.up_proj)
        rms_norm_backward(d_normed, done.middle, w.post_norm, done.middle_scale, d_own, d_w.post_norm)

        np.dot(d_own.T, done.attended, out=d_w.o_proj)
        d_attended = self._dot(d_own, w.o_proj).reshape(done.q[first:].shape)
        d_q, d_kv, d_qkv = empty(*d_attended.shape), self.arena.zeros(*done.kv.shape), empty(*done.qkv.shape)
        attend_backward(d_attended, done.q[first:], done.kv, self.tokens.seen[first:], done.weights, d_q, d_kv)
        heads_backward(
            d_q, d_kv, done.qkv, w.q_norm, w.k_norm, self.cos, self.sin, done.head_scale, d_qkv, d_w.q_norm, d_w.k_norm
        )
        d_qkv = d_qkv.reshape(len(d_qkv), -1)
        np.dot(d_qkv.T, done.normed, out=d_w.qkv_proj)
        rms_norm_backward(self._dot(d_qkv, w.qkv_proj), done.x, w.input_norm, done.x_scale, d_x, d_w.input_norm)


def turns(shape: Qwen3Shape, position: IntArray) -> tuple[Array, Array]:
    """Cosine and sine (N, E/2) of the rotary angles at positions (N,), float32."""
    frequency = shape.rope_theta ** (-np.arange(0, shape.head_dim, 2, dtype=np.float32) / np.float32(shape.head_dim))
    angle = position[:, None].astype(np.float32) * frequency
    return np.cos(angle), np.sin(angle)


def _zeros_like(arrays: Sequence[Array]) -> list[Array]:
    """Pieces of one block of memory."""
    block, pieces, first = np.zeros(sum(array.size for array in arrays), np.float32), [], 0
    for array in arrays:
        pieces.append(block[first : first + array.size].reshape(array.shape))
        first += array.size
    return pieces
