"""What was not made here becomes a run folder that everything reads: same numbers, nothing invented, never mixed."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from osb_files import write_osb

from analysis import compare, load_runs, pass_at_k_curves, write_sidecar
from harness.cli.main import main
from harness.errors import DataError, RunFolderError
from harness.importing import Imported, find_source, import_run
from harness.runs import RunFolder
from harness.verl_backend.ingest import sample_records
from paper_figures.make import make_figures

STEPS = 10
CORRECT = {0: [0, 1, 2], 10: [4, 3, 0]}
N = 4


def log_line(step: int, **data: Any) -> str:
    metrics = {"actor/entropy": 0.6 - 0.01 * step, "critic/score/mean": 0.1, "training/mode": "sync", **data}
    return json.dumps({"step": step, "data": metrics}) + "\n"


def dump_rows(at: int, counts: list[int], **changes: Any) -> list[dict[str, Any]]:
    rows = [
        {"input": f"{i} + 1 =", "output": f"<{i}>", "gts": "1", "score": 1.0 if j < c else -1.0, "step": at}
        | {
            "reward": 1.0,
            "acc": float(j < c),
            "pred": "7",
            "problem_id": f"p{i}",
            "source": "aime25",
            "uid": f"{i}-{j}",
        }
        for i, c in enumerate(counts)
        for j in range(N)
    ]
    return [{key: value for key, value in {**row, **changes}.items() if value is not ...} for row in rows]


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder as verl leaves it: the log of 10 steps, dumps of steps 0 and 10."""
    folder = tmp_path / "logs"
    for step, counts in CORRECT.items():
        write_lines(folder / "validation" / f"{step}.jsonl", dump_rows(step, counts))
    lines = [log_line(0, **{"val-core/aime25/acc/mean@4": 0.25}), *(log_line(step) for step in range(1, STEPS + 1))]
    (folder / "run.jsonl").write_text("".join(lines))
    return folder


def imported(path: Path, out: Path, **how: Any) -> Imported:
    return import_run(find_source(path), out, **{"method": "grpo", "seed": 1, **how})


def test_a_log_with_dumps_gives_its_numbers(logs: Path, tmp_path: Path) -> None:
    assert imported(logs, tmp_path / "runs" / "a").defects == []
    runs = load_runs(tmp_path / "runs")
    np.testing.assert_array_equal(runs.steps["step"], np.arange(STEPS + 1))
    np.testing.assert_allclose(runs.steps["actor/entropy"], 0.6 - 0.01 * np.arange(STEPS + 1))
    counts = runs.counts.set_index(["step", "problem_id"])["c"]
    assert {step: list(counts[step]) for step in CORRECT} == CORRECT
    row = compare(runs).iloc[0]
    assert row["mean@n"] == pytest.approx(7 / 12) and row["n"] == N and row["problems"] == 3
    assert "imported from logs: planned steps, schedule and settings are not known" in row["notes"]


def test_samples_are_those_that_the_backend_makes_of_such_a_dump(logs: Path, tmp_path: Path) -> None:
    out = imported(logs, tmp_path / "a").folder
    for step, counts in CORRECT.items():
        assert RunFolder(out).samples(step) == [
            {**row, "sample": row["sample"]} for row in sample_records(dump_rows(step, counts), step)
        ]


def test_what_is_not_known_is_absent(logs: Path, tmp_path: Path) -> None:
    manifest: Any = RunFolder(imported(logs, tmp_path / "a").folder).manifest()
    assert manifest["config"] == {"seed": 1, "backend": "verl", "method": {"name": "grpo"}}
    for key in ("schedule", "host", "python", "threads", "device", "started", "ended"):
        assert manifest[key] is None
    assert manifest["git"]["commit"] is None and manifest["packages"] == {}
    facts = manifest["imported"]
    assert (facts["kind"], facts["name"], len(facts["sha256"])) == ("verl", "logs", 64)
    assert str(tmp_path) not in json.dumps(manifest)


def test_again_changes_nothing(logs: Path, tmp_path: Path) -> None:
    out = imported(logs, tmp_path / "a").folder
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert not imported(logs, tmp_path / "a").new
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def more_steps(logs: Path) -> dict[str, Any]:
    with (logs / "run.jsonl").open("a") as file:
        file.write(log_line(STEPS + 1))
    return {}


def another_dump(logs: Path) -> dict[str, Any]:
    write_lines(logs / "validation" / "10.jsonl", dump_rows(10, [0, 0, 0]))
    return {}


@pytest.mark.parametrize("change", [more_steps, another_dump, lambda logs: {"seed": 2}, lambda logs: {"method": "nsr"}])
def test_another_source_is_not_mixed_in(change: Callable[[Path], dict[str, Any]], logs: Path, tmp_path: Path) -> None:
    imported(logs, tmp_path / "a")
    how = change(logs)
    with pytest.raises(RunFolderError, match="never mixed"):
        imported(logs, tmp_path / "a", **how)


def test_a_run_of_the_harness_is_not_written_over(logs: Path, tmp_path: Path) -> None:
    config = {"seed": 1, "method": {"name": "grpo"}, "trainer": {"steps": 1, "threads": 1, "device": "cpu"}}
    RunFolder.create(tmp_path / "a", config)
    with pytest.raises(RunFolderError, match="a folder of its own"):
        imported(logs, tmp_path / "a")


def test_nothing_is_left_of_an_import_that_failed(logs: Path, tmp_path: Path) -> None:
    (logs / "run.jsonl").write_text(log_line(1) + log_line(2) + log_line(2))
    with pytest.raises(DataError, match="line 3 logs step 2 again"):
        imported(logs, tmp_path / "out" / "a")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_resumed_log_is_stitched(logs: Path, tmp_path: Path) -> None:
    with (logs / "run.jsonl").open("a") as file:
        file.writelines(log_line(step, **{"actor/entropy": 9.0}) for step in (9, 10))
    imported(logs, tmp_path / "runs" / "a")
    steps = load_runs(tmp_path / "runs").steps
    assert list(steps["attempt"].tail(3)) == [1, 2, 2] and list(steps["actor/entropy"].tail(2)) == [9.0, 9.0]


def test_a_validation_that_is_logged_apart_joins_its_step(logs: Path, tmp_path: Path) -> None:
    (logs / "run.jsonl").write_text(
        log_line(1) + json.dumps({"step": 1, "data": {"val-core/x/acc/mean@4": 0.5}}) + "\n"
    )
    imported(logs, tmp_path / "runs" / "a")
    steps = load_runs(tmp_path / "runs").steps
    assert len(steps) == 1 and steps["val-core/x/acc/mean@4"].tolist() == [0.5]


def test_nan_and_a_truncated_line_are_told(logs: Path, tmp_path: Path) -> None:
    lines = (logs / "run.jsonl").read_text().splitlines(keepends=True)
    lines[4] = log_line(4, **{"actor/entropy": float("nan")})
    (logs / "run.jsonl").write_text("".join(lines) + '{"step": 11, "da')
    imported(logs, tmp_path / "runs" / "a")
    runs = load_runs(tmp_path / "runs")
    assert np.isnan(runs.steps["actor/entropy"].iloc[4])
    partial = runs.runs["partial"].iloc[0]
    assert "the last line of the log is truncated" in partial and "actor/entropy is not finite at steps 4" in partial


DUMPS = {
    "no verdict": ({"acc": 0.5}, "line 1 has acc = 0.5, which does not say right or wrong"),
    "score of no meaning": ({"acc": ..., "score": 0.3}, "line 1 has score = 0.3, which does not say"),
    "another step": ({"step": 9}, "line 1 carries step 9"),
    "no benchmark": ({"source": ...}, "line 1 names no benchmark: give --source"),
}


@pytest.mark.parametrize("name", DUMPS)
def test_a_dump_that_says_too_little_is_left_out_with_its_reason(name: str, logs: Path, tmp_path: Path) -> None:
    changes, reason = DUMPS[name]
    write_lines(logs / "validation" / "10.jsonl", dump_rows(10, [4, 3, 0], **changes))
    (logs / "run.jsonl").write_text("".join(log_line(step) for step in range(STEPS + 1)))
    (defect,) = imported(logs, tmp_path / "runs" / "a").defects
    assert defect.startswith("samples of step 10 not imported: ") and reason in defect
    runs = load_runs(tmp_path / "runs")
    assert set(runs.samples["step"]) == {0}
    assert reason in compare(runs)["notes"].iloc[0]


def test_a_dump_of_another_reward_function_is_known_by_prompt_answer_and_score(logs: Path, tmp_path: Path) -> None:
    for step, counts in CORRECT.items():
        rows = dump_rows(step, counts, acc=..., pred=..., problem_id=..., source=...)
        write_lines(logs / "validation" / f"{step}.jsonl", rows)
    imported(logs, tmp_path / "runs" / "a")
    runs = load_runs(tmp_path / "runs")
    assert runs.sources == ["aime25"]  # the one that the log names
    counts = runs.counts.groupby("step")["c"].apply(sorted)
    assert {step: counts[step] for step in CORRECT} == {step: sorted(c) for step, c in CORRECT.items()}
    assert runs.counts["problem_id"].nunique() == 3


def test_figures_and_sidecars_are_made_of_imported_runs(logs: Path, tmp_path: Path) -> None:
    imported(logs, tmp_path / "runs" / "a")
    names = {path.name for path in make_figures(tmp_path / "runs", tmp_path / "figures")}
    assert {"entropy.png", "reward.png", "pass_at_k.png", "accuracy_over_training.png"} <= names
    runs = load_runs(tmp_path / "runs")
    assert pass_at_k_curves(runs)["k"].tolist() == [1, 2, 4]
    sidecar = json.loads(write_sidecar(tmp_path / "table.md", runs).read_text())
    assert sidecar["commits"] == [] and sidecar["dirty"] is None


def test_what_cannot_be_imported_is_refused(tmp_path: Path, logs: Path) -> None:
    with pytest.raises(DataError, match="exists"):
        find_source(tmp_path / "none")
    (tmp_path / "other.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(DataError, match="neither in"):
        find_source(tmp_path / "other.jsonl")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_text("{}")
    (tmp_path / "run" / "metrics.jsonl").write_text(log_line(1))
    for path in (tmp_path / "run", tmp_path / "run" / "metrics.jsonl"):
        with pytest.raises(DataError, match="no run folder yet"):
            find_source(path)
    (logs / "second.jsonl").write_text(log_line(1))
    with pytest.raises(DataError, match="one log"):
        find_source(logs)
    with pytest.raises(DataError, match="none in"):
        find_source(logs / "run.jsonl", tmp_path)


def test_the_baseline_of_the_authors_form(tmp_path: Path) -> None:
    folder = write_osb(tmp_path / "osb", empty_at=5)
    done = imported(folder, tmp_path / "runs" / "osb")
    assert done.defects == ["1 of 4 responses at step 5 have 0 tokens; counted as recorded"]
    runs = load_runs(tmp_path / "runs")
    assert list(runs.steps["step"]) == [0, 5, 10]
    for step, name in ((0, "base"), (5, "global_step_5"), (10, "global_step_10")):
        told = json.loads((folder / f"{name}.json").read_text())["datasets"]["test"]
        row = runs.steps[runs.steps["step"] == step].iloc[0]
        for key in ("mean_log_likelihood_per_token", "mean_log_osb_per_token", "mean_response_length"):
            assert row[f"osb/test/{key}"] == pytest.approx(told[key], rel=1e-12)
    lines = [orjson.loads(line) for line in (done.folder / "osb.jsonl").read_bytes().splitlines()]
    assert len(lines) == 12 and {*lines[0]} >= {"step", "log_likelihood", "log_osb", "response_length"}
    partial = runs.runs["partial"].iloc[0]
    assert "steps missing" not in partial and "0 tokens" in partial


def test_commands_on_runs_without_samples_say_that_there_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(write_osb(tmp_path / "osb"), tmp_path / "runs" / "osb")
    assert main(["compare", str(tmp_path / "runs")]) == 0
    shown = capsys.readouterr().out
    assert "No run has validation samples." in shown and "0 problems" not in shown and "paired on" not in shown
    assert main(["figures", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]) == 0
    written = capsys.readouterr()
    assert written.out or "no figure: no run below" in written.err


def test_a_baseline_whose_means_are_not_of_its_responses_is_refused(tmp_path: Path) -> None:
    folder = write_osb(tmp_path / "osb")
    content = json.loads((folder / "base.json").read_text())
    content["datasets"]["test"]["per_sample"][0]["log_osb"] *= 1.01
    (folder / "base.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="mean_log_osb"):
        imported(folder, tmp_path / "a")


@pytest.mark.skipif("ENTROCRAFT_OSB" not in os.environ, reason="ENTROCRAFT_OSB: the folder of the authors' files")
def test_the_authors_files(tmp_path: Path) -> None:
    folder = Path(os.environ["ENTROCRAFT_OSB"])
    done = imported(folder, tmp_path / "runs" / "osb")
    assert len(load_runs(tmp_path / "runs").steps) == len(list(folder.glob("*.json")))
    assert done.defects == ["1 of 10 responses at step 5 have 0 tokens; counted as recorded"]


def test_the_command(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["import", str(logs), "--method", "grpo", "--seed", "1", "--out", str(tmp_path / "runs")]
    assert main(words) == 0 and main(words) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("imported: ") and out[1].startswith("already imported: ")
    assert (tmp_path / "runs" / "grpo-s1" / "manifest.json").exists()
    assert main([*words[:5], "2", *words[6:], "--name", "grpo-s1"]) == 2


@pytest.mark.parametrize(
    ("words", "rule", "remedy"),
    [
        (["run", "run.dir={run}"], "made here to go on", "run.dir=PATH"),
        (["run", "run.dir={run}", "method=grpo", "seed=1", "trainer.steps=9"], "made here to go on", "run.dir=PATH"),
        (["eval", "{run}", "--benchmarks", "countdown"], "made here to be evaluated", "global_step_N"),
        (["eval", "{run}", "--benchmarks", "countdown", "--step", "0"], "made here to be evaluated", "global_step_N"),
        (["retry", "{run}"], "made here to be retried", "import that"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else None,
)
@pytest.mark.parametrize("kind", ["verl", "osb"])
def test_nothing_goes_on_with_an_imported_run(
    kind: str, words: list[str], rule: str, remedy: str, logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = logs if kind == "verl" else write_osb(tmp_path / "osb")
    run = imported(source, tmp_path / "runs" / "mine").folder
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main([word.format(run=run) for word in words]) == 2
    error = capsys.readouterr().err
    assert rule in error and f"got '{run}', imported from " in error and remedy in error
    assert "neither a whole configuration nor a checkpoint" in error
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before, "nothing is added"
