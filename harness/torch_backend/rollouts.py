"""A rollout batch as tensors: right-padded prompt + response rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rollouts:
    """B rows of prompt and response, padded on the right to T = longest row; R = longest response.

    ids (B, T); prompt_length (B,); response_length (B,), the end-of-sequence token included where there is one.
    """

    ids: Tensor
    prompt_length: Tensor
    response_length: Tensor

    @classmethod
    def of(cls, prompts: list[list[int]], responses: list[list[int]], pad_id: int, device: torch.device) -> Rollouts:
        """From token ids per row."""
        lengths = [len(p) + len(r) for p, r in zip(prompts, responses, strict=True)]
        ids = torch.full((len(prompts), max(lengths)), pad_id, dtype=torch.long)
        for row, (prompt, response) in enumerate(zip(prompts, responses, strict=True)):
            ids[row, : lengths[row]] = torch.tensor(prompt + response)
        return cls(
            ids.to(device),
            torch.tensor([len(p) for p in prompts], device=device),
            torch.tensor([len(r) for r in responses], device=device),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: Tensor) -> Rollouts:
        """The given rows, their padding cut back to what they need."""
        prompt, response = self.prompt_length[rows], self.response_length[rows]
        return Rollouts(self.ids[rows, : int((prompt + response).max())], prompt, response)

    @property
    def mask(self) -> Tensor:
        """(B, R) bool, True on response tokens."""
        width = int(self.response_length.max())
        return torch.arange(width, device=self.ids.device) < self.response_length[:, None]

    @property
    def response_index(self) -> Tensor:
        """(B, R) position in the row of each response token; padding points at the row's last position."""
        width = int(self.response_length.max())
        index = self.prompt_length[:, None] + torch.arange(width, device=self.ids.device)
        return index.clamp(max=self.ids.shape[1] - 1)

    @property
    def responses(self) -> Tensor:
        """(B, R) response token ids; padding holds whatever token stands there and is masked."""
        return self.ids.gather(1, self.response_index)
