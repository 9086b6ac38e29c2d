"""The driver on a full disk: it waits, loses nothing, does nothing twice."""

import errno
import os
import sqlite3
import subprocess

import pytest
from fake_study import LAUNCHER, run, study

from harness.errors import StudyError
from harness.runs import RunFolder
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.journal import Journal
from sweeps.jobs.launcher import LocalLauncher
from sweeps.storage.store import Store


def full():
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sqlite_full():
    return sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize(
    "where, error",
    [
        ((Store, "ask"), sqlite_full),
        ((Store, "_draw"), sqlite_full),
        ((Store, "tell"), sqlite_full),
        ((Store, "tell_failed"), sqlite_full),
        ((RunFolder, "create"), full),
        ((RunFolder, "record_death"), full),
        ((Journal, "start"), full),
        ((Journal, "end"), full),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else value.__name__,
)
def test_a_driver_waits_on_a_full_disk_and_goes_on(where, error, tmp_path, monkeypatch):
    place, name = where
    calls, real = [], getattr(place, name)

    def refusing(*arguments, **options):
        calls.append(arguments)
        if len(calls) in (1, 3):
            raise error()
        return real(*arguments, **options)

    monkeypatch.setattr(place, name, refusing)
    notes = []
    space = {"x": {"low": 0.0, "high": 1.0}}
    config = study("x=1", "fail_at=3", "die_at=3", seeds=[1], sampler="random", n_trials=2, space=space)
    status = run(config, tmp_path, observe=lambda progress: notes.append(progress.note))
    assert len(calls) > 1, "the disk was full at no time"
    assert [trial.state for trial in status.trials] == ["complete", "failed", "failed", "complete", "complete"]
    assert any("disk is full" in note for note in notes if note)
    for path in tmp_path.glob("runs/*"):
        assert len(RunFolder(path).manifest()["attempts"]) == 1
        assert Journal(path).open_job() is None


def test_a_disk_that_is_full_before_there_is_a_driver_is_refused_in_words(tmp_path, monkeypatch):
    def refusing(*arguments):
        raise sqlite_full()

    with monkeypatch.context() as patched:
        patched.setattr(Store, "enqueue", refusing)
        with pytest.raises(StudyError, match=r"must have room.*disk is full.*start the sweep again"):
            run(study("x=1"), tmp_path)
    assert run(study("x=1"), tmp_path).trials[0].state == "complete"


def test_a_line_of_progress_that_does_not_fit_ends_no_driver(tmp_path):
    def observe(progress):
        raise full()

    assert run(study("x=1"), tmp_path, observe=observe).trials[0].state == "complete"


def test_other_errors_still_end_a_driver(tmp_path, monkeypatch):
    def refusing(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Store, "tell", refusing)
    with pytest.raises(OSError, match="Input/output"):
        run(study("x=1"), tmp_path)


def test_an_end_that_does_not_fit_whole_into_the_journal_is_not_there(tmp_path, monkeypatch):
    journal, write = Journal(tmp_path), os.write
    journal.start("a")
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, line: write(handle, line[:20]))
        with pytest.raises(OSError, match="20 of"):
            journal.end("a", End(Cause.KILLED, -9, "x"), 3)
    assert journal.open_job().job == "a" and journal.path.read_bytes().endswith(b"\n")
    journal.end("a", End(Cause.KILLED, -9, "x"), 3)
    assert journal.open_job() is None


def test_a_process_that_cannot_be_written_down_does_not_go_on(tmp_path, monkeypatch):
    started, popen = [], subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *words, **options: started.append(popen(*words, **options)) or started[-1]
    )
    run(study("x=1", seeds=[1]), tmp_path)
    folder = RunFolder(tmp_path / "runs" / "t0000-s1")

    def refusing(self, job):
        raise full()

    monkeypatch.setattr(Journal, "start", refusing)
    with pytest.raises(OSError, match="No space"):
        LAUNCHER.start(folder)
    assert isinstance(LAUNCHER, LocalLauncher) and started[-1].poll() is not None
