"""The policy's tokenizer and chat template, read from its Hugging Face folder without importing transformers.

The prompt of a question is what the folder's chat template makes of one user message, so that any other trainer that
applies the template (verl does) sees the same tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from harness.errors import ConfigError

SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token")


@dataclass(frozen=True)
class PolicyTokenizer:
    tokenizer: Tokenizer
    template: Template
    pad_id: int
    eos_id: int
    special: dict[str, str]  # the special tokens that a template may name: "eos_token" -> "<eos>"

    @classmethod
    def load(cls, folder: Path) -> PolicyTokenizer:
        """Read tokenizer.json and tokenizer_config.json (with its chat template) from a model folder.

        Raises:
            ConfigError: a file, the chat template, or the pad or eos token is missing.
        """
        path, config_path = folder / "tokenizer.json", folder / "tokenizer_config.json"
        for needed in (path, config_path):
            if not needed.is_file():
                raise ConfigError(
                    f"a model folder needs {needed.name}", f"none in {str(folder)!r}", "Save the tokenizer there."
                )
        config = json.loads(config_path.read_text())
        template_path = folder / "chat_template.jinja"
        template = template_path.read_text() if template_path.is_file() else config.get("chat_template")
        if not template:
            raise ConfigError(
                "a model folder needs a chat template", f"none in {str(folder)!r}", "Add chat_template.jinja."
            )
        tokenizer = Tokenizer.from_file(str(path))
        pad_id, eos_id = (_known(config.get(role), role, tokenizer, folder) for role in ("pad_token", "eos_token"))
        special = {role: text for role in SPECIAL if (text := _text(config.get(role)))}
        return cls(tokenizer, _template(template), pad_id, eos_id, special)

    @property
    def vocab_size(self) -> int:
        return self.tokenizer.get_vocab_size()

    def encode_prompt(self, question: str) -> list[int]:
        """Token ids of the question as a user message with the generation prompt."""
        return self.encode_messages([("user", question)])

    def encode_messages(self, messages: Iterable[tuple[str, str]]) -> list[int]:
        """Token ids of (role, content) pairs with the generation prompt."""
        told = [{"role": role, "content": content} for role, content in messages]
        text = self.template.render(messages=told, add_generation_prompt=True, **self.special)
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids: list[int]) -> str:
        """The text of a response without the end token that ends it; any other special token stays, visibly.

        Were they dropped, a policy could spend entropy on tokens that cost it nothing, and learn to.
        """
        ended = bool(ids) and ids[-1] == self.eos_id
        return self.tokenizer.decode(ids[:-1] if ended else ids, skip_special_tokens=False)


def _known(entry: object, role: str, tokenizer: Tokenizer, folder: Path) -> int:
    """The id of the token that tokenizer_config.json names in a role."""
    text = _text(entry)
    found = None if text is None else tokenizer.token_to_id(text)
    if found is None:
        raise ConfigError(f"tokenizer_config.json must name a known {role}", f"{text!r} in {str(folder)!r}")
    return found


def _text(entry: object) -> str | None:
    """A token of tokenizer_config.json: a string, or a dictionary with its content."""
    text = entry.get("content") if isinstance(entry, dict) else entry
    return text if isinstance(text, str) else None


def _template(source: str) -> Template:
    """In the dialect of transformers' `apply_chat_template`: its whitespace rules, its extension, its sandbox."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    return environment.from_string(source)
