"""A lean Qwen3 forward pass with the weights of a Hugging Face folder.

transformers' module spends most of a tiny model's time in Python and in small kernels. This one fuses q, k, v and
gate, up into one matrix product each, keeps right-padded rows so that causal attention needs no mask, and computes
logits at response positions only. It is the same function: tests compare logits, gradients and saved weights with
`transformers.Qwen3ForCausalLM`, from which the layout follows (transformers/models/qwen3/modeling_qwen3.py).

Shapes: B rows, T positions, D hidden, H query heads, K key/value heads, E head size, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness.errors import ConfigError


@dataclass(frozen=True)
class Qwen3Shape:
    """The fields of config.json that decide the computation."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rms_norm_eps: float
    rope_theta: float
    tie_word_embeddings: bool

    @classmethod
    def from_config(cls, config: dict[str, object]) -> Qwen3Shape:
        """From the parsed config.json of a Hugging Face folder; anything this forward pass does not do is refused."""
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        unsupported = {
            "model_type": config.get("model_type") != "qwen3",
            "attention_bias": bool(config.get("attention_bias")),
            "use_sliding_window": bool(config.get("use_sliding_window")),
            "hidden_act": config.get("hidden_act", "silu") != "silu",
            "rope_parameters": isinstance(rope, dict) and rope.get("rope_type", "default") != "default",
        }
        if found := [key for key, bad in unsupported.items() if bad]:
            raise ConfigError(
                "a Qwen3 folder must be a plain one: no attention bias, sliding window or rope scaling",
                ", ".join(found),
                "Use a model without them.",
            )
        theta = config.get("rope_theta") or (rope.get("rope_theta") if isinstance(rope, dict) else None)
        values = {**config, "rope_theta": theta}
        return cls(**{name: values[name] for name in cls.__dataclass_fields__})  # type: ignore[arg-type]


class Layer(nn.Module):
    def __init__(self, shape: Qwen3Shape) -> None:
        super().__init__()
        heads = shape.num_attention_heads + 2 * shape.num_key_value_heads
        self.input_norm = nn.Parameter(torch.ones(shape.hidden_size))
        self.qkv = nn.Parameter(torch.empty(heads * shape.head_dim, shape.hidden_size))
        self.q_norm = nn.Parameter(torch.ones(shape.head_dim))
        self.k_norm = nn.Parameter(torch.ones(shape.head_dim))
        self.o = nn.Parameter(torch.empty(shape.hidden_size, shape.num_attention_heads * shape.head_dim))
        self.post_norm = nn.Parameter(torch.ones(shape.hidden_size))
        self.gate_up = nn.Parameter(torch.empty(2 * shape.intermediate_size, shape.hidden_size))
        self.down = nn.Parameter(torch.empty(shape.hidden_size, shape.intermediate_size))


class KVCache:
    """Keys and values of all layers for B rows, preallocated for `capacity` positions: (L, 2, B, K, capacity, E)."""

    def __init__(self, shape: Qwen3Shape, rows: int, capacity: int, device: torch.device) -> None:
        size = (shape.num_hidden_layers, 2, rows, shape.num_key_value_heads, capacity, shape.head_dim)
        self.data = torch.zeros(size, device=device)
        self.length = 0

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Store k, v (B, K, t, E) after the present length; returns all keys and values so far."""
        end = self.length + k.shape[2]
        self.data[layer, 0, :, :, self.length : end] = k
        self.data[layer, 1, :, :, self.length : end] = v
        return self.data[layer, 0, :, :, :end], self.data[layer, 1, :, :, :end]

    def select(self, rows: Tensor) -> None:
        """Keep (or repeat) the given rows (R,)."""
        self.data = self.data.index_select(2, rows)


class LeanQwen3(nn.Module):
    def __init__(self, shape: Qwen3Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Parameter(torch.empty(shape.vocab_size, shape.hidden_size))
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))
        self.norm = nn.Parameter(torch.ones(shape.hidden_size))
        self.head = None if shape.tie_word_embeddings else nn.Parameter(torch.empty_like(self.embed))
        frequencies = shape.rope_theta ** (-torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def new_cache(self, rows: int, capacity: int) -> KVCache:
        return KVCache(self.shape, rows, capacity, self.embed.device)

    def hidden(
        self, ids: Tensor, positions: Tensor | None = None, mask: Tensor | None = None, cache: KVCache | None = None
    ) -> Tensor:
        """Final hidden states (B, T, D) of `ids` (B, T).

        Without a cache rows are right-padded and attention is causal. With one, `positions` (B, T) are the rotary
        positions and `mask` (B, 1, T, S) says which of the S cached positions each query sees.
        """
        x = F.embedding(ids, self.embed)
        cos, sin = self._rotary(torch.arange(ids.shape[1], device=ids.device) if positions is None else positions)
        for index, layer in enumerate(self.layers):
            x = x + self._attention(index, layer, self._rms(x, layer.input_norm), cos, sin, mask, cache)
            gate, up = F.linear(self._rms(x, layer.post_norm), layer.gate_up).chunk(2, dim=-1)
            x = x + F.linear(F.silu(gate) * up, layer.down)
        if cache is not None:
            cache.length += ids.shape[1]
        return self._rms(x, self.norm)

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., D) -> (..., V)."""
        return F.linear(hidden, self.embed if self.head is None else self.head)

    def _rms(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, weight.shape, weight, self.shape.rms_norm_eps)

    def _rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        angles = positions[..., None].float() * self.frequencies  # (T, E/2) or (B, T, E/2)
        angles = torch.cat((angles, angles), dim=-1).unsqueeze(-3)  # heads broadcast
        return angles.cos(), angles.sin()

    def _attention(
        self,
        index: int,
        layer: Layer,
        x: Tensor,
        cos: Tensor,
        sin: Tensor,
        mask: Tensor | None,
        cache: KVCache | None,
    ) -> Tensor:
        shape, (rows, length, _) = self.shape, x.shape
        queries, keys = shape.num_attention_heads, shape.num_key_value_heads
        qkv = F.linear(x, layer.qkv).view(rows, length, queries + 2 * keys, shape.head_dim).transpose(1, 2)
        q, k, v = qkv.split((queries, keys, keys), dim=1)  # (B, H or K, T, E)
        q, k = self._rotate(self._rms(q, layer.q_norm), cos, sin), self._rotate(self._rms(k, layer.k_norm), cos, sin)
        if cache is not None:
            k, v = cache.append(index, k, v)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, enable_gqa=queries != keys)
        return F.linear(out.transpose(1, 2).reshape(rows, length, -1), layer.o)

    @staticmethod
    def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        half = x.shape[-1] // 2
        return x * cos + torch.cat((-x[..., half:], x[..., :half]), dim=-1) * sin
