"""The corpus of answer pairs, one JSON object a line.

text, gold: the model's text and the ground truth, as a string or as parts, of which [part, n] is repeated n times.
right: what a mathematician says. math_verify, released: what that grader says where it says something else; "failure"
where it gives no verdict.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).with_name("corpus.jsonl")


@pytest.fixture(scope="session")
def corpus() -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in CORPUS.read_text().splitlines()]
    return [{**row, "text": whole(row["text"]), "gold": whole(row["gold"])} for row in rows]


def whole(parts: str | list[Any]) -> str:
    return parts if isinstance(parts, str) else "".join(p if isinstance(p, str) else p[0] * p[1] for p in parts)
