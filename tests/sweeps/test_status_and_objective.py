"""What is shown of a study, and what a run is worth."""

import json
import math
import os

import pytest
from fake_study import resolve, run, study

from harness.config.objective import Objective
from harness.errors import StudyError
from harness.runs import RunFolder, RunLock
from harness.runs.provenance import collect
from sweeps.lease.lease import Lease
from sweeps.objective import run_value
from sweeps.plan import create_run
from sweeps.status import all_studies, run_status, study_status

TRACKING = Objective("tracking_error", "minimize")


@pytest.fixture
def folder(tmp_path):
    return create_run(tmp_path / "t0000-s1", resolve(["steps=25"]), "title", collect())


def test_a_run_is_interrupted_when_its_process_is_gone(folder):
    assert run_status(RunFolder(folder.path / "none")).state == "waiting"
    assert run_status(folder).state == "created"
    folder.append_metrics(3, {"control/entropy": 0.4, "control/target": 0.5}, folder.begin_attempt(0))
    with RunLock(folder.path):
        assert run_status(folder).state == "running"
    shown = run_status(folder, "title")
    assert (shown.state, shown.title, shown.name) == ("interrupted", "title", "t0000-s1")
    assert (shown.step, shown.steps, shown.attempt) == (3, 25, 1)
    assert (shown.entropy, shown.target, shown.score) == (0.4, 0.5, None)
    assert run_status(folder, alive=True).state == "running"


def test_the_alarms_of_the_latest_record_are_shown(folder):
    folder.append_metrics(1, {"control/saturated": 1.0, "control/skipped_update": 1.0}, 1)
    assert run_status(folder).alarms == ("saturated", "update skipped")
    folder.append_metrics(2, {"control/saturated": 0.0}, 1)
    assert run_status(folder).alarms == ()


def test_a_damaged_run_is_shown_with_its_reason(folder):
    folder.metrics_path.write_text("no record\n")
    shown = run_status(folder)
    assert shown.state == "damaged" and "must be a JSON record" in shown.reason


def test_studies_are_listed_with_their_driver_as_plain_json(tmp_path):
    run(study("x=1", seeds=[1]), tmp_path / "b")
    run(study("fail_at=1", seeds=[1], name="other"), tmp_path / "a")
    (tmp_path / "notes").mkdir()
    lease = Lease(tmp_path / "a")
    lease.acquire()
    studies = all_studies(tmp_path)
    lease.release()
    assert [(status.name, status.driver and status.driver.pid) for status in studies] == [
        ("other", os.getpid()),
        ("fake", None),
    ]
    plain = json.loads(json.dumps(studies[0].to_dict()))
    assert plain["driver"]["pid"] == os.getpid() and plain["driver"]["renewed_s_ago"] < 60
    assert all_studies(tmp_path)[0].driver is None
    assert plain["trials"][0]["runs"][0]["reason"] == "the fake ran out of luck"
    assert all_studies(tmp_path / "nowhere") == []


def test_a_study_that_is_frozen_but_has_no_store_yet_is_shown_empty(tmp_path):
    run(study("x=1"), tmp_path)
    (tmp_path / "optuna.db").unlink()
    assert study_status(tmp_path).trials == ()


@pytest.mark.parametrize("content", ["{", '{"schema": 1}', '{"schema": 9}'])
def test_a_damaged_definition_hides_no_other_study(tmp_path, content):
    run(study("x=1", seeds=[1]), tmp_path / "a")
    run(study("x=1", seeds=[1, 2]), tmp_path / "b")
    (tmp_path / "b" / "study.json").write_text(content)
    whole, damaged = all_studies(tmp_path)
    assert (whole.name, whole.note) == ("fake", None)
    assert damaged.name == "b" and "study" in damaged.note
    (trial,) = damaged.trials
    assert (trial.name, trial.state, [run.state for run in trial.runs]) == ("t0000", "unknown", ["complete"] * 2)


def test_a_study_with_a_damaged_database_is_shown_from_its_folders(tmp_path, monkeypatch):
    monkeypatch.setattr("sweeps.storage.reading.READ_PATIENCE_S", 0.0)
    run(study("x=1", seeds=[1]), tmp_path)
    (tmp_path / "optuna.db").write_bytes(b"no database" * 100)
    shown = study_status(tmp_path)
    assert (shown.name, [run.name for trial in shown.trials for run in trial.runs]) == ("fake", ["t0000-s1"])
    assert "must be readable" in shown.note


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(StudyError, match="Give the folder of a study"):
        study_status(tmp_path)


def test_a_metrics_value_is_that_of_the_last_record_that_has_it(folder):
    for step, data in [(1, {"acc": 0.1}), (2, {"acc": 0.2}), (3, {"acc": math.nan}), (4, {"loss": 1.0})]:
        folder.append_metrics(step, data, 1)
    assert run_value(folder, Objective("acc", "maximize")) == 0.2
    with pytest.raises(StudyError, match=r"got 'reward'\. Recorded: acc, loss"):
        run_value(folder, Objective("reward", "maximize"))


def test_tracking_error_is_the_mean_after_step_20_over_the_last_attempts(folder):
    for step in range(1, 26):
        folder.append_metrics(step, {"control/tracking_error": 1.0 if step <= 20 else 0.5}, 1)
    folder.append_metrics(25, {"control/tracking_error": 0.0}, 2)
    assert run_value(folder, TRACKING) == pytest.approx(0.4)


def test_tracking_error_with_a_gap_is_refused(folder):
    for step in [*range(1, 23), 24, 25]:
        folder.append_metrics(step, {"control/tracking_error": 1.0}, 1)
    with pytest.raises(StudyError, match=r"4 of 5 steps .* choose another objective"):
        run_value(folder, TRACKING)
