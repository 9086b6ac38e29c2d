"""The numbers of a Qwen3 config.json that decide the computation, and a refusal of what the lean forward cannot do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from harness.errors import ConfigError


@dataclass(frozen=True)
class Qwen3Shape:
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
    def from_config(cls, config: Mapping[str, Any]) -> Qwen3Shape:
        """From the parsed config.json of a Hugging Face folder.

        Raises:
            ConfigError: not a plain Qwen3 (attention bias, sliding window, another activation, rope scaling).
        """
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        unsupported = {
            f"model_type {config.get('model_type')!r}": config.get("model_type") != "qwen3",
            "attention_bias": bool(config.get("attention_bias")),
            "use_sliding_window": bool(config.get("use_sliding_window")),
            f"hidden_act {config.get('hidden_act')!r}": config.get("hidden_act", "silu") != "silu",
            f"rope_type {rope.get('rope_type')!r}": rope.get("rope_type", "default") != "default",
        }
        if found := [what for what, bad in unsupported.items() if bad]:
            raise ConfigError(
                "the lean forward pass needs a plain Qwen3: no attention bias, sliding window or rope scaling",
                ", ".join(found),
                "Use a model without them.",
            )
        values = {**config, "rope_theta": config.get("rope_theta") or rope.get("rope_theta")}
        if missing := [field.name for field in fields(cls) if values.get(field.name) is None]:
            raise ConfigError("config.json must give the model's shape", f"no {', '.join(missing)}", "Save it again.")
        return cls(**{field.name: values[field.name] for field in fields(cls)})
