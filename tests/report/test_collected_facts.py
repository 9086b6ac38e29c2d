"""From study folders to facts."""

import math

import pytest
from fake_study import resolve, run, study

from harness.core.schedule import BandSchedule
from harness.core.schedules import curve_from
from harness.errors import StudyError
from study_report.collect import facts, parameters
from sweeps.jobs.gpu_hours import Hours
from sweeps.plan import Resolved
from sweeps.status import run_status
from sweeps.storage.place import sqlite_in
from sweeps.storage.store import Store, make

LINEAR = BandSchedule.target(curve_from({"family": "linear", "start": 0.6, "end": 0.2}), 0.0, 8).to_dict()


def scheduled(overrides):
    return Resolved(resolve(overrides).config, LINEAR)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two seeds each: two configurations that complete, one that fails."""
    path = tmp_path_factory.mktemp("studies") / "s"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", ":".join(__import__("sys").path))
        run(study("x=0", "x=1 steps=5", "x=2 fail_at=1", base=["steps=4"]), path, resolve=scheduled)
    return path


def test_what_a_study_has_done_is_told(folder):
    found = facts(folder)
    assert (found.name, found.title, found.sampler, found.planned) == ("fake", "A study of fakes", "tpe", 3)
    assert found.counts == {"complete": 2, "failed": 1} and found.over
    assert [each.name for each in found.ranked()] == ["t0001", "t0000"]
    best, second, failed = found.ranked()[0], *found.configurations[::2]
    assert best.params == {"x": "1", "steps": "5"} and best.value == 7.5 and best.n == 2
    assert second.value == 6.0 and found.varied == ("x", "steps", "fail_at")
    assert "out of luck" in failed.reason and failed.runs[0].state == "failed" and failed.value is None
    assert found.started <= found.ended and found.driver is None and found.base == ("steps=4",)


def test_the_schedule_of_the_runs_is_drawn_from_their_manifests(folder):
    curve = facts(folder).configurations[0].curve
    assert [step for step, _ in curve] == [1, 2, 3, 4]
    assert curve[0][1] == pytest.approx(0.6) and curve[3][1] == pytest.approx(0.6 - 0.4 * 3 / 7)


def test_hours_are_those_that_a_look_at_the_jobs_gives(folder):
    def show(run, title=""):
        status = run_status(run, title)
        return type(status)(**{**vars(status), "hours": Hours("GPU-h", useful=1.0, lost=0.5)})

    found = facts(folder, show)
    assert found.hours == (Hours("GPU-h", useful=6.0, lost=3.0),)
    assert found.configurations[0].hours == (Hours("GPU-h", useful=2.0, lost=1.0),)


def test_probabilities_are_asked_for_with_what_is_complete(folder):
    asked = []

    def chance(values, direction):
        asked.append((dict(values), direction))
        return dict.fromkeys(values, 0.5)

    found = facts(folder, chance=chance)
    (values, direction), *rest = asked or [({}, "maximize")]  # a status without values by seed asks nothing
    assert direction == "maximize" and not rest and set(values) <= {"t0000", "t0001"}
    assert set(found.probabilities) == set(values)


def test_a_damaged_run_and_a_lost_database_leave_a_page(folder, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "runs" / "t0000-s1" / "manifest.json").write_text("{")
    found = facts(copy)
    assert found.configurations[0].runs[0].state == "damaged" and found.configurations[0].curve
    (copy / "optuna.db").write_bytes(b"no database")
    found = facts(copy)
    assert found.note is not None and [each.state for each in found.configurations] == ["unknown"] * 3
    assert found.ranked() == []


def test_a_study_that_has_not_begun_has_facts(tmp_path):
    config = study("x=0")
    from sweeps.folder import StudyFolder

    folder = StudyFolder(tmp_path)
    folder.freeze({"study": config.to_dict(), "points": [{}]})
    found = facts(tmp_path)
    assert (found.configurations, found.planned, found.started, found.hours) == ((), 1, None, ())
    assert not found.over
    place = sqlite_in(folder.path, config.name)
    make(place, config)
    store = Store(place, config)
    store.tell(_asked(store, config), [{1: math.inf}])
    store.close()
    found = facts(tmp_path)
    assert found.counts == {"complete": 1} and found.ranked() == []


def _asked(store, config):
    store.enqueue(dict(enumerate(config.trials)))
    return store.ask()


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"study\.json"):
        facts(tmp_path)


def test_the_last_override_of_a_key_counts_and_signs_are_no_part_of_it():
    assert parameters(["a=1", "+b=x=y", "a=2", "~c"]) == {"a": "2", "b": "x=y", "c": ""}
