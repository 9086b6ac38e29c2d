"""The real verl, vLLM, FSDP2 and Ray on the CPU: one run that is asked to stop and goes on, and what it left."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import load_runs
from harness.core.pass_at_k import pass_at_k
from harness.problems.countdown import CountdownConfig, make_problems
from harness.runs import RunFolder, RunState
from harness.runs.metrics import read_records
from tests.verl.verl_environment import python

pytestmark = [pytest.mark.needs("verl"), pytest.mark.timeout(1200)]

STEPS, PROMPTS, SIBLINGS, MINI_BATCHES, SAMPLES = 8, 8, 8, 4, 4
SHARED = [
    "backend=verl", "platform=cpu", f"trainer.steps={STEPS}", f"trainer.prompts_per_step={PROMPTS}",
    f"trainer.rollouts_per_prompt={SIBLINGS}", "trainer.epochs=1", f"trainer.mini_batches={MINI_BATCHES}",
    "validation.problems=20", f"validation.samples={SAMPLES}", "validation.every=4", "checkpoint.every=4", "seed=3",
]  # fmt: skip
LINEAR = ["schedule=linear", "schedule.start=0.5", "schedule.end=0.2"]


def entrocraft(folder: Path, *settings: str) -> subprocess.Popen[bytes]:
    command = [str(python()), "-m", "harness.cli.main", "run", *SHARED, *settings, f"run.dir={folder}"]
    with (folder.parent / f"{folder.name}.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder.parent)


def finished(process: subprocess.Popen[bytes], folder: Path, code: int) -> None:
    assert process.wait(timeout=900) == code, (folder.parent / f"{folder.name}.log").read_text()[-4000:]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of Entrocraft that was asked to stop after its second step, and went on."""
    folder = RunFolder(tmp_path_factory.mktemp("verl") / "run")
    settings = ["method=entrocraft", *LINEAR, "loss.kl_coef=0"]
    first = entrocraft(folder.path, *settings)
    while first.poll() is None and (not folder.metrics_path.exists() or folder.last_record()["step"] < 2):  # type: ignore[index]
        time.sleep(0.2)
    folder.request_stop()
    finished(first, folder.path, 3)
    assert folder.manifest()["state"] == RunState.STOPPED
    finished(entrocraft(folder.path, *settings), folder.path, 0)
    return folder


def rows(run: RunFolder) -> dict[int, dict[str, Any]]:
    lines = (run.path / "verl" / "rows.jsonl").read_text().splitlines()
    return {record["step"]: record for record in map(json.loads, lines)}


def test_it_ends_complete_in_two_attempts(run: RunFolder) -> None:
    manifest = run.manifest()
    assert run.is_done() and manifest["state"] == RunState.COMPLETE
    stopped, complete = manifest["attempts"]
    assert stopped["outcome"] == "stopped" and 2 <= stopped["to_step"] < STEPS
    assert complete["from_step"] == stopped["to_step"] and complete["to_step"] == STEPS


def test_metrics_are_continuous_although_verl_began_a_new_file(run: RunFolder) -> None:
    records = read_records(run.metrics_path)
    assert [record["step"] for record in records] == list(range(STEPS + 1))
    assert {record["attempt"] for record in records} == {1, 2}
    assert load_runs(run.path).runs.loc[0, "partial"] == ""


def test_each_step_counts_what_could_not_be_graded(run: RunFolder) -> None:
    counts = [record["data"].get("reward/grader_failures") for record in run.metrics()]
    assert counts == [None, *[0.0] * STEPS]


def test_no_column_is_read_again_that_verl_had_in_its_hands(run: RunFolder) -> None:
    assert [row["read"] for row in rows(run).values()] == [False] * STEPS


def test_rejected_rows_are_in_no_update_and_the_number_of_updates_is_the_configured_one(run: RunFolder) -> None:
    records = {record["step"]: record["data"] for record in run.metrics()}
    rejected = 0
    for step, row in rows(run).items():
        kept = {index for index, keep in enumerate(row["keep"]) if keep}
        updated = [index for part in row["updates"] for index in part]
        assert len(row["keep"]) == PROMPTS * SIBLINGS
        assert sorted(updated) == sorted(kept)
        assert len(row["updates"]) == MINI_BATCHES == records[step]["actor/updates"]
        assert len(kept) == records[step]["control/kept_rows"]
        rejected += len(row["keep"]) - len(kept)
    assert rejected > 0


def test_the_filter_rejects_only_what_pushes_the_wrong_way(run: RunFolder) -> None:
    records = {record["step"]: record["data"] for record in run.metrics()}
    for step, row in rows(run).items():
        m = records[step]["control/m"]
        for reward, keep in zip(row["rewards"], row["keep"], strict=True):
            assert keep or reward == -m


def test_the_controller_goes_on_from_the_checkpoint(run: RunFolder) -> None:
    streaks = [record["data"]["control/streak"] for record in run.metrics() if record["step"]]
    directions = [record["data"]["control/m"] for record in run.metrics() if record["step"]]
    expected = 0.0
    for before, m, streak in zip([0.0, *directions], directions, streaks, strict=False):
        expected = 0.0 if m == 0 else expected + 1 if m == before else 1.0
        assert streak == expected


def test_pass_at_k_of_the_dump_is_that_of_the_frames(run: RunFolder) -> None:
    samples = load_runs(run.path).samples
    for record in run.metrics():
        step, data = record["step"], record["data"]
        if step % 4:
            assert "val-core/countdown/acc/mean@4" not in data
            continue
        (dump,) = (run.path / "verl").glob(f"attempt_*/validation/{step}.jsonl")
        lines = [json.loads(line) for line in dump.read_text().splitlines()]
        correct: dict[str, int] = {}
        for line in lines:
            correct[line["problem_id"]] = correct.get(line["problem_id"], 0) + int(line["acc"])
        n = np.full(len(correct), SAMPLES)
        by_dump = {k: pass_at_k(n, np.array(list(correct.values())), k).mean() for k in (1, 2, 4)}
        frame = samples[samples["step"] == step].groupby("problem_id")["correct"].sum()
        for k, value in by_dump.items():
            assert data[f"val-aux/countdown/pass@{k}"] == pytest.approx(value)
            assert pass_at_k(n, frame.to_numpy(), k).mean() == pytest.approx(value)
        assert data["val-core/countdown/acc/mean@4"] == pytest.approx(by_dump[1])


def test_its_last_checkpoint_can_be_evaluated(run: RunFolder) -> None:
    drawn = ["--benchmarks", "countdown", "--n", "16"]
    settings = ["--temperature", "1", "--top-p", "1", "--top-k", "0"]
    command = [str(python()), "-m", "harness.cli.main", "eval", str(run.path), *drawn, *settings]
    subprocess.run(command, check=True, cwd=run.path.parent)
    (found,) = (run.path / "eval" / f"step_{STEPS:06d}").glob("*/eval.json")
    result = json.loads(found.read_text())
    assert result["model"]["step"] == STEPS and result["model"]["run_id"] == run.manifest()["run_id"]
    lines = (found.parent / "samples" / "countdown.jsonl").read_text().splitlines()
    frame = pd.DataFrame(map(json.loads, lines)).groupby("problem_id")["correct"].mean()
    validated = pd.DataFrame(run.samples(STEPS)).groupby("problem_id")["correct"].mean()
    assert list(validated.index) == [problem.problem_id for problem in make_problems(CountdownConfig())["test"][:20]]
    # Other samples of the same problems, weights rounded to bfloat16.
    difference = (frame - validated).dropna()
    assert len(frame) == 200
    assert len(difference) == 20 and abs(difference.mean()) < 4 * difference.std() / np.sqrt(20)


def test_a_method_of_the_plug_in_with_a_reference_model(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    short = ["trainer.steps=3", "schedule.horizon=3", "validation.every=3"]
    finished(entrocraft(folder.path, "method=entropic", *LINEAR, *short), folder.path, 0)
    records = [record["data"] for record in folder.metrics()][1:]
    assert len(records) == 3
    integral = 0.0
    for data in records:
        error = data["control/entropy"] - data["control/target"]
        integral += error
        assert data["control/alpha"] == pytest.approx(np.clip(error + 0.01 * integral, -1, 1))
        # k3 is never negative, and zero only where the policy still is the reference.
        assert 0 < data["actor/kl_loss"] < 0.1 and data["actor/grad_norm"] > 0
    (state,) = (folder.path / "verl" / "checkpoints").glob("global_step_3/entrocraft.json")
    assert json.loads(state.read_text())["method"]["integral"] == pytest.approx(integral)


def test_two_data_parallel_ranks_with_a_loss_that_verl_does_not_have(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    eq5 = ["method=entrocraft", "method.base=gspo", *LINEAR, "loss.average=eq5", "platform.gpus=2"]
    short = ["trainer.steps=2", "schedule.horizon=2", "validation.every=2"]
    finished(entrocraft(folder.path, *eq5, *short), folder.path, 0)
    records = {record["step"]: record["data"] for record in folder.metrics()}
    odd = 0
    for step, row in rows(folder).items():
        kept = {index for index, keep in enumerate(row["keep"]) if keep}
        assert sorted(index for part in row["updates"] for index in part) == sorted(kept)
        assert len(row["updates"]) == MINI_BATCHES and 0 < len(kept) < PROMPTS * SIBLINGS
        odd += sum(len(part) % 2 for part in row["updates"])
        # Metrics of the harness's own loss; verl's has no fractions by side.
        assert 0 <= records[step]["actor/clipfrac_up"] + records[step]["actor/clipfrac_down"] <= 1
        assert records[step]["actor/kl_loss"] > 0 and records[step]["actor/grad_norm"] > 0
    assert odd > 0  # some mini-batch needed padding


def test_a_step_that_keeps_nothing_updates_nothing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    # One token is no answer: all rollouts are wrong, and PSR keeps the right ones.
    short = ["trainer.steps=2", "validation.every=2", "trainer.max_new_tokens=1", "loss.kl_coef=0"]
    finished(entrocraft(folder.path, "method=psr", *short), folder.path, 0)
    records = {record["step"]: record["data"] for record in folder.metrics()}
    for step, row in rows(folder).items():
        assert row["updates"] == [] and not any(row["keep"])
        assert records[step]["actor/updates"] == 0 and "actor/grad_norm" not in records[step]
    # Sampling from unchanged weights: entropies of two batches of first tokens are near each other.
    assert records[1]["actor/entropy"] == pytest.approx(records[2]["actor/entropy"], rel=0.2)
