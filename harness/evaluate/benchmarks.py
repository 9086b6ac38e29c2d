"""The held-out problems: prepared parquet files by name, and the embedded problem."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.data import prepared
from harness.data.parquet import read_rows
from harness.errors import ConfigError, unknown
from harness.problems.countdown import SOURCE, CountdownConfig, make_problems

PREPARED = ("math500", "amc23", "aime24", "aime25", "aime26")
BENCHMARKS = (*PREPARED, SOURCE)


@dataclass(frozen=True)
class Question:
    """One problem. `ground_truth` is what its grader takes; `source` chooses the grader."""

    problem_id: str
    source: str
    messages: tuple[tuple[str, str], ...]
    """(role, content)."""
    ground_truth: str

    @property
    def asked(self) -> str:
        """The last message: the problem itself."""
        return self.messages[-1][1]


@dataclass(frozen=True)
class Benchmark:
    name: str
    questions: tuple[Question, ...]

    @property
    def digest(self) -> str:
        """`sha256:` of the questions: samples of two versions of a benchmark are not mixed."""
        content = json.dumps([asdict(question) for question in self.questions], sort_keys=True)
        return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"

    @property
    def keeps_special_tokens(self) -> bool:
        """Whether the grader sees special tokens inside an answer: the embedded problem's does, and calls it wrong."""
        return self.name == SOURCE


def load(name: str, folder: Path, countdown: CountdownConfig) -> Benchmark:
    """The benchmark `name`: `folder/NAME.parquet`, or the test split of the embedded problem.

    Raises:
        ConfigError: no such benchmark, or a row that is not of the schema. DataError: not prepared, or altered.
        DependencyError: no pyarrow.
    """
    if name == SOURCE:
        return Benchmark(name, tuple(_countdown(countdown)))
    if name not in PREPARED:
        raise unknown("benchmarks", [name], BENCHMARKS)
    path = prepared(folder, [name])[name].path
    rows = read_rows(path, ("data_source", "prompt", "reward_model", "extra_info"))
    questions = tuple(_question(row, path, index) for index, row in enumerate(rows))
    if len({question.problem_id for question in questions}) < max(1, len(questions)):
        raise ConfigError(
            "the problem ids of a benchmark must differ, and there must be one",
            f"{len(questions)} rows in {str(path)!r}",
            f"Prepare it again: `entrocraft data prepare {name}`.",
        )
    return Benchmark(name, questions)


def _countdown(config: CountdownConfig) -> list[Question]:
    return [
        Question(
            problem.problem_id,
            SOURCE,
            (("user", problem.question),),
            json.dumps({"numbers": list(problem.numbers), "target": problem.target}),
        )
        for problem in make_problems(config)["test"]
    ]


def _question(row: dict[str, Any], path: Path, index: int) -> Question:
    try:
        return Question(
            str(row["extra_info"]["problem_id"]),
            str(row["data_source"]),
            tuple((str(message["role"]), str(message["content"])) for message in row["prompt"]),
            str(row["reward_model"]["ground_truth"]),
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"row {index} of {str(path)!r} must have verl's columns and a problem id",
            f"{type(error).__name__}: {error}",
            f"Prepare it again: `entrocraft data prepare {path.stem}`.",
        ) from error
