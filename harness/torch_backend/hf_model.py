"""Any other small Hugging Face causal LM behind the interface of `LeanQwen3`, through transformers itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harness.torch_backend.rollouts import Rollouts


class HFCache:
    """transformers' DynamicCache with the two operations that generation needs."""

    def __init__(self) -> None:
        from transformers import DynamicCache

        self.data = DynamicCache()

    @property
    def length(self) -> int:
        return int(self.data.get_seq_length())

    def select(self, rows: Tensor) -> None:
        """Keep (or repeat) the given rows (R,)."""
        self.data.batch_select_indices(rows)


class HFModel(nn.Module):
    """A causal LM of transformers: `hidden` and `logits` as LeanQwen3 has them. float32, attention by SDPA."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from transformers import AutoModelForCausalLM

        self.model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
        )

    def new_cache(self, rows: int, capacity: int) -> HFCache:
        return HFCache()

    def hidden(self, ids: Tensor, positions: Tensor, mask: Tensor, cache: HFCache) -> Tensor:
        """Final hidden states (B, T, D) of the next tokens; see `LeanQwen3.hidden`."""
        return self._forward(ids, positions, mask, cache)

    def response_hidden(self, rollouts: Rollouts) -> Tensor:
        """Final hidden states (B, R, D) at the positions that predict the responses; differentiable."""
        ids, before = rollouts.rows()
        positions = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        hidden = self._forward(ids, positions, None, None)
        return hidden.gather(1, before[..., None].expand(-1, -1, hidden.shape[-1]))

    def logits(self, hidden: Tensor) -> Tensor:
        logits: Tensor = self.model.get_output_embeddings()(hidden)
        return logits

    def _forward(self, ids: Tensor, positions: Tensor, mask: Tensor | None, cache: HFCache | None) -> Tensor:
        output = self.model.base_model(
            input_ids=ids,
            position_ids=positions,
            attention_mask=mask,
            past_key_values=None if cache is None else cache.data,
            use_cache=cache is not None,
        )
        hidden: Tensor = output.last_hidden_state
        return hidden
