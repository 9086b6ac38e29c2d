"""The number of tokens of a problem, by the tokenizer of a model folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.data.digest import file_digest
from harness.errors import DataError

CHUNK = 4096
"""Texts encoded at a time: an encoding takes much more memory than its length."""


class ProblemLengths:
    """Counts the tokens of bare problems: no chat template, no special tokens, as the authors' filter does.

    Raises:
        DataError: the folder has no tokenizer.json, or a damaged one.
    """

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        path = folder / "tokenizer.json"
        if not path.is_file():
            raise DataError(
                "--tokenizer must be a model folder with tokenizer.json",
                repr(str(folder)),
                "Fetch one: entrocraft prefetch MODEL.",
            )
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises no narrower type
            raise DataError("tokenizer.json must be readable", f"{path}: {error}", "Fetch the model again.") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.sha256 = file_digest(path)

    def __call__(self, texts: Sequence[str]) -> list[int]:
        counted: list[int] = []
        for start in range(0, len(texts), CHUNK):
            chunk = list(texts[start : start + CHUNK])
            counted += [len(each.ids) for each in self._tokenizer.encode_batch(chunk, add_special_tokens=False)]
        return counted
