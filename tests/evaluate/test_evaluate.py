"""An evaluation in its folder, with a worker that stands for vLLM's: what is drawn, kept, refused and gone on with."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.core.pass_at_k import pass_at_k
from harness.errors import ConfigError, EvaluationError, LockHeldError
from harness.evaluate import generation, grading
from harness.evaluate.benchmarks import Benchmark, Question
from harness.evaluate.job import seed_of
from harness.evaluate.place import Place
from harness.evaluate.platforms import environment
from harness.evaluate.run import Outcome, evaluate
from harness.evaluate.samples import KEYS, read
from harness.evaluate.settings import EvalSettings
from harness.evaluate.sources import find
from harness.graders import Verdict
from harness.runs import RunLock

QUESTIONS = tuple(
    Question(
        f"countdown/test/{i:05d}", "countdown", (("user", f"6 7={t}"),), json.dumps({"numbers": [6, 7], "target": t})
    )
    for i, t in enumerate((42, 13, 42, 42))
)
BENCHMARK = Benchmark("countdown", QUESTIONS)
OTHER = Benchmark("aime25", tuple(Question(f"aime25/{i}", "aime25", (("user", f"{i}?"),), "7") for i in range(3)))


class Evaluation:
    """Evaluates the shipped model into one folder; `started` has the requests of each start of the worker."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder / "out", folder / "out" / "model")
        self.log = folder / "starts"
        self.seen: list[tuple[int, int]] = []

    def __call__(
        self, n: int = 4, *benchmarks: Benchmark, settings: EvalSettings | None = None, **keywords: Any
    ) -> Outcome:
        settings = settings or EvalSettings(max_new_tokens=16)
        on_sample = lambda done, total: self.seen.append((done, total))  # noqa: E731
        return evaluate(
            find("tiny"), benchmarks or (BENCHMARK,), settings, n, "gpu", self.place, on_sample=on_sample, **keywords
        )

    @property
    def started(self) -> list[int]:
        return [int(line) for line in self.log.read_text().split()] if self.log.exists() else []

    def rows(self, benchmark: str = "countdown") -> dict[tuple[str, int], dict[str, Any]]:
        return read(self.place.samples(benchmark))


@pytest.fixture
def evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluation:
    made = Evaluation(tmp_path)
    monkeypatch.setattr(generation, "COMMAND", (sys.executable, str(Path(__file__).with_name("fake_worker.py"))))
    monkeypatch.setenv("FAKE_WORKER_LOG", str(made.log))
    monkeypatch.delenv("FAKE_WORKER", raising=False)
    return made


def test_every_sample_is_kept_and_the_figures_are_computed_from_them(evaluation: Evaluation) -> None:
    outcome = evaluation(8)
    rows = evaluation.rows()
    assert set(rows) == {(question.problem_id, sample) for question in QUESTIONS for sample in range(8)}
    assert all(set(row) == set(KEYS) for row in rows.values())
    right = np.array([sum(rows[q.problem_id, s]["correct"] for s in range(8)) for q in QUESTIONS])
    assert right[1] == 0 and 0 < right.sum() < 24
    result = json.loads(evaluation.place.result.read_text())["benchmarks"]["countdown"]
    assert result == outcome.results["countdown"]
    assert result["mean@n"] == pytest.approx(right.mean() / 8)
    assert result["mean@n_error"] == pytest.approx((right / 8).std(ddof=1) / 2)
    assert result["pass@k"] == {str(k): pytest.approx(pass_at_k(8, right, k).mean()) for k in (1, 2, 4, 8)}
    assert (result["problems"], result["n"], result["grader_failures"]) == (4, 8, 0)
    assert evaluation.seen[-1] == (32, 32)


def test_the_same_command_again_draws_nothing(evaluation: Evaluation) -> None:
    first = evaluation()
    again = evaluation()
    assert (first.drawn, again.drawn) == (16, 0)
    assert again.results == first.results
    assert evaluation.started == [16]
    assert json.loads(evaluation.place.result.read_text())["versions"] == {"vllm": "fake"}


def test_a_killed_evaluation_goes_on_and_ends_with_the_samples_of_one_that_was_not(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAKE_WORKER", "die:5")
    with pytest.raises(EvaluationError, match=r"exit code 9 after 5 of 16(?s:.*)out of memory, say"):
        evaluation()
    assert len(evaluation.rows()) == 5
    with evaluation.place.samples("countdown").open("ab") as file:
        file.write(b'{"problem_id": "countdown/test/00001", "sam')  # half a line, as of a full disk or a kill
    monkeypatch.delenv("FAKE_WORKER")
    assert evaluation().drawn == 11
    assert evaluation.started == [16, 11]
    other = Evaluation(tmp_path / "whole")
    other()
    assert other.rows() == evaluation.rows()


def test_workers_share_the_samples_and_draw_the_same_ones(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    evaluation(workers=3)
    assert sorted(evaluation.started) == [5, 5, 6]
    other = Evaluation(tmp_path / "one")
    other()
    assert other.rows() == evaluation.rows()


def test_what_the_other_workers_draw_is_kept_when_one_dies(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_WORKER", "die:5")  # of 6, 5 and 5 requests: the first dies
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    with pytest.raises(EvaluationError, match="exit code 9, 0, 0 after 15 of 16"):
        evaluation(workers=3)
    monkeypatch.delenv("FAKE_WORKER")
    assert evaluation().drawn == 1


def test_each_worker_has_one_of_the_visible_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert [environment("gpu", worker, 2)["CUDA_VISIBLE_DEVICES"] for worker in (0, 1)] == ["4", "6"]
    with pytest.raises(ConfigError, match=r"--workers 3, CUDA_VISIBLE_DEVICES=4,6\. Give --workers 2"):
        environment("gpu", 0, 3)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert environment("gpu", 1, 2)["CUDA_VISIBLE_DEVICES"] == "1"
    assert environment("cpu", 0, 1)["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"


def test_a_larger_n_adds_to_what_is_there_and_a_smaller_one_uses_its_first(evaluation: Evaluation) -> None:
    small = evaluation(2)
    large = evaluation(8)
    assert (small.drawn, large.drawn) == (8, 24)
    assert evaluation(2).results == small.results
    assert evaluation(8).results == large.results and evaluation.started == [8, 24]


def test_a_benchmark_may_be_added_and_the_result_keeps_the_others(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grading, "graders", Graders)
    first = evaluation()
    evaluation(4, OTHER)
    results = json.loads(evaluation.place.result.read_text())["benchmarks"]
    assert results["countdown"] == first.results["countdown"] and set(results) == {"countdown", "aime25"}
    assert evaluation.started == [16, 12]


class Graders:
    """In place of harness.graders: the second problem's grader gives up."""

    @staticmethod
    def grade(name: str, source: str, text: str, ground_truth: str) -> Verdict:
        assert (name, source, ground_truth) == ("math_verify", "aime25", "7")
        return Verdict(False, None, "time limit") if text.startswith("1") else Verdict(True, "7", None)


def test_a_grader_that_fails_is_counted_and_said(evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "graders", Graders)
    result = evaluation(8, OTHER).results["aime25"]
    failed = [row for row in evaluation.rows("aime25").values() if row["failure"] == "time limit"]
    assert failed and result["grader_failures"] == len(failed)
    assert not any(row["correct"] for row in failed)


def test_only_the_first_problems(evaluation: Evaluation) -> None:
    assert evaluation(4, problems=2).results["countdown"]["problems"] == 2
    assert evaluation(4).drawn == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": EvalSettings(max_new_tokens=16, temperature=1.0)}, "temperature: there 0.6, now 1.0"),
        ({"settings": EvalSettings(max_new_tokens=16, seed=5)}, "seed: there 0, now 5"),
    ],
)
def test_samples_of_two_settings_are_not_mixed(evaluation: Evaluation, change: dict[str, Any], message: str) -> None:
    evaluation()
    with pytest.raises(EvaluationError, match=message):
        evaluation(**change)
    assert evaluation(**change, force=True).drawn == 16


def test_samples_of_two_versions_of_a_benchmark_are_not_mixed(evaluation: Evaluation) -> None:
    evaluation()
    with pytest.raises(EvaluationError, match="problems of countdown: there sha256:"):
        evaluation(4, Benchmark("countdown", QUESTIONS[:3]))


def test_force_leaves_what_is_not_of_an_evaluation(evaluation: Evaluation) -> None:
    evaluation()
    mine = evaluation.place.folder / "notes.txt"
    mine.write_text("mine")
    assert evaluation(force=True).drawn == 16
    assert mine.read_text() == "mine" and evaluation.started == [16, 16]


def test_a_model_without_room_is_refused_and_leaves_no_claim(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_WORKER", "room:256")
    with pytest.raises(ConfigError, match=r"256 positions.*Give --max-new-tokens 246 or less"):
        evaluation(settings=EvalSettings())
    monkeypatch.delenv("FAKE_WORKER")
    assert evaluation(settings=EvalSettings(max_new_tokens=246)).drawn == 16


def test_one_process_at_a_time(evaluation: Evaluation) -> None:
    evaluation.place.folder.mkdir(parents=True)
    with RunLock(evaluation.place.folder), pytest.raises(LockHeldError):
        evaluation()


def test_a_damaged_line_is_named(evaluation: Evaluation) -> None:
    evaluation()
    path = evaluation.place.samples("countdown")
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(EvaluationError, match="line 1 of "):
        evaluation()


def test_a_sample_depends_on_nothing_but_its_own_place() -> None:
    seeds = {
        seed_of(seed, benchmark, problem, sample)
        for seed in (0, 1)
        for benchmark in ("a", "b")
        for problem in ("p", "q")
        for sample in (0, 1)
    }
    assert len(seeds) == 16 and max(seeds) < 2**31
