"""From the rows of a source to the problems of a data set: ids, answers, what is dropped, and the subset."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.data.datasets import SUBSET_SEED, Dataset
from harness.errors import DataError

TOO_LONG, NO_ANSWER, DUPLICATE = "too long", "no answer", "duplicate"
CAUSES = (TOO_LONG, NO_ANSWER, DUPLICATE)

Lengths = Callable[[Sequence[str]], list[int]]
"""Problem texts -> their numbers of tokens."""


@dataclass(frozen=True)
class MathProblem:
    """A problem with its answer; `problem_id` depends on the problem alone, not on its place in the source."""

    problem_id: str
    text: str
    answer: str


def select(
    dataset: Dataset, rows: Iterable[dict[str, Any]], lengths: Lengths | None = None
) -> tuple[list[MathProblem], dict[str, int]]:
    """The problems of the data set and the number of dropped rows by cause.

    Order: the source's; in a subset the random order in which the authors draw it. That order is over the rows that
    are short enough, so that it is theirs where the source has neither duplicates nor rows without an answer. Rows of
    the subset's tail, which it has no place for, are neither kept nor dropped.

    Raises:
        DataError: a row without a problem, an answer of a strange type, or two problems with one id.
    """
    dropped = Counter(dict.fromkeys(CAUSES, 0))
    short = list(rows)
    if lengths is not None and dataset.max_tokens is not None:
        counted = lengths([_text(row, number) for number, row in enumerate(short, start=1)])
        everything, limit = short, dataset.max_tokens
        short = [row for row, length in zip(everything, counted, strict=True) if length <= limit]
        dropped[TOO_LONG] = len(everything) - len(short)
    kept: list[MathProblem] = []
    for problem in _usable(dataset, short, dropped):
        kept.append(problem)
        if len(kept) == dataset.subset:
            break
    return kept, dict(dropped)


def _usable(dataset: Dataset, rows: Sequence[dict[str, Any]], dropped: Counter[str]) -> Iterator[MathProblem]:
    seen: set[str] = set()
    ids: dict[str, int] = {}
    for index in _order(dataset, len(rows)):
        row, number = rows[index], index + 1
        text, answer = _text(row, number), as_answer(row["answer"], number)
        digest = text_digest(text)
        if not answer:
            dropped[NO_ANSWER] += 1
        elif digest in seen:
            dropped[DUPLICATE] += 1
        else:
            seen.add(digest)
            own = digest if dataset.id_column is None else str(row[dataset.id_column]).strip()
            if own in ids:
                raise DataError(
                    "the ids of a data set must differ",
                    f"{own!r} in rows {ids[own]} and {number} of {dataset.name}",
                    "Give the file of this data set.",
                )
            ids[own] = number
            yield MathProblem(f"{dataset.source}/{own}", text, answer)


def _order(dataset: Dataset, rows: int) -> Sequence[int]:
    """The permutation is that of `datasets.Dataset.shuffle(seed=42)`, which the authors' script calls."""
    if dataset.subset is None:
        return range(rows)
    order: list[int] = np.random.default_rng(SUBSET_SEED).permutation(rows).tolist()
    return order


def text_digest(text: str) -> str:
    """16 hexadecimal digits that stay the same when only white space or the Unicode form of a text changes."""
    normal = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(normal.encode()).hexdigest()[:16]


def as_answer(value: object, number: int) -> str:
    """An answer as text: '' where there is none, 27.0 as '27'; '033' stays as it is. `number`: the row, from 1.

    Raises:
        DataError: neither a text nor a number.
    """
    if value is None or value != value:  # NaN, which a column of numbers has for "none"
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError("an answer must be a text or a number", f"{value!r} in row {number}", "Give another file.")
    return str(int(value)) if float(value).is_integer() else repr(value)


def _text(row: dict[str, Any], number: int) -> str:
    text = row["problem"]
    if not isinstance(text, str) or not text.strip():
        raise DataError("a row must have a problem as text", f"{text!r} in row {number}", "Repair the source.")
    return text.strip()
