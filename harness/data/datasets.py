"""The mathematics data sets: where each comes from, its columns, and how many rows it must give.

Repositories, splits, the columns `problem` and `answer`, the length limit and the order of the subset are those of the
authors' public scripts (scripts/data_preprocess in lblaoke/entrocraft; in lblaoke/rl_dist_shift for MATH-500 and
AIME-25; in lblaoke/antifragile_rl for the subset). Not verified, since no hub could be reached from where this was
written: the id columns (from public descriptions), the names of the files, and every number of rows but the subset's.
What is not there is refused with what is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import unknown

TRAIN, TEST = "train", "test"

RELEASED_PROMPT_TOKENS = 700
"""Longest problem that the authors train on, in tokens of the bare problem; verl drops prompts above 1,024 later on."""

SUBSET_ROWS = 103_424
"""101 steps of 1,024 prompts."""

SUBSET_SEED = 42


@dataclass(frozen=True)
class Dataset:
    """One data set. `use` is the split that its rows say they are for, `split` the one of the repository.

    `rows` are the fewest and the most rows that it may give. `id_column` is None where an id is the hash of the text.
    `max_tokens` limits the problem's length where a tokenizer is given. `subset` takes that many rows, in random order.
    """

    name: str
    source: str
    repository: str
    split: str
    use: str
    rows: tuple[int, int]
    id_column: str | None = None
    max_tokens: int | None = None
    subset: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return ("problem", "answer", *((self.id_column,) if self.id_column else ()))

    @property
    def expected(self) -> str:
        """The expected number of rows in words."""
        low, high = self.rows
        return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _numina(name: str, rows: tuple[int, int], subset: int | None) -> Dataset:
    limit = RELEASED_PROMPT_TOKENS
    return Dataset(name, "numina", "ScaleML-RLHF/numina_math", TRAIN, TRAIN, rows, max_tokens=limit, subset=subset)


def _benchmark(name: str, repository: str, split: str, rows: int, id_column: str | None = None) -> Dataset:
    return Dataset(name, name, repository, split, TEST, (rows, rows), id_column)


_ALL = (
    _numina("numina-100k", (SUBSET_ROWS, SUBSET_ROWS), SUBSET_ROWS),
    _numina("numina-full", (440_000, 460_000), None),  # the paper says 440K, the release trains on about 455,000
    _benchmark("math500", "HuggingFaceH4/MATH-500", TEST, 500, "unique_id"),
    _benchmark("amc23", "knoveleng/AMC-23", TRAIN, 40),
    _benchmark("aime24", "HuggingFaceH4/aime_2024", TRAIN, 30),
    _benchmark("aime25", "MathArena/aime_2025", TRAIN, 30, "problem_idx"),
    _benchmark("aime26", "math-ai/aime26", TEST, 30, "id"),
)
DATASETS: dict[str, Dataset] = {each.name: each for each in _ALL}


def find(names: Iterable[str]) -> tuple[Dataset, ...]:
    """The data sets of the names, each once, in the order given. Raises ConfigError for an unknown name."""
    asked = tuple(dict.fromkeys(names))
    if wrong := [name for name in asked if name not in DATASETS]:
        raise unknown("data sets", wrong, DATASETS)
    return tuple(DATASETS[name] for name in asked)
