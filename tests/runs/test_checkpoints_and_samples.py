"""What is published is whole; what is kept follows the rule."""

import pytest

from harness.errors import RunFolderError

SAMPLE = {
    "step": 3,
    "problem_id": "countdown/test/00017",
    "source": "countdown",
    "sample": 0,
    "correct": True,
    "score": 1.0,
    "prediction": None,
    "input": "1 2 = 3",
    "output": "1+2",
}


def checkpoint(run, step):
    with run.writing_checkpoint(step) as folder:
        (folder / "policy").mkdir()
        (folder / "policy" / "weights").write_bytes(b"w" * step)


def test_a_checkpoint_appears_whole_or_not_at_all(run):
    assert run.latest_checkpoint() is None
    checkpoint(run, 2)
    with pytest.raises(KeyboardInterrupt), run.writing_checkpoint(4) as folder:
        (folder / "half").write_bytes(b"")
        assert run.checkpoint_steps() == [2]
        raise KeyboardInterrupt
    assert run.latest_checkpoint() == 2
    assert (run.checkpoint_dir(2) / "policy" / "weights").read_bytes() == b"ww"


def test_a_checkpoint_is_written_once(run):
    checkpoint(run, 2)
    with pytest.raises(RunFolderError, match="must be written once"):
        checkpoint(run, 2)


def test_retention_keeps_the_newest_and_clears_what_a_killed_writer_left(run):
    for step in (1, 2, 3, 1_000_000):
        checkpoint(run, step)
    (run.checkpoints_path / ".step_000007.tmp").mkdir()
    assert run.retain_checkpoints(2) == [1, 2]
    assert sorted(path.name for path in run.checkpoints_path.iterdir()) == ["step_000003", "step_1000000"]
    assert run.retain_checkpoints(1) == [3]
    assert run.retain_checkpoints(1) == []


def test_the_newest_checkpoint_is_never_deleted(run):
    checkpoint(run, 1)
    with pytest.raises(RunFolderError, match="keep = 0"):
        run.retain_checkpoints(0)


def test_samples_are_replaced_whole(run):
    run.write_samples(3, [SAMPLE, {**SAMPLE, "sample": 1}])
    run.write_samples(3, [SAMPLE])
    assert run.samples(3) == [SAMPLE]
    assert run.samples_steps() == [3]


def test_a_sample_may_say_why_it_was_not_graded(run):
    failed = {**SAMPLE, "grader_failure": "time limit"}
    run.write_samples(3, [SAMPLE, {**failed, "sample": 1}])
    assert run.samples(3) == [SAMPLE, {**failed, "sample": 1}]


def test_samples_that_a_killed_writer_left_half_written_go_with_the_next_attempt(run):
    run.write_samples(3, [SAMPLE])
    (run.samples_path / ".step_000004.jsonl.4711.tmp").write_text("{")
    run.begin_attempt(0)
    assert [path.name for path in run.samples_path.iterdir()] == ["step_000003.jsonl"]


@pytest.mark.parametrize(
    "row, message",
    [({**SAMPLE, "step": 4}, "samples of step 3 must"), ({"step": 3}, r"missing \['correct'")],
)
def test_samples_of_another_shape_are_refused(run, row, message):
    with pytest.raises(RunFolderError, match=message):
        run.write_samples(3, [row])


def test_missing_samples_are_refused_with_the_steps_there_are(run):
    run.write_samples(3, [SAMPLE])
    with pytest.raises(RunFolderError, match=r"step 4 .* Steps with samples: \[3\]"):
        run.samples(4)


def test_the_completion_marker_and_the_stop_request(run):
    assert not run.is_done() and not run.stop_requested()
    run.mark_done()
    with pytest.MonkeyPatch.context() as patch:  # whoever asks has no lock: the lock's holder clears temporary files
        patch.setattr("pathlib.Path.replace", None)
        run.request_stop()
    assert run.is_done() and run.stop_requested()
    run.clear_stop()
    run.clear_stop()
    assert not run.stop_requested()
