"""`entrocraft osb` on real small policies: what it writes, that it goes on, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from analysis import load_runs
from harness.assets import model_folder
from harness.cli.main import main
from harness.config import resolve
from harness.importing import find_source, import_run
from harness.importing.responses import BASELINES, metrics_of
from harness.output_space import one, run
from harness.runs import RunFolder

QUICK = ["--problems", "4", "--samples", "2", "--max-new-tokens", "12"]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def trained(folder: Path, *steps: int) -> RunFolder:
    """A run folder with checkpoints."""
    config = resolve([f"run.dir={folder}", "method=grpo", "seed=3", "data.test_problems=6", "validation.problems=6"])
    made = RunFolder.create(folder, config.to_dict())
    for step in steps:
        shutil.copytree(model_folder("tiny"), made.checkpoint_dir(step))
    return made


def records(folder: Path) -> dict[int, dict[str, Any]]:
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return {line["step"]: line["data"] for line in lines}


def responses(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / "osb.jsonl").read_bytes().splitlines()]


def test_a_run_gives_one_record_a_checkpoint_which_all_the_rest_reads(capsys: pytest.CaptureFixture[str]) -> None:
    trained(Path("run"), 4, 12)
    words = ["osb", "run", "--prompts", "countdown", "--out", "osb", *QUICK, "--tokens"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "responses 24/24" in said.err and "3 checkpoints measured; in osb/grpo-s3-osb" in said.out
    folder = Path("osb/grpo-s3-osb")
    found = load_runs("osb")
    assert list(found.steps["step"]) == [0, 4, 12] and found.runs["method"].tolist() == ["grpo"]
    assert found.runs["config.trainer.prompts_per_step"].iloc[0] == resolve([]).trainer.prompts_per_step
    names = {f"osb/countdown/{name}" for name in metrics_of(responses(folder)[:1])}
    assert names <= set(found.steps.columns)
    # the checkpoints are of one model, and the responses have their seeds from prompt and sample
    assert len({json.dumps(data, sort_keys=True) for data in records(folder).values()}) == 1

    tokens = [orjson.loads(line) for line in (folder / "measured/step_000004.tokens.jsonl").read_bytes().splitlines()]
    mine = [row for row in responses(folder) if row["step"] == 4]
    for row, of_tokens in zip(mine, tokens, strict=True):
        assert len(of_tokens["tokens"]) == row["response_length"] == len(of_tokens["log_prob"])
        for version, name in {**BASELINES, "log_prob": "log_likelihood", "entropy": "entropy"}.items():
            assert row[name] == pytest.approx(np.sum(of_tokens[version]), rel=1e-5)


def test_the_files_are_measurements_that_import_reads_to_the_same_records() -> None:
    assert main(["osb", "tiny", "--prompts", "countdown", "--method", "grpo", "--out", "osb", *QUICK]) == 0
    source = find_source(Path("osb/grpo-s0-osb/measured"))
    done = import_run(source, Path("imported/again"), method="grpo", seed=0)
    assert records(done.folder) == records(Path("osb/grpo-s0-osb"))
    assert responses(done.folder) == responses(Path("osb/grpo-s0-osb"))


def test_again_measures_nothing_and_a_new_checkpoint_is_added(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = trained(Path("run"), 4)
    words = ["osb", "run", "--prompts", "countdown", "--out", "osb", *QUICK]
    assert main(words) == 0
    before = records(Path("osb/grpo-s3-osb"))
    shutil.copytree(model_folder("tiny"), made.checkpoint_dir(8))
    measured: list[Path] = []
    real = one.measure

    def measure(model: Path, *rest: Any, **named: Any) -> Any:
        measured.append(model)
        return real(model, *rest, **named)

    monkeypatch.setattr(run, "measure", measure)
    assert main(words) == 0 and main(words) == 0
    assert measured == [made.checkpoint_dir(8).resolve()]
    assert "0 checkpoints measured" in capsys.readouterr().out
    after = records(Path("osb/grpo-s3-osb"))
    assert list(after) == [0, 4, 8] and {step: after[step] for step in before} == before


def test_a_measurement_that_was_killed_leaves_no_run_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    trained(Path("run"), 4)
    words = ["osb", "run", "--prompts", "countdown", "--out", "osb", *QUICK]
    real, calls = one.measure, []

    def second_dies(*given: Any, **named: Any) -> Any:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(run, "measure", second_dies)
    assert main(words) == 130
    assert not Path("osb/grpo-s3-osb/manifest.json").exists()
    assert main(words) == 0 and len(calls) == 3
    assert list(records(Path("osb/grpo-s3-osb"))) == [0, 4]


def test_given_responses_are_scored_and_an_empty_one_counts_as_the_authors_count_it() -> None:
    lines = [
        {"prompt": "3 7 2=13", "response": "3*2+7", "ground_truth": "13"},
        {"messages": [{"role": "user", "content": "1 1=2"}], "response": ""},
    ]
    Path("some.prompts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["osb", "tiny", "--prompts", "some.prompts.jsonl", "--method", "base", "--out", "osb"]) == 0
    first, second = responses(Path("osb/base-s0-osb"))
    assert first["dataset"] == "some" and first["response_length"] == 5 and first["log_likelihood"] < 0
    assert second["response_length"] == 0 and second["log_likelihood"] == 0 == second["log_osb"]
    data = records(Path("osb/base-s0-osb"))[0]
    assert data["osb/some/mean_log_likelihood"] == first["log_likelihood"] / 2
    assert "1 of 2 responses at step 0 have 0 tokens" in load_runs("osb").runs["partial"].iloc[0]


def test_updates_on_responses_are_made_and_told() -> None:
    words = ["osb", "tiny", "--prompts", "countdown", "--method", "grpo", "--out", "osb", *QUICK, "--updates", "3"]
    assert main(words) == 0
    data = records(Path("osb/grpo-s0-osb"))[0]
    assert data["osb/countdown/updates"] == 3
    updated = [row for row in responses(Path("osb/grpo-s0-osb")) if "realised_up" in row]
    assert [row["sample"] for row in updated] == [0, 1, 2]
    against = [row["realised_up"] < 0 for row in updated] + [row["realised_down"] > 0 for row in updated]
    assert data["osb/countdown/agree_advantage"] == pytest.approx(np.mean(against))


def test_a_merged_copy_of_shards_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def served(source: Any, weights: str, platform: str, cache: Path) -> Path:
        shutil.copytree(model_folder("tiny"), cache / "merged")
        return cache / "merged"

    monkeypatch.setattr(run, "served", served)
    actor = Path("global_step_7/actor")
    (actor / "huggingface").mkdir(parents=True)
    (actor / "fsdp_config.json").write_text("{}")
    (actor / "model_world_size_1_rank_0.pt").write_bytes(b"weights")
    assert main(["osb", "global_step_7", "--prompts", "countdown", "--method", "nsr", "--out", "osb", *QUICK]) == 0
    assert list(records(Path("osb/nsr-s0-osb"))) == [7] and not Path("osb/nsr-s0-osb/model").exists()


BAD = {
    "not.jsonl": "nothing\n",
    "both.jsonl": '{"prompt": "1=1", "messages": []}\n',
    "empty.jsonl": "",
    "number.jsonl": '{"prompt": 3}\n',
    "role.jsonl": '{"messages": [{"content": "1=1"}]}\n',
    "mixed.jsonl": '{"prompt": "1=1", "response": "1"}\n{"prompt": "1=1"}\n',
    "blank.jsonl": '{"prompt": ""}\n',
}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tiny", "--prompts", "countdown"], "no --method"),
        (["tiny", "--prompts", "nothing.jsonl"], "prompts must be a benchmark or a JSONL file"),
        (["tiny", "--prompts", "math500"], "math500"),
        (["tiny", "--prompts", "not.jsonl"], "line 1 of 'not.jsonl'"),
        (["tiny", "--prompts", "both.jsonl"], "one of the two"),
        (["tiny", "--prompts", "empty.jsonl"], "must have one"),
        (["tiny", "--prompts", "number.jsonl"], "3, not a text"),
        (["tiny", "--prompts", "role.jsonl"], "'role'"),
        (["tiny", "--prompts", "mixed.jsonl"], "1 of 2"),
        (["tiny", "--prompts", "blank.jsonl"], "an empty prompt"),
        (["tiny", "--prompts", "countdown", "--temperature", "0"], "--temperature must be a finite number > 0"),
        (["tiny", "--prompts", "countdown", "--temperature", "nan"], "--temperature"),
        (["tiny", "--prompts", "countdown", "--top-p", "1.5"], "--top-p"),
        (["tiny", "--prompts", "countdown", "--samples", "0"], "--samples"),
        (["tiny", "--prompts", "countdown", "--problems", "-1"], "--problems"),
        (["tiny", "--prompts", "countdown", "--seed", "-1"], "--seed"),
        (["tiny", "--prompts", "countdown", "--updates", "-1"], "--updates"),
        (["tiny", "--prompts", "countdown", "--update-step", "sgd"], "gradient, adam"),
        (["tiny", "--prompts", "countdown", "--threads", "0"], "--threads"),
        (["tiny", "--prompts", "countdown", "--max-new-tokens", "100000"], "must fit the model's"),
        (["tiny", "tiny", "--prompts", "countdown"], "each step is measured once"),
        (["tiny", "--prompts", "countdown", "--step", "3"], "--step must choose checkpoints of a run"),
        (["nowhere", "--prompts", "countdown"], "which does not exist"),
        (["run", "--prompts", "countdown", "--step", "5"], "checkpoints of the steps 0, 4"),
        (["run", "other", "--prompts", "countdown"], "of one training"),
        (["run", "--prompts", "countdown", "--method", "nsr"], "the run's is 'grpo'"),
        (["run", "--prompts", "countdown", "--run-seed", "9"], "the run's is 3"),
    ],
)
def test_what_is_refused(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in BAD.items():
        Path(name).write_text(content)
    trained(Path("run"), 4)
    trained(Path("other"), 4)
    method = [] if "no --method" in message or words[0] == "run" else ["--method", "grpo"]
    assert main(["osb", *words, *method, "--out", "osb"]) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error
    assert not list(Path().glob("osb/*/manifest.json"))


def test_a_folder_of_another_measurement_is_not_added_to(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["osb", "tiny", "--prompts", "countdown", "--method", "grpo", "--out", "osb", *QUICK]
    assert main(words) == 0
    before = Path("osb/grpo-s0-osb/metrics.jsonl").read_bytes()
    assert main([*words, "--temperature", "1"]) == 2
    assert "one set of prompts, settings and weights" in capsys.readouterr().err
    assert main(["osb", "osb/grpo-s0-osb", "--prompts", "countdown", "--out", "again"]) == 2
    assert "is a measurement itself" in capsys.readouterr().err
    assert main([*words, "--run-seed", "2", "--name", "grpo-s0-osb"]) == 2
    assert "of one training" in capsys.readouterr().err
    trained(Path("osb/run"))
    assert main([*words, "--name", "run"]) == 2
    assert "a folder of its own" in capsys.readouterr().err
    Path("osb/full").mkdir()
    Path("osb/full/mine.txt").write_text("mine")
    assert main([*words, "--name", "full"]) == 2
    assert Path("osb/grpo-s0-osb/metrics.jsonl").read_bytes() == before
    assert [each.name for each in Path("osb/full").iterdir()] == ["mine.txt"]


def test_a_model_whose_logits_are_not_finite_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors.numpy import load_file, save_file

    shutil.copytree(model_folder("tiny"), "broken")
    tensors = load_file("broken/model.safetensors")
    tensors["model.norm.weight"] = np.full_like(tensors["model.norm.weight"], np.nan)
    save_file(tensors, "broken/model.safetensors", metadata={"format": "pt"})
    Path("one.jsonl").write_text('{"prompt": "1=1", "response": "1"}\n')
    assert main(["osb", "broken", "--prompts", "one.jsonl", "--method", "grpo", "--out", "osb"]) == 2
    assert "response 0: logits must be finite" in capsys.readouterr().err
