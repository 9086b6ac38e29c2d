"""A rollout batch as tensors: each distinct prompt once, and the responses of its siblings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.errors import InputError


@dataclass(frozen=True)
class Rollouts:
    """B responses to U distinct prompts, all padded on the right to P and R tokens.

    Siblings share their prompt's row, so that a model need not compute it once for each of them.
    prompts (U, P), prompt_length (U,); prompt_of (B,): which prompt a response answers; responses (B, R),
    response_length (B,), the end-of-sequence token included where there is one.
    """

    prompts: Tensor
    prompt_length: Tensor
    prompt_of: Tensor
    responses: Tensor
    response_length: Tensor

    @classmethod
    def of(cls, prompts: list[list[int]], responses: list[list[int]], pad_id: int, device: torch.device) -> Rollouts:
        """From token ids; `responses` holds the same number of siblings for each prompt, adjacent."""
        siblings, left = divmod(len(responses), len(prompts))
        if left or not siblings:
            raise InputError(
                "each prompt must have the same number of responses",
                f"{len(responses)} responses to {len(prompts)} prompts",
                "Sample whole groups.",
            )
        prompt_ids, prompt_length = _padded(prompts, pad_id, device)
        response_ids, response_length = _padded(responses, pad_id, device)
        prompt_of = torch.arange(len(prompts), device=device).repeat_interleave(siblings)
        return cls(prompt_ids, prompt_length, prompt_of, response_ids, response_length)

    def __len__(self) -> int:
        return len(self.responses)

    def __getitem__(self, rows: Tensor) -> Rollouts:
        """The given rows and the prompts they need, their padding cut back."""
        used, prompt_of = torch.unique(self.prompt_of[rows], return_inverse=True)
        prompt_length, response_length = self.prompt_length[used], self.response_length[rows]
        return Rollouts(
            self.prompts[used, : int(prompt_length.max())],
            prompt_length,
            prompt_of,
            self.responses[rows, : int(response_length.max())],
            response_length,
        )

    @property
    def mask(self) -> Tensor:
        """(B, R) bool, True on response tokens."""
        return torch.arange(self.responses.shape[1], device=self.responses.device) < self.response_length[:, None]

    @property
    def tokens(self) -> int:
        """Prompt and response tokens, a prompt counted once for each of its responses."""
        return int(self.response_length.sum() + self.prompt_length[self.prompt_of].sum())

    def last_prompt_token(self) -> Tensor:
        """(U,) the token that predicts a response's first one."""
        return self.prompts.gather(1, self.prompt_length[:, None] - 1).squeeze(1)

    def rows(self) -> tuple[Tensor, Tensor]:
        """Prompt and response side by side: ids (B, P + R) padded on the right, and the positions (B, R) that
        predict the response tokens (padding points at the last position)."""
        prompt_length = self.prompt_length[self.prompt_of][:, None]
        columns = torch.arange(self.prompts.shape[1] + self.responses.shape[1], device=self.prompts.device)
        wide = torch.cat((self.prompts[self.prompt_of], self.responses), dim=1)
        shifted = columns - prompt_length + self.prompts.shape[1]  # where a row's response stands in `wide`
        ids = wide.gather(1, torch.where(columns < prompt_length, columns, shifted).clamp(max=wide.shape[1] - 1))
        before = prompt_length - 1 + torch.arange(self.responses.shape[1], device=self.prompts.device)
        width = int((prompt_length.squeeze(1) + self.response_length).max())
        return ids[:, :width], before.clamp(max=width - 1)


def _padded(rows: list[list[int]], pad_id: int, device: torch.device) -> tuple[Tensor, Tensor]:
    lengths = np.array([len(row) for row in rows])
    ids = np.full((len(rows), lengths.max()), pad_id)
    ids[np.arange(ids.shape[1]) < lengths[:, None]] = np.concatenate(rows)
    return torch.from_numpy(ids).to(device), torch.from_numpy(lengths).to(device)
