"""The policy's tokenizer and chat template, read from its Hugging Face folder without importing transformers.

The prompt of a question is what the folder's chat template makes of one user message, so that any other trainer that
applies the template (verl does) sees the same tokens.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Template
from tokenizers import Tokenizer

from harness.errors import ConfigError


@dataclass(frozen=True)
class PolicyTokenizer:
    tokenizer: Tokenizer
    template: Template
    pad_id: int
    eos_id: int
    eos_token: str

    @classmethod
    def load(cls, folder: Path) -> PolicyTokenizer:
        """Read tokenizer.json and tokenizer_config.json (with its chat template) from a model folder.

        Raises:
            ConfigError: a file, the chat template, or the pad or eos token is missing.
        """
        path, config_path = folder / "tokenizer.json", folder / "tokenizer_config.json"
        for needed in (path, config_path):
            if not needed.is_file():
                raise ConfigError(f"a model folder needs {needed.name}, {folder} has none: save the tokenizer there")
        config = json.loads(config_path.read_text())
        template_path = folder / "chat_template.jinja"
        template = template_path.read_text() if template_path.is_file() else config.get("chat_template")
        if not template:
            raise ConfigError(f"a model folder needs a chat template, {folder} has none: add chat_template.jinja")
        tokenizer = Tokenizer.from_file(str(path))
        ids = {}
        for role in ("pad_token", "eos_token"):
            token = config.get(role)
            token = token["content"] if isinstance(token, dict) else token
            ids[role] = tokenizer.token_to_id(token) if token else None
            if ids[role] is None:
                raise ConfigError(f"tokenizer_config.json in {folder} must name a known {role}, got {token!r}")
        eos = tokenizer.id_to_token(ids["eos_token"])
        return cls(tokenizer, Template(template), ids["pad_token"], ids["eos_token"], eos)

    @property
    def vocab_size(self) -> int:
        return self.tokenizer.get_vocab_size()

    def encode_prompt(self, question: str) -> list[int]:
        """Token ids of the question as a user message with the generation prompt."""
        messages = [{"role": "user", "content": question}]
        text = self.template.render(messages=messages, add_generation_prompt=True, eos_token=self.eos_token)
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)
