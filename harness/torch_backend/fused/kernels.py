"""What happens between the matrix products of a decoder layer, forward and backward, each as one loop over tokens.

Arrays are C-contiguous float32, indices int64. N tokens, D hidden, H query heads, K key/value heads, E head size,
S the most keys that a token sees. A backward kernel is named after its forward; `d_x` is the gradient of x. The first
call of each compiles it (seconds). Numba keeps the result beside this file, as Python does with its own; where that is
not wanted (PYTHONDONTWRITEBYTECODE: a snapshot stays what it is) in the user's cache folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

if sys.dont_write_bytecode and not os.environ.get("NUMBA_CACHE_DIR"):
    with suppress(RuntimeError):  # no home
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "entrocraft" / "numba"
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled: sums may be reordered, to use vector instructions; NaN and infinity keep their meaning."""
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder that could keep it is writable: each process compiles for itself
        compiled = numba.njit(**options)(function)
    return cast(Callable[..., Any], compiled)


@kernel
def _exp(x: Any) -> Any:
    """exp of a float32 to 2 units in the last place, bounded at its range; Cephes' expf (a polynomial after reduction).

    The library's is a call, which keeps a loop from using vector instructions.
    """
    low, high = np.float32(-87.3), np.float32(88.3)
    x = low if x < low else (high if x > high else x)  # in this form NaN stays NaN
    power = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    rest = x - power * np.float32(0.693359375) + power * np.float32(2.12194440e-4)
    value = np.float32(1.9875691500e-4)
    value = value * rest + np.float32(1.3981999507e-3)
    value = value * rest + np.float32(8.3334519073e-3)
    value = value * rest + np.float32(4.1665795894e-2)
    value = value * rest + np.float32(1.6666665459e-1)
    value = value * rest + np.float32(5.0000001201e-1)
    value = value * rest * rest + rest + np.float32(1)
    return value * np.int32((np.int32(power) + np.int32(127)) << np.int32(23)).view(np.float32)


@kernel
def rms_norm(x: Any, weight: Any, eps: Any, out: Any, scale: Any) -> None:
    """out (N, D) = x * scale * weight, where scale (N,) = 1 / sqrt(mean of x^2 + eps)."""
    part = np.float32(1 / x.shape[1])
    for i in range(len(x)):
        square = np.float32(0)
        for j in range(x.shape[1]):
            square += x[i, j] * x[i, j]
        scale[i] = np.float32(1) / np.sqrt(square * part + eps)
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] * scale[i] * weight[j]


@kernel
def rms_norm_backward(d_out: Any, x: Any, weight: Any, scale: Any, d_x: Any, d_weight: Any) -> None:
    """Adds to d_x (N, D), which already holds the gradient of the residual path, and to d_weight (D,)."""
    part = np.float32(1 / x.shape[1])
    for i in range(len(x)):
        along = np.float32(0)
        for j in range(x.shape[1]):
            along += d_out[i, j] * weight[j] * x[i, j]
        along *= part * scale[i] * scale[i]
        for j in range(x.shape[1]):
            d_x[i, j] += scale[i] * (d_out[i, j] * weight[j] - x[i, j] * along)
            d_weight[j] += d_out[i, j] * x[i, j] * scale[i]


@kernel
def heads(
    qkv: Any, q_norm: Any, k_norm: Any, eps: Any, cos: Any, sin: Any, slot: Any, q: Any, kv: Any, scale: Any
) -> None:
    """Normalises and turns the query and key heads of qkv (N, H + 2K, E).

    Queries go to q (N, H, E); keys and values to the rows slot (N,) of kv (M, 2K, E). cos, sin (N, E/2): the angle of
    each pair of neighbouring components. scale (N, H + K), for the backward pass.
    """
    queries, keys, size = q.shape[1], kv.shape[1] // 2, q.shape[2]
    part = np.float32(1 / size)
    for i in range(len(qkv)):
        own, turned_cos, turned_sin = kv[slot[i]], cos[i], sin[i]
        for h in range(queries + keys):
            weight = q_norm if h < queries else k_norm
            given, out = qkv[i, h], q[i, h] if h < queries else own[h - queries]
            square = np.float32(0)
            for e in range(size):
                square += given[e] * given[e]
            factor = np.float32(1) / np.sqrt(square * part + eps)
            scale[i, h] = factor
            for e in range(size // 2):
                even, odd = given[2 * e] * weight[2 * e], given[2 * e + 1] * weight[2 * e + 1]
                out[2 * e] = factor * (even * turned_cos[e] - odd * turned_sin[e])
                out[2 * e + 1] = factor * (even * turned_sin[e] + odd * turned_cos[e])
        for h in range(keys):
            given, out = qkv[i, queries + keys + h], own[keys + h]
            for e in range(size):
                out[e] = given[e]


@kernel
def heads_backward(
    d_q: Any, d_kv: Any, qkv: Any, q_norm: Any, k_norm: Any, cos: Any, sin: Any, scale: Any,
    d_qkv: Any, d_q_norm: Any, d_k_norm: Any,
) -> None:  # fmt: skip
    """Writes d_qkv (N, H + 2K, E), adds to d_q_norm and d_k_norm (E,). The last of the N tokens have queries d_q."""
    queries, keys, size = d_q.shape[1], d_kv.shape[1] // 2, d_q.shape[2]
    part, first = np.float32(1 / size), len(qkv) - len(d_q)
    turned = np.empty(size, np.float32)
    for i in range(len(qkv)):
        turned_cos, turned_sin = cos[i], sin[i]
        for h in range(queries + keys):
            given, d_given = qkv[i, h], d_qkv[i, h]
            if h < queries and i < first:
                for e in range(size):
                    d_given[e] = 0
                continue
            weight, d_weight = (q_norm, d_q_norm) if h < queries else (k_norm, d_k_norm)
            d_out = d_q[i - first, h] if h < queries else d_kv[i, h - queries]
            for e in range(size // 2):
                turned[2 * e] = d_out[2 * e] * turned_cos[e] + d_out[2 * e + 1] * turned_sin[e]
                turned[2 * e + 1] = d_out[2 * e + 1] * turned_cos[e] - d_out[2 * e] * turned_sin[e]
            along, factor = np.float32(0), scale[i, h]
            for e in range(size):
                along += turned[e] * weight[e] * given[e]
            along *= part * factor * factor
            for e in range(size):
                d_given[e] = factor * (turned[e] * weight[e] - given[e] * along)
            for e in range(size):
                d_weight[e] += turned[e] * given[e] * factor
        for h in range(keys):
            given, out = d_kv[i, keys + h], d_qkv[i, queries + keys + h]
            for e in range(size):
                out[e] = given[e]


@kernel
def attend(q: Any, kv: Any, seen: Any, out: Any, weights: Any) -> None:
    """Softmax attention of q (N, H, E) to the rows of kv (M, 2K, E) that each token sees; out (N, H, E).

    seen (N, 4): two ranges of rows, first and end of the prompt's and of the token's own response. weights (N, H, S):
    the softmax, for the backward pass.
    """
    queries, keys, size = q.shape[1], kv.shape[1] // 2, q.shape[2]
    shrink = np.float32(1 / np.sqrt(size))
    for i in range(len(q)):
        shared, first, second = seen[i, 1] - seen[i, 0], seen[i, 0], seen[i, 2]
        count = shared + seen[i, 3] - second
        for h in range(queries):
            key = h * keys // queries
            query, weight, mean = q[i, h], weights[i, h], out[i, h]
            most, total = np.float32(-np.inf), np.float32(0)
            for a in range(count):
                k = kv[first + a if a < shared else second + a - shared, key]
                score = np.float32(0)
                for e in range(size):
                    score += query[e] * k[e]
                weight[a] = score * shrink
                most = max(most, weight[a])
            for a in range(count):
                weight[a] = _exp(weight[a] - most)
            for a in range(count):
                total += weight[a]
            total = np.float32(1) / total
            for e in range(size):
                mean[e] = 0
            for a in range(count):
                v = kv[first + a if a < shared else second + a - shared, keys + key]
                weight[a] *= total
                share = weight[a]
                for e in range(size):
                    mean[e] += share * v[e]


@kernel
def attend_backward(d_out: Any, q: Any, kv: Any, seen: Any, weights: Any, d_q: Any, d_kv: Any) -> None:
    """Writes d_q (N, H, E), adds to d_kv (M, 2K, E)."""
    queries, keys, size = q.shape[1], kv.shape[1] // 2, q.shape[2]
    shrink = np.float32(1 / np.sqrt(size))
    d_weight = np.empty(weights.shape[2], np.float32)
    for i in range(len(q)):
        shared, first, second = seen[i, 1] - seen[i, 0], seen[i, 0], seen[i, 2]
        count = shared + seen[i, 3] - second
        for h in range(queries):
            key = h * keys // queries
            query, weight, d_mean, d_query = q[i, h], weights[i, h], d_out[i, h], d_q[i, h]
            mean = np.float32(0)
            for a in range(count):
                v = kv[first + a if a < shared else second + a - shared, keys + key]
                along = np.float32(0)
                for e in range(size):
                    along += d_mean[e] * v[e]
                d_weight[a] = along
                mean += weight[a] * along
            for e in range(size):
                d_query[e] = 0
            for a in range(count):
                row = first + a if a < shared else second + a - shared
                k, d_k, d_v = kv[row, key], d_kv[row, key], d_kv[row, keys + key]
                share, d_score = weight[a], weight[a] * (d_weight[a] - mean) * shrink
                for e in range(size):
                    d_query[e] += d_score * k[e]
                for e in range(size):
                    d_k[e] += d_score * query[e]
                for e in range(size):
                    d_v[e] += share * d_mean[e]


@kernel
def gate(x: Any, up: Any, sigmoid: Any, out: Any) -> None:
    """out (N, I) = silu(x) * up; the sigmoid of x is for the backward pass."""
    one = np.float32(1)
    for i in range(len(x)):
        for j in range(x.shape[1]):
            sigmoid[i, j] = one / (one + _exp(-x[i, j]))
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] * sigmoid[i, j] * up[i, j]


@kernel
def gate_backward(d_out: Any, x: Any, sigmoid: Any, up: Any, d_x: Any, d_up: Any) -> None:
    one = np.float32(1)
    for i in range(len(x)):
        for j in range(x.shape[1]):
            value, s = x[i, j], sigmoid[i, j]
            d_x[i, j] = d_out[i, j] * up[i, j] * s * (one + value * (one - s))
            d_up[i, j] = d_out[i, j] * value * s


@kernel
def embedding_backward(d_out: Any, ids: Any, d_table: Any) -> None:
    """Adds the rows of d_out (N, D) to those rows of d_table (V, D) that they were taken from."""
    for i in range(len(ids)):
        for j in range(d_out.shape[1]):
            d_table[ids[i], j] += d_out[i, j]


@kernel
def score(logits: Any, token: Any, temperature: Any, log_prob: Any, entropy: Any) -> None:
    """Turns logits (T, V) into log-probabilities at a temperature; that of token (T,) and the entropy, (T,), nats."""
    for i in range(len(logits)):
        line = logits[i]
        most, total, mean = np.float32(-np.inf), np.float32(0), np.float32(0)
        for v in range(len(line)):
            line[v] /= temperature
            most = max(most, line[v])
        for v in range(len(line)):
            line[v] -= most
            share = _exp(line[v])
            total += share
            mean += share * line[v]
        rest = np.log(total)
        for v in range(len(line)):
            line[v] -= rest
        log_prob[i] = line[token[i]]
        entropy[i] = rest - mean / total


@kernel
def score_backward(
    d_log_prob: Any, d_entropy: Any, log_probs: Any, token: Any, temperature: Any, entropy: Any, d_logits: Any
) -> None:
    """Writes d_logits (T, V); log_probs (T, V) and entropy (T,) are what `score` has made."""
    for i in range(len(log_probs)):
        line, out = log_probs[i], d_logits[i]
        along, across, own = d_log_prob[i] / temperature, d_entropy[i] / temperature, entropy[i]
        for v in range(len(line)):
            out[v] = -_exp(line[v]) * (along + across * (line[v] + own))
        out[token[i]] += along
