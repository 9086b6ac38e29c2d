"""`status`, `logs`, `cancel` and `retry` as a person types them, on folders without processes."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.cli.places import plain
from harness.runs import RunFolder, RunLock, RunState
from sweeps.folder import StudyFolder
from sweeps.jobs.ends import Cause
from sweeps.jobs.journal import End, Journal
from sweeps.plan import create_run, points, resolved_points
from sweeps.requests import open_requests, take
from sweeps.storage.place import sqlite_in
from sweeps.storage.store import Store, make
from tests.sweeps.fake_study import resolve, study

ODD = "it's a $(touch canary) [red]study[] \x1b[31m#1"
FIGURES = {"control/entropy": 0.5, "control/target": 0.4, "critic/score/mean": 0.25}
NO_RUNS = [
    "t0009-s1",
    "demo/t0009-s1",
    "demo/../demo",
    "*",
    "t*-s1",
    "",
    "..",
    "demo/",
    "t0001-s1\n",
    "\udcff",
    "a" * 5000,
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(name: str, trials: int = 2, seeds: tuple[int, ...] = (1, 2)) -> StudyFolder:
    """studies/NAME: the first trial failed at seed 1, the second is asked for, the others wait."""
    config = study(*(f"x={number}" for number in range(trials)), seeds=list(seeds))
    folder = StudyFolder(Path("studies") / name)
    folder.path.mkdir(parents=True)
    folder.freeze({"study": config.to_dict(), "points": resolved_points(config, resolve)})
    place = sqlite_in(folder.path, config.name)
    make(place, config)
    store = Store(place, config)
    store.enqueue(dict(enumerate(points(config))))
    first, second = store.ask(), store.ask()
    for trial in (first, second):
        for seed in seeds:
            run = create_run(folder.runs_path / trial.run_name(seed), resolve(["steps=10"]), trial.title, None)
            attempt = run.begin_attempt(0)
            for step in (1, 2, 3):
                run.append_metrics(step, FIGURES, attempt)
            if trial is second:
                run.end_attempt(RunState.STOPPED, 3)
            elif seed == 1:
                run.end_attempt(RunState.FAILED, 3, "out of luck")
            else:
                run.end_attempt(RunState.COMPLETE, 3)
    store.tell_failed(first, "seed 1: out of luck")
    store.close()
    return folder


def run_of(folder: StudyFolder, name: str) -> RunFolder:
    return RunFolder(folder.runs_path / name)


def said(capsys: pytest.CaptureFixture[str], *line: str) -> str:
    code = main(line)
    printed = capsys.readouterr()
    assert code == 0, printed.err
    return printed.out


def refused(capsys: pytest.CaptureFixture[str], *line: str) -> str:
    assert main(line) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_a_status_has_trials_runs_figures_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    folder = made("demo", trials=3)
    Journal(run_of(folder, "t0001-s1").path).start("process 1")
    Journal(run_of(folder, "t0001-s1").path).end("process 1", End(Cause.NODE_FAILURE, None, "node gpu2 went"), 3)
    early = [{**run_of(folder, "t0001-s1").manifest()["attempts"][0], "started": "2026-01-01T00:00:00+00:00"}]
    run_of(folder, "t0001-s1").update(attempts=early)
    with RunLock(run_of(folder, "t0001-s2").path):
        shown = said(capsys, "status", "demo")
    lines = [line.strip() for line in shown.splitlines()]
    assert "no driver" in lines[0] and "trials: 1 failed, 1 running, 1 waiting" in lines[1]
    (row,) = [line.split() for line in lines if line.startswith("t0001-s1 ")]
    assert row[:6] == ["t0001-s1", "stopped", "3/10", "0.500", "0.400", "0.250"]
    assert any(line.startswith("t0000 ") and "trial x=0" in line and " failed" in line for line in lines)
    assert "t0000-s1 failed: out of luck" in lines
    assert "job-h (partly estimated): " in shown


def test_a_status_as_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    made("demo")
    everything = json.loads(said(capsys, "status", "demo", "--json"))
    run = everything["studies"][0]["trials"][0]["runs"][0]
    assert (run["state"], run["reason"], run["hours"]["unit"]) == ("failed", "out of luck", "job-h")
    assert run["hours"]["estimated"] is True and run["job"] is None


def test_a_name_is_looked_up_below_studies_and_a_path_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    made("demo")
    assert "studies/demo" in said(capsys, "status", "demo")
    assert "studies/demo" in said(capsys, "status", "studies")
    assert "t0001-s2" in said(capsys, "status", "studies/demo/runs/t0001-s2")
    assert "got 'dmeo'" in refused(capsys, "status", "dmeo")
    assert "got ''" in refused(capsys, "status", "")
    assert "a path must be a folder" in refused(capsys, "status", "x" * 5000)


@pytest.mark.parametrize("text", ["demo/t0001-s1", "t0001-s1", "studies/demo/t0001-s1", "studies/demo/runs/t0001-s1/"])
def test_a_run_is_found_by_what_a_person_types(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_of(made("demo"), "t0001-s1").log_path.write_text("hello\n")
    assert said(capsys, "logs", text) == "hello\n"


def test_a_run_of_the_study_one_stands_in(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made("demo")
    run_of(folder, "t0001-s1").log_path.write_text("hello\n")
    monkeypatch.chdir(folder.path)
    assert said(capsys, "logs", "t0001-s1") == "hello\n"
    monkeypatch.chdir(folder.runs_path / "t0001-s1")
    assert said(capsys, "logs", ".") == "hello\n"


@pytest.mark.parametrize("text", NO_RUNS)
def test_what_is_no_run_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    made("demo")
    assert "a run must be given" in refused(capsys, "logs", text)


def test_a_run_of_two_studies_is_refused_with_both(capsys: pytest.CaptureFixture[str]) -> None:
    made("demo")
    made("other")
    assert "'demo', 'other' have. Give STUDY/t0001-s1." in refused(capsys, "logs", "t0001-s1")
    assert "Did you mean 't0001-s1'?" in refused(capsys, "logs", "demo/t001-s1")


@pytest.mark.parametrize(("lines", "shown"), [(0, ""), (1, "4\n"), (3, "2\n3\n4\n"), (99, "0\n1\n2\n3\n4\n")])
def test_the_last_lines_of_a_log(lines: int, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_of(made("demo"), "t0001-s1").log_path.write_text("0\n1\n2\n3\n4\n")
    assert said(capsys, "logs", "t0001-s1", "-n", str(lines)) == shown


def test_a_log_of_long_lines_that_has_not_ended_and_is_not_utf8(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 70_000
    run_of(made("demo"), "t0001-s1").log_path.write_bytes(f"first\n{long}\n{long}".encode() + b"\xff")
    assert said(capsys, "logs", "t0001-s1", "-n", "2") == f"{long}\n{long}\ufffd"
    assert "--lines must be >= 0" in refused(capsys, "logs", "t0001-s1", "-n", "-1")


def test_a_run_without_a_log_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    folder = made("demo")
    assert "wait for it with -f" in refused(capsys, "logs", "t0001-s1")
    (run_of(folder, "t0001-s1").path / "slurm").mkdir()
    assert "--job" in refused(capsys, "logs", "t0001-s1")
    assert "leave out --job" in refused(capsys, "logs", "t0001-s1", "--job")


def test_the_log_of_the_newest_job_and_not_of_an_older_one(capsys: pytest.CaptureFixture[str]) -> None:
    slurm = run_of(made("demo"), "t0001-s1").path / "slurm"
    slurm.mkdir()
    for id, age in [("9", 100), ("10", 0)]:
        for kind in ("out", "err"):
            (slurm / f"{id}_0_log.{kind}").write_text(f"{kind} of {id}\n")
            os.utime(slurm / f"{id}_0_log.{kind}", (time.time() - age,) * 2)
    assert said(capsys, "logs", "t0001-s1", "--job") == "err of 10\n==> 10_0_log.out <==\nout of 10\n"


def test_a_log_is_followed_across_attempts_until_the_run_is_complete(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.cli.logs.LOOK_S", 0.01)
    run = run_of(made("demo"), "t0001-s1")

    def work() -> None:
        for text in ("attempt 1\n", "attempt 2, without a newline"):
            time.sleep(0.05)
            with run.log_path.open("a") as log:
                log.write(text)
        time.sleep(0.05)
        run.log_path.unlink()
        run.log_path.write_text("anew\n")
        time.sleep(0.05)
        run.mark_done()

    worker = threading.Thread(target=work)
    worker.start()
    shown = said(capsys, "logs", "t0001-s1", "-f")
    worker.join()
    assert shown == "attempt 1\nattempt 2, without a newlineanew\n"


def test_cancel_marks_the_open_runs_and_the_study_and_asks_the_running_to_stop(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = made("demo", trials=3)
    with RunLock(run_of(folder, "t0001-s1").path):
        run_of(folder, "t0001-s1").update(state=RunState.RUNNING)
        shown = said(capsys, "cancel", "demo", "--yes")
        assert "1 running: stop after their step" in shown and "3 waiting" in shown and "2 over" in shown
        assert "cancelling" in said(capsys, "status", "demo")
    assert folder.cancelled().startswith("by ")  # type: ignore[union-attr]
    marked = {path.parent.name for path in folder.runs_path.glob("*/cancelled")}
    assert marked == {"t0001-s1", "t0001-s2"}
    assert run_of(folder, "t0001-s1").stop_asker() == "cancel" and run_of(folder, "t0001-s2").stop_asker() is None
    assert not (folder.runs_path / "t0002-s1").exists()
    shown = said(capsys, "status", "demo")
    assert "withdraw that: entrocraft retry" in shown and "t0001-s2 cancelled by " in shown


def test_cancel_asks_first(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made("demo")
    assert "must be agreed to; got no terminal to ask on. Add --yes." in refused(capsys, "cancel", "demo")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer in ("n", "", "yess"):
        monkeypatch.setattr("builtins.input", lambda question, answer=answer: answer)
        assert main(["cancel", "demo"]) == 1
    assert folder.cancelled() is None and not list(folder.runs_path.glob("*/cancelled"))
    monkeypatch.setattr("builtins.input", lambda question: "Y")
    said(capsys, "cancel", "demo")
    assert folder.cancelled() is not None


def test_cancel_of_runs_leaves_the_study(capsys: pytest.CaptureFixture[str]) -> None:
    folder = made("demo", trials=3)
    said(capsys, "cancel", "demo/t0001-s1", "t0002-s2", "--yes")
    assert folder.cancelled() is None
    assert {path.parent.name for path in folder.runs_path.glob("*/cancelled")} == {"t0001-s1", "t0002-s2"}
    assert "t0002-s2 cancelled by" in said(capsys, "status", "demo")
    assert "marks withdrawn from 2 runs" in said(capsys, "retry", "demo")
    (request,) = take(folder)
    assert request.retry == {"t0001", "t0002"}
    assert "got complete ones only" in refused(capsys, "cancel", "t0000-s2", "--yes")


def test_retry_of_one_failed_trial_leaves_a_request_and_says_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    folder = made("demo")
    shown = said(capsys, "retry", "t0000-s1")
    assert "another try: t0000;" in shown and "entrocraft sweep study=FILE.yaml ... --dir " in shown
    (request,) = take(folder)
    assert request.retry == {"t0000"} and " on " in request.by
    assert "requests that no driver has taken up: 1" in said(capsys, "status", "demo")
    assert "must have failed, or be cancelled or pruned; got 't0001-s1', stopped" in refused(
        capsys, "retry", "t0001-s1"
    )
    assert len(open_requests(folder)) == 1


def test_retry_of_what_failed_does_not_touch_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    folder = made("demo")
    said(capsys, "retry", "--failed")
    assert take(folder)[0].retry == {"t0000"}
    made("other")
    assert "'demo', 'other'" in refused(capsys, "retry", "--failed")
    said(capsys, "retry", "--failed", "other")
    assert "must be cancelled, or have runs that are" in refused(capsys, "retry", "demo")


def test_retry_undoes_the_cancelling_of_a_study_and_not_what_had_failed(capsys: pytest.CaptureFixture[str]) -> None:
    folder = made("demo")
    said(capsys, "cancel", "demo", "--yes")
    assert "while its whole study is cancelled" in refused(capsys, "retry", "t0001-s1")
    assert "is no longer cancelled" in said(capsys, "retry", "demo")
    assert folder.cancelled() is None and not list(folder.runs_path.glob("*/cancelled"))
    assert take(folder)[0].retry == {"t0001"}


def test_a_sibling_that_stays_cancelled_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    made("demo")
    said(capsys, "cancel", "t0001-s1", "t0001-s2", "--yes")
    assert "note: t0001-s2 of the same trial stays cancelled" in said(capsys, "retry", "t0001-s1")


def test_a_run_without_a_study_is_cancelled_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    run = create_run(Path("runs") / "mine", resolve([]), "title", None)  # type: ignore[arg-type]
    said(capsys, "cancel", "runs/mine", "--yes")
    assert run.cancelled() is not None and "cancelled" in said(capsys, "status", "runs/mine")
    assert "goes on with the command" in said(capsys, "retry", "runs/mine")
    assert run.cancelled() is None
    assert "must be cancelled to be retried" in refused(capsys, "retry", "runs/mine")


def test_hostile_names_and_texts_reach_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    folder = made(ODD)
    run_of(folder, "t0000-s1").update(reason="bad \x1b]0;title\x07 [bold]luck\nand more")
    for line in (["status", ODD], ["status"], ["cancel", f"{ODD}/t0001-s1", "--yes"], ["retry", f"{ODD}/t0001-s1"]):
        shown = said(capsys, *line)
        assert "\x1b" not in shown and "\x07" not in shown
    shown = said(capsys, "status", f"studies/{ODD}")
    assert "[red]study[]" in shown and "bad \\x1b]0;title\\x07 [bold]luck\\nand more" in shown
    assert not Path("canary").exists()
    assert plain("é \t") == "é \\t"
