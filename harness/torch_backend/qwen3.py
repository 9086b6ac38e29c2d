"""A lean Qwen3 with the weights of a Hugging Face folder: the same function as transformers', fewer operations.

transformers' module computes the prompt of a group once for each sibling, on padded rows, in many small kernels.
Here q, k, v are one matrix product; rotary embedding is one complex product (heads are stored with the two halves
of a head interleaved, see `hf_folder`); and `response_hidden` computes a shared prompt once and the last layer at
response positions only. Tests compare logits, gradients and saved weights with `transformers.Qwen3ForCausalLM`
(the layout: transformers/models/qwen3/modeling_qwen3.py). On one thread of a CPU `fused` does the same in fewer still.

Shapes: B rows, U prompts, N tokens, D hidden, H query heads, K key/value heads, E head size, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness.torch_backend.fused.decode import Cache
from harness.torch_backend.fused.network import LAYER
from harness.torch_backend.fused.scores import scores
from harness.torch_backend.generate import scores_of, seen_from
from harness.torch_backend.qwen3_shape import Qwen3Shape
from harness.torch_backend.rms_norm import rms_norm
from harness.torch_backend.rollouts import Rollouts


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


class Layer(nn.Module):
    """One decoder layer; its methods work on flat tokens, attention is between its `qkv` and `finish`."""

    def __init__(self, shape: Qwen3Shape) -> None:
        super().__init__()
        self.shape = shape
        self.heads = (shape.num_attention_heads, shape.num_key_value_heads)
        self.input_norm = nn.Parameter(torch.ones(shape.hidden_size))
        self.qkv_proj = nn.Parameter(
            torch.empty((self.heads[0] + 2 * self.heads[1]) * shape.head_dim, shape.hidden_size)
        )
        self.q_norm = nn.Parameter(torch.ones(shape.head_dim))
        self.k_norm = nn.Parameter(torch.ones(shape.head_dim))
        self.o_proj = nn.Parameter(torch.empty(shape.hidden_size, self.heads[0] * shape.head_dim))
        self.post_norm = nn.Parameter(torch.ones(shape.hidden_size))
        self.gate_proj = nn.Parameter(torch.empty(shape.intermediate_size, shape.hidden_size))
        self.up_proj = nn.Parameter(torch.empty(shape.intermediate_size, shape.hidden_size))
        self.down_proj = nn.Parameter(torch.empty(shape.hidden_size, shape.intermediate_size))

    def qkv(self, x: Tensor, turn: Tensor) -> tuple[Tensor, Tensor]:
        """Queries (N, H, E) and keys with values (N, 2K, E) of hidden states x (N, D); turn (N, 1, E/2) complex."""
        queries, keys = self.heads
        qkv = F.linear(self.norm(x, self.input_norm), self.qkv_proj).view(len(x), queries + 2 * keys, -1)
        qk, v = qkv.split((queries + keys, keys), dim=1)
        scale = torch.cat((self.q_norm.expand(queries, -1), self.k_norm.expand(keys, -1)))
        qk = rms_norm(qk, scale, self.shape.rms_norm_eps)
        qk = torch.view_as_real(torch.view_as_complex(qk.unflatten(-1, (-1, 2))) * turn).flatten(-2)
        return qk[:, :queries], torch.cat((qk[:, queries:], v), dim=1)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """The layer's output (N, D) from its input x (N, D) and the attention's (N, H*E)."""
        x = x + F.linear(attended, self.o_proj)
        y = self.norm(x, self.post_norm)
        return x + F.linear(F.silu(F.linear(y, self.gate_proj)) * F.linear(y, self.up_proj), self.down_proj)

    def norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return rms_norm(x, weight, self.shape.rms_norm_eps)


class LeanQwen3(nn.Module):
    def __init__(self, shape: Qwen3Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Parameter(torch.empty(shape.vocab_size, shape.hidden_size))
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))
        self.frequencies: Tensor
        self.norm = nn.Parameter(torch.ones(shape.hidden_size))
        self.head = None if shape.tie_word_embeddings else nn.Parameter(torch.empty_like(self.embed))
        frequencies = shape.rope_theta ** (-torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def _layers(self) -> list[Layer]:
        return [layer for layer in self.layers if isinstance(layer, Layer)]  # what ModuleList holds, typed

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., D) -> (..., V)."""
        return F.linear(hidden, self.embed if self.head is None else self.head)

    def new_cache(self, rows: int, capacity: int) -> KVCache | Cache:
        if self._fused():
            return Cache(self.shape, rows, capacity, self._weights())
        return KVCache(self.shape, rows, capacity, self.embed.device)

    def hidden(self, ids: Tensor, start: Tensor, cache: KVCache | Cache) -> Tensor:
        """Final hidden states (B, T, D) of the next columns ids (B, T), for generation.

        Columns count from the first of the cache; row b begins at column start[b], what is before it is padding.
        """
        if isinstance(cache, Cache):
            return cache.extend(ids, start)
        positions, mask = seen_from(start, cache.length, ids.shape[1])
        x, turn = F.embedding(ids.flatten(), self.embed), self._turn(positions.flatten())
        for index, layer in enumerate(self._layers()):
            q, kv = layer.qkv(x, turn)
            k, v = self._heads(kv, len(ids)).chunk(2, dim=1)
            k, v = cache.append(index, k, v)
            x = layer.finish(x, self._attend(self._heads(q, len(ids)), k, v, mask))
        cache.length += ids.shape[1]
        return self._final(x).view(*ids.shape, -1)

    def response_hidden(self, rollouts: Rollouts) -> Tensor:
        """Final hidden states (B, R, D) at the positions that predict the responses; differentiable.

        Two blocks of tokens: prompts without their last token (U, P-1), and for each row its prompt's last token
        followed by its response without its last (B, R). Rows attend to their prompt's keys and to their own.
        """
        shared = rollouts.prompt_length - 1  # (U,) tokens in the prompt block
        prompts, rows = rollouts.prompts[:, : int(shared.max())], len(rollouts)
        first = rollouts.last_prompt_token()[rollouts.prompt_of][:, None]
        own = torch.cat((first, rollouts.responses[:, :-1]), dim=1)
        columns = torch.arange(max(prompts.shape[1], own.shape[1]), device=own.device)
        start = shared[rollouts.prompt_of][:, None]
        positions = (columns[: prompts.shape[1]].expand_as(prompts), start + columns[: own.shape[1]])
        turn = self._turn(torch.cat([p.flatten() for p in positions]))
        bias = _response_bias(start, prompts.shape[1], own.shape[1])

        x = F.embedding(torch.cat((prompts.flatten(), own.flatten())), self.embed)
        split = prompts.numel()
        *inner, last = self._layers()
        for layer in inner:
            q, kv = layer.qkv(x, turn)
            attended = (
                self._prompt_attention(q[:split], kv[:split], len(prompts)),
                self._response_attention(q[split:], kv, split, rollouts.prompt_of, bias),
            )
            x = layer.finish(x, torch.cat(attended))
        q, kv = last.qkv(x, turn)  # prompts still give the last layer's keys and values, but nothing after that
        x = last.finish(x[split:], self._response_attention(q[split:], kv, split, rollouts.prompt_of, bias))
        return self._final(x).view(rows, own.shape[1], -1)

    def scores(self, rollouts: Rollouts, temperature: float, entropy: bool) -> tuple[Tensor, Tensor | None]:
        """Log-probabilities and entropies (B, R), see `generate.Model`; on one thread of a CPU by the fused kernels."""
        if self._fused():
            log_prob, entropies = scores(self.shape, rollouts, self._weights(), temperature)
            return log_prob, entropies if entropy else None
        return scores_of(self.logits(self.response_hidden(rollouts)), rollouts.responses, temperature, entropy)

    def _fused(self) -> bool:
        """Whether the fused kernels can do it, and are faster: they run on one thread."""
        return self.embed.device.type == "cpu" and self.embed.dtype == torch.float32 and torch.get_num_threads() == 1

    def _weights(self) -> list[Tensor]:
        """As the fused network takes them."""
        layers = (getattr(layer, name) for layer in self._layers() for name in LAYER)
        return [self.embed, self.norm, *layers, *([] if self.head is None else [self.head])]

    def _prompt_attention(self, q: Tensor, kv: Tensor, prompts: int) -> Tensor:
        if not prompts or not len(q):  # one-token prompts: their only token is in the response block
            return q.flatten(1)
        k, v = self._heads(kv, prompts).chunk(2, dim=1)
        return self._attend(self._heads(q, prompts), k, v, None)

    def _response_attention(self, q: Tensor, kv: Tensor, split: int, prompt_of: Tensor, bias: Tensor) -> Tensor:
        prompts = kv[:split].view(int(prompt_of.max()) + 1, -1, *kv.shape[1:])
        context = torch.cat((prompts[prompt_of], kv[split:].view(len(prompt_of), -1, *kv.shape[1:])), dim=1)
        k, v = context.transpose(1, 2).chunk(2, dim=1)
        return self._attend(self._heads(q, len(prompt_of)), k, v, bias)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """q (B, H, T, E), k and v (B, K, S, E) -> (B*T, H*E); causal without a mask."""
        grouped = self.shape.num_attention_heads != self.shape.num_key_value_heads
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, enable_gqa=grouped)
        return out.transpose(1, 2).reshape(len(q) * q.shape[2], -1)

    @staticmethod
    def _heads(flat: Tensor, rows: int) -> Tensor:
        """(B*T, heads, E) -> (B, heads, T, E)."""
        return flat.view(rows, -1, *flat.shape[1:]).transpose(1, 2)

    def _turn(self, positions: Tensor) -> Tensor:
        """(N,) -> (N, 1, E/2) complex numbers of modulus 1 that turn each pair of a head's components."""
        angles = positions[:, None, None].float() * self.frequencies
        return torch.polar(torch.ones_like(angles), angles)

    def _final(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.norm, self.shape.rms_norm_eps)


def _response_bias(start: Tensor, prompt_columns: int, response_columns: int) -> Tensor:
    """(B, 1, R, P-1 + R) to add to the scores: a row's prompt as far as it goes, then its own tokens causally."""
    columns = torch.arange(prompt_columns, device=start.device)
    prompt = (columns < start)[:, None, :].expand(-1, response_columns, -1)
    own = torch.ones(response_columns, response_columns, dtype=torch.bool, device=start.device).tril()
    visible = torch.cat((prompt, own.expand(len(start), -1, -1)), dim=2)
    return torch.zeros(visible.shape, device=start.device).masked_fill_(~visible, -torch.inf)[:, None]
