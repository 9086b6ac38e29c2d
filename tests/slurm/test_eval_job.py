"""`entrocraft eval ... launcher=slurm` on the fake cluster, with a worker that stands for vLLM's."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.assets import model_folder
from harness.cli import eval_job
from harness.cli.main import main
from harness.config import resolve
from harness.runs import RunFolder
from slurm.starts import Starts
from sweeps.jobs.journal import Journal

ROOT = Path(__file__).parents[2]
STAND_IN = """
import sys
if "harness.cli.main" in sys.orig_argv:
    from harness.evaluate import generation, platforms
    generation.COMMAND = ({python!r}, {worker!r})
    platforms._installed = lambda distribution: distribution == "vllm"
"""
OUT = ["--out", "there", "--force"]
JOB = ["launcher=slurm", "resources.cpus_per_task=1", "resources.mem_gb=2", "poll_s=0.2"]


@pytest.fixture
def run(tmp_path, monkeypatch, fake_slurm):
    """A run with a checkpoint of step 12; every interpreter of a job has vLLM in appearance."""
    worker = str(ROOT / "tests" / "evaluate" / "fake_worker.py")
    stand_in = tmp_path / "stand in"
    stand_in.mkdir()
    (stand_in / "sitecustomize.py").write_text(STAND_IN.format(python=sys.executable, worker=worker))
    monkeypatch.setenv("PYTHONPATH", f"{stand_in}{os.pathsep}{ROOT}")
    monkeypatch.setenv("FAKE_WORKER_LOG", str(tmp_path / "starts"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.chdir(tmp_path)
    config = resolve(["run.dir=run", "trainer.max_new_tokens=24", "data.test_problems=3", "validation.problems=3"])
    folder = RunFolder.create(tmp_path / "run", config.to_dict())
    shutil.copytree(model_folder("tiny"), folder.checkpoint_dir(12))
    return folder


@pytest.fixture
def place(run):
    return run.path / "eval" / "step_000012" / "T0.6-p0.95-k20-24tokens"


def test_the_job_evaluates_what_was_the_newest_checkpoint(run, place, capsys):
    assert main(["eval", "run", "--benchmarks", "countdown", *JOB, "--n", "2", "--wait"]) == 0
    said = capsys.readouterr().out
    result = json.loads((place / "eval.json").read_text())
    assert result["model"]["step"] == 12 and result["benchmarks"]["countdown"]["n"] == 2
    assert "job 1 (ec-eval-" in said and "eval.json" in said and "complete" in said
    assert [start.code for start in Starts(place / "job").all()] == [0]


def test_a_second_job_is_refused_while_the_first_waits(run, place, capsys, fake_slurm):
    fake_slurm.set(slots=0)
    words = ["eval", "run", "--benchmarks", "countdown", *JOB]
    assert main(words) == 0
    (job,) = Journal(place / "job").jobs()
    assert job.job.startswith("ec-eval-T0.6") and job.id == "1"
    assert main(words) == 2
    assert "a second one while job 1 is pending" in capsys.readouterr().err
    subprocess.run(["scancel", "1"], check=True)
    assert main(words) == 0


def test_a_job_that_fails_is_told_with_the_end_of_its_log(run, place, capsys, monkeypatch):
    monkeypatch.setenv("FAKE_WORKER", "die:1")
    assert main(["eval", "run", "--benchmarks", "countdown", *JOB, "--n", "2", "--wait"]) == 2
    said = capsys.readouterr().err
    assert "must end with exit code 0; got FAILED, exit code 2; its log ends: " in said
    assert "the same command goes on from the samples that are there" in said
    monkeypatch.delenv("FAKE_WORKER")
    assert main(["eval", "run", "--benchmarks", "countdown", *JOB, "--n", "2", "--wait"]) == 0
    assert sum(map(int, Path(os.environ["FAKE_WORKER_LOG"]).read_text().split())) == 6 + 5


def test_the_command_of_the_job_has_what_was_given(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(eval_job, "submit_eval", lambda *given: seen.append(given) or 1 / 0)
    monkeypatch.chdir(tmp_path)
    config = resolve(["run.dir=run", "data.test_problems=3", "validation.problems=3"])
    folder = RunFolder.create(tmp_path / "run", config.to_dict())
    shutil.copytree(model_folder("tiny"), folder.checkpoint_dir(12))
    with pytest.raises(ZeroDivisionError):
        main(["eval", "run", "launcher=slurm", "--benchmarks", "countdown", "--n", "4", "--top-p", "0.5", *OUT])
    ((given, _, step, _),) = seen
    words = eval_job.eval_words(given, step)
    assert words[:4] == ["eval", str(tmp_path / "run"), "--benchmarks", "countdown"]
    options = dict(zip(words[4::2], words[5::2], strict=True))
    assert options["--n"] == "4" and options["--top-p"] == "0.5" and options["--step"] == "12"
    assert (
        options["--out"] == str(tmp_path / "there") and "--force" not in options and "--max-new-tokens" not in options
    )


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        (["launcher=slrm"], "launcher must be one of local, slurm"),
        (["launcher=slurm", "driver=slurm"], "an evaluation has no driver"),
        (["trainer.steps=3"], "launch settings of an evaluation must be known ones; got 'trainer.steps'"),
        (["--wait"], "--wait is for a job"),
        (["resources=h100x1"], "resources is a setting of Slurm jobs"),
        ([*JOB, "--workers", "2"], "Set resources.gpus_per_node=2"),
    ],
)
def test_refusals(run, capsys, words, phrase):
    assert main(["eval", "run", "--benchmarks", "countdown", *words]) == 2
    assert phrase in capsys.readouterr().err
