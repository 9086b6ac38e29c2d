"""The prompts of a measurement: a benchmark by its name, or a JSONL file, which may bring its own responses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from harness.errors import DataError
from harness.evaluate.benchmarks import BENCHMARKS, load
from harness.problems.countdown import CountdownConfig


@dataclass(frozen=True)
class Prompt:
    """messages: (role, content). response: a text to score; None where responses are drawn."""

    messages: tuple[tuple[str, str], ...]
    ground_truth: str | None = None
    response: str | None = None


@dataclass(frozen=True)
class Prompts:
    """name: of the data set, part of the metrics' names."""

    name: str
    rows: tuple[Prompt, ...]

    @property
    def given(self) -> bool:
        """Whether the responses are the file's own."""
        return self.rows[0].response is not None

    @property
    def digest(self) -> str:
        content = json.dumps([asdict(row) for row in self.rows], sort_keys=True)
        return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


def load_prompts(what: str, count: int, data_folder: Path, countdown: CountdownConfig) -> Prompts:
    """The first `count` prompts of a benchmark, or of a JSONL file with the name of its stem.

    A line is {"prompt": TEXT} or {"messages": [{"role", "content"}, ...]}, with "ground_truth" and "response" where
    there are any; all lines have a response, or none.

    Raises:
        DataError: no such file, a line of another form, a benchmark that is not prepared.
    """
    if what in BENCHMARKS:
        questions = load(what, data_folder, countdown).questions[:count]
        return Prompts(what, tuple(Prompt(each.messages, each.ground_truth) for each in questions))
    path = Path(what).expanduser()
    if not path.is_file():
        raise DataError(
            "prompts must be a benchmark or a JSONL file",
            repr(what),
            f"Give a file that exists, or one of {', '.join(BENCHMARKS)}.",
        )
    name = path.name.partition(".")[0]
    if not name:
        raise DataError("a file of prompts must have a name, which its metrics take", repr(what), "Rename it.")
    rows = tuple(row for row, _ in zip(_rows(path), range(count), strict=False))
    if not rows:
        raise DataError("a file of prompts must have one", f"none in {what!r}", "Write one JSON object a line.")
    with_response = sum(row.response is not None for row in rows)
    if with_response not in (0, len(rows)):
        raise DataError(
            "all prompts of a file come with a response, or none",
            f"{with_response} of {len(rows)} in {what!r}",
            "Divide the file into two.",
        )
    return Prompts(name, rows)


def _rows(path: Path) -> Iterator[Prompt]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield _row(orjson.loads(line))
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    'a line of prompts is an object with "prompt" (a text) or "messages" (role and content)',
                    f"line {number} of {str(path)!r}: {error}",
                    "Correct or remove the line.",
                ) from error


def _row(found: Any) -> Prompt:
    if not isinstance(found, dict) or ("prompt" in found) == ("messages" in found):
        raise ValueError("not an object with one of the two")
    if "prompt" in found:
        messages: tuple[tuple[str, str], ...] = (("user", _text(found, "prompt")),)
    else:
        messages = tuple((_text(each, "role"), _text(each, "content")) for each in found["messages"])
    if not messages or not messages[-1][1]:
        raise ValueError("an empty prompt")
    optional = {key: _text(found, key) for key in ("ground_truth", "response") if found.get(key) is not None}
    return Prompt(messages, **optional)


def _text(found: dict[str, Any], key: str) -> str:
    if not isinstance(found[key], str):
        raise TypeError(f"{key} is {found[key]!r}, not a text")
    return str(found[key])
