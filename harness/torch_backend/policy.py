"""The policy: a model folder's weights and tokenizer, sampled from and scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.torch_backend import hf_folder
from harness.torch_backend.generate import Model, Sampling, generate
from harness.torch_backend.hf_model import HFModel
from harness.torch_backend.rollouts import Rollouts
from harness.torch_backend.tokenizer import PolicyTokenizer


@dataclass(frozen=True)
class Score:
    """log_prob (B, R) of the sampled tokens; entropy (B, R) of the full vocabulary, or None; nats, at a temperature."""

    log_prob: Tensor
    entropy: Tensor | None


@dataclass(frozen=True)
class Policy:
    folder: Path
    model: nn.Module  # also a generate.Model
    tokenizer: PolicyTokenizer
    device: torch.device

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> Policy:
        """Qwen3 folders get the lean forward pass, all others transformers' own."""
        lean = hf_folder.read_config(folder).get("model_type") == "qwen3"
        model: nn.Module = hf_folder.load(folder) if lean else HFModel(folder)
        return cls(folder, model.to(device), PolicyTokenizer.load(folder), device)

    def save(self, folder: Path) -> None:
        """Write a Hugging Face folder that `load` and transformers read."""
        if isinstance(self.model, HFModel):
            self.model.model.save_pretrained(folder)
            hf_folder.copy_companions(self.folder, folder)
        else:
            hf_folder.save(self.model, folder, self.folder)  # type: ignore[arg-type]

    def prompts(self, questions: list[str]) -> list[list[int]]:
        return [self.tokenizer.encode_prompt(question) for question in questions]

    def sample(
        self, prompts: list[list[int]], n: int, sampling: Sampling, generator: torch.Generator
    ) -> list[list[int]]:
        """`n` responses (token ids) per prompt, siblings adjacent."""
        model: Model = self.model  # type: ignore[assignment]
        return generate(model, prompts, n, sampling, self.tokenizer.eos_id, generator)

    def rollouts(self, prompts: list[list[int]], responses: list[list[int]]) -> Rollouts:
        return Rollouts.of(prompts, responses, self.tokenizer.pad_id, self.device)

    def text(self, response: list[int]) -> str:
        return self.tokenizer.decode(response)

    def score(self, rollouts: Rollouts, temperature: float, entropy: bool) -> Score:
        """Log-probabilities, and entropies if asked for, of the response tokens; differentiable."""
        model: Model = self.model  # type: ignore[assignment]
        return Score(*model.scores(rollouts, temperature, entropy))

    @torch.no_grad()
    def score_all(self, rollouts: Rollouts, temperature: float, entropy: bool, rows_at_once: int) -> Score:
        """`score` without gradient in pieces of `rows_at_once` rows, padded to (B, R) of all rollouts with zeros."""
        log_prob = torch.zeros(rollouts.responses.shape, device=self.device)
        entropies = torch.zeros_like(log_prob)
        for rows in torch.arange(len(rollouts), device=self.device).split(rows_at_once):
            piece = self.score(rollouts[rows], temperature, entropy)
            log_prob[rows, : piece.log_prob.shape[1]] = piece.log_prob
            if piece.entropy is not None:
                entropies[rows, : piece.entropy.shape[1]] = piece.entropy
        return Score(log_prob, entropies if entropy else None)
