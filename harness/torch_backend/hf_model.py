"""Any other small Hugging Face causal LM behind the interface of `LeanQwen3`, through transformers itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harness.errors import ConfigError
from harness.torch_backend.generate import scores_of, seen_from
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
        """Load a model folder. Raises ConfigError for a model whose logits are more than its head's output."""
        super().__init__()
        from transformers import AutoModelForCausalLM

        self.model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
        )
        self._check_head(folder)

    def new_cache(self, rows: int, capacity: int) -> HFCache:
        return HFCache()

    def hidden(self, ids: Tensor, start: Tensor, cache: HFCache) -> Tensor:
        """Final hidden states (B, T, D) of the next tokens; see `LeanQwen3.hidden`."""
        return self._forward(ids, *seen_from(start, cache.length, ids.shape[1]), cache)

    def response_hidden(self, rollouts: Rollouts) -> Tensor:
        """Final hidden states (B, R, D) at the positions that predict the responses; differentiable."""
        ids, before = rollouts.rows()
        positions = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        hidden = self._forward(ids, positions, None, None)
        return hidden.gather(1, before[..., None].expand(-1, -1, hidden.shape[-1]))

    def scores(self, rollouts: Rollouts, temperature: float, entropy: bool) -> tuple[Tensor, Tensor | None]:
        """Log-probabilities and entropies (B, R), see `generate.Model`."""
        return scores_of(self.logits(self.response_hidden(rollouts)), rollouts.responses, temperature, entropy)

    def logits(self, hidden: Tensor) -> Tensor:
        logits: Tensor = self.model.get_output_embeddings()(hidden)
        return logits

    @torch.no_grad()
    def _check_head(self, folder: Path) -> None:
        """Refuse a model that does more to its logits than its head does: `logits` would leave that out."""
        probe = torch.zeros((1, 1), dtype=torch.long)
        own = self.logits(self._forward(probe, probe, None, None))
        if not torch.allclose(own, self.model(input_ids=probe).logits, rtol=1e-5, atol=1e-6):
            raise ConfigError(
                "the logits of a model must be its last hidden state times its output embeddings",
                f"a {type(self.model).__name__} that scales or bounds them, in {str(folder)!r}",
                "Use a model without logit scaling or soft-capping.",
            )

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
