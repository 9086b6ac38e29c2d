"""verl's log and dumps, half written or whole, as records and samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.verl_backend.ingest import Ingest


def line(problem: str, right: bool) -> dict[str, Any]:
    return {
        "input": "1 2=3:", "output": "1+2", "gts": "", "score": 1.0 if right else -1.0, "step": 0, "acc": float(right),
        "pred": "3" if right else "", "problem_id": problem, "source": "countdown", "uid": "a_0_0",
    }  # fmt: skip


def write(attempt: Path, entries: list[str], dump: list[dict[str, Any]]) -> None:
    (attempt / "validation").mkdir(exist_ok=True)
    (attempt / "metrics.jsonl").write_text("".join(entries))
    (attempt / "validation" / "0.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in dump))


def entry(step: int, **data: object) -> str:
    return json.dumps({"step": step, "data": data}) + "\n"


def test_a_validated_step_waits_for_its_dump(tmp_path: Path) -> None:
    dump = [line("p", True), line("p", False), line("q", False), line("q", False)]
    entries = [entry(0, **{"val-core/countdown/acc/mean@2": 0.25}), entry(1, loss=1.5, note="text")]
    write(tmp_path, entries, dump[:3])
    ingest = Ingest(tmp_path, 4, (1, 2))
    assert list(ingest.records()) == []
    write(tmp_path, entries, dump)
    (zero, metrics, samples), (one, after, none) = ingest.records()
    assert (zero, one, after, none) == (0, 1, {"loss": 1.5}, [])
    assert metrics["val-aux/countdown/pass@1"] == 0.25 and metrics["val-aux/countdown/pass@2"] == 0.5
    assert [(s["problem_id"], s["sample"], s["correct"]) for s in samples] == [
        ("p", 0, True), ("p", 1, False), ("q", 0, False), ("q", 1, False),
    ]  # fmt: skip
    assert list(ingest.records()) == []


def test_a_samples_grader_failure_is_kept_where_there_is_one(tmp_path: Path) -> None:
    dump = [{**line("p", True), "grader_failure": ""}, {**line("p", False), "grader_failure": "time limit"}]
    write(tmp_path, [entry(0, **{"val-core/countdown/acc/mean@2": 0.5})], dump)
    ((_, _, samples),) = Ingest(tmp_path, 2, (1,)).records()
    assert [sample.get("grader_failure") for sample in samples] == [None, "time limit"]


def test_half_a_line_is_left_for_later(tmp_path: Path) -> None:
    write(tmp_path, [entry(1, loss=1.0), entry(2, loss=2.0)[:-5]], [])
    ingest = Ingest(tmp_path, 4, (1,))
    assert [step for step, _, _ in ingest.records()] == [1]
    write(tmp_path, [entry(1, loss=1.0), entry(2, loss=2.0)], [])
    assert [step for step, _, _ in ingest.records()] == [2]


def test_without_a_log_there_is_nothing_yet(tmp_path: Path) -> None:
    assert list(Ingest(tmp_path, 4, (1,)).records()) == []
