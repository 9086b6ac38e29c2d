"""From one attempt's log and dumps, as verl writes them, to the records and samples of the run folder."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from harness.core.pass_at_k import pass_at_k

LOG_NAME = "metrics.jsonl"
VALIDATION = "validation"


class Ingest:
    """Follows one attempt's files. `records` gives each step once, when all that belongs to it is on the disk."""

    def __init__(self, attempt_dir: Path, samples_per_validation: int, pass_k: tuple[int, ...]) -> None:
        self._log, self._dumps = attempt_dir / LOG_NAME, attempt_dir / VALIDATION
        self._expected, self._pass_k = samples_per_validation, pass_k
        self._read = 0

    def records(self, ended: bool = False) -> Iterator[tuple[int, dict[str, float], list[dict[str, Any]]]]:
        """(step, metrics, validation samples) of new steps. A validated step waits for its dump, which verl writes
        in the background, unless verl has `ended`."""
        if not self._log.exists():
            return
        with self._log.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                entry = orjson.loads(line)
                step, data = int(entry["step"]), numbers(entry["data"])
                samples: list[dict[str, Any]] = []
                if any(name.startswith("val-core/") for name in data):
                    lines = self._dump(step)
                    if len(lines) < self._expected and not ended:
                        return
                    samples = sample_records(lines, step)
                    data |= unbiased(samples, self._pass_k)
                self._read += len(line)
                yield step, data, samples

    def _dump(self, step: int) -> list[dict[str, Any]]:
        try:
            content = (self._dumps / f"{step}.jsonl").read_bytes()
        except FileNotFoundError:
            return []
        return [orjson.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]


def numbers(data: Mapping[str, Any]) -> dict[str, float]:
    """verl's metrics that are numbers."""
    return {name: float(value) for name, value in data.items() if isinstance(value, (int, float))}


def sample_records(lines: list[dict[str, Any]], step: int) -> list[dict[str, Any]]:
    """The run folder's samples of a validation dump: problem ids and sources come from the reward function."""
    seen: Counter[str] = Counter()
    records = []
    for line in lines:
        sample = seen[line["problem_id"]]
        seen[line["problem_id"]] += 1
        failure = {"grader_failure": line["grader_failure"]} if line.get("grader_failure") else {}
        records.append(
            {
                "step": step,
                "problem_id": line["problem_id"],
                "source": line["source"],
                "sample": sample,
                "correct": bool(line["acc"]),
                "score": float(line["score"]),
                "prediction": line["pred"] or None,
                "input": line["input"],
                "output": line["output"],
                **failure,
            }
        )
    return records


def unbiased(samples: list[dict[str, Any]], pass_k: tuple[int, ...]) -> dict[str, float]:
    """`val-aux/SOURCE/pass@k` by Chen et al.'s estimator: verl's best@N draws with replacement and is not pass@k."""
    correct: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        correct[sample["source"]][sample["problem_id"]].append(sample["correct"])
    metrics = {}
    for source, problems in correct.items():
        n = np.array([len(answers) for answers in problems.values()])
        c = np.array([sum(answers) for answers in problems.values()])
        for k in pass_k:
            if k <= n.min():
                metrics[f"val-aux/{source}/pass@{k}"] = float(np.mean(pass_at_k(n, c, k)))
    return metrics
