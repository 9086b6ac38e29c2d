"""A pause: the step that a run shall not go beyond."""

import pytest

from harness.errors import RunFolderError
from harness.runs import RunState


def test_it_holds_from_its_step_on_and_until_it_is_withdrawn(run):
    assert run.paused_at() is None and not run.stop_requested(100)
    run.pause_at(7)
    assert run.paused_at() == 7
    assert [run.stop_requested(step) for step in (0, 6, 7, 8)] == [False, False, True, True]
    assert not run.stop_requested()
    run.pause_at(None)
    run.pause_at(None)
    assert not run.stop_requested(8)


def test_a_stop_request_is_at_every_step(run):
    run.pause_at(7)
    run.request_stop()
    assert run.stop_requested() and run.stop_requested(0)
    run.clear_stop()
    assert not run.stop_requested(0) and run.paused_at() == 7


def test_the_end_of_an_attempt_ends_a_stop_request_and_no_pause(run):
    run.begin_attempt(0)
    run.pause_at(3)
    run.request_stop()
    run.end_attempt(RunState.STOPPED, 3)
    assert not run.stop_requested() and run.stop_requested(3)


def test_it_is_replaced_by_a_later_or_earlier_one_without_a_temporary_file(run, monkeypatch):
    monkeypatch.setattr("pathlib.Path.replace", None)
    for step in (1_000_000, 8, 12):
        run.pause_at(step)
        assert run.paused_at() == step
    assert not list(run.path.glob(".*"))


def test_one_that_is_only_being_written_is_none(run):
    run.pause_path.touch()
    assert run.paused_at() is None and not run.stop_requested(5)


@pytest.mark.parametrize("text", ["soon", "-3", "²", "1.5"])
def test_another_text_is_refused(run, text):
    run.pause_path.write_text(text)
    with pytest.raises(RunFolderError, match="must hold a step"):
        run.stop_requested(5)


def test_a_pause_before_the_first_step_is_refused(run):
    with pytest.raises(RunFolderError, match="step >= 1"):
        run.pause_at(0)
