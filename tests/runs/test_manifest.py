"""The manifest: what is recorded, its life over attempts, and what is refused."""

import json

import pytest

from harness.errors import RunFolderError
from harness.runs import RunFolder, RunState


def test_a_created_run_repeats_seed_steps_threads_and_device_at_the_top(run):
    manifest = run.manifest()
    assert (manifest["seed"], manifest["steps"], manifest["threads"], manifest["device"]) == (7, 5, 1, "cpu")
    assert manifest["state"] is RunState.CREATED
    assert manifest["config"]["trainer"]["steps"] == 5
    assert manifest["schedule"] == {"family": "linear"}
    assert len(manifest["run_id"]) == 8 and int(manifest["run_id"], 16) >= 0


def test_a_run_is_created_once(run):
    with pytest.raises(RunFolderError, match="Resume that run, or choose another folder"):
        RunFolder.create(run.path, run.manifest()["config"])


def test_attempts_number_themselves_and_end(run):
    assert run.begin_attempt(0) == 1
    run.request_stop()
    run.end_attempt(RunState.STOPPED, 3)
    assert not run.stop_requested()
    assert run.begin_attempt(3) == 2
    run.end_attempt(RunState.FAILED, 4, "out of memory")
    assert run.begin_attempt(3) == 3
    run.end_attempt(RunState.COMPLETE, 5)
    manifest = run.manifest()
    assert [(a["from_step"], a["to_step"], a["outcome"]) for a in manifest["attempts"]] == [
        (0, 3, "stopped"),
        (3, 4, "failed"),
        (3, 5, "complete"),
    ]
    assert manifest["state"] is RunState.COMPLETE
    assert manifest["reason"] == "out of memory"


@pytest.mark.parametrize("written, to_step", [([1, 2], 2), ([], 0)])
def test_an_attempt_without_an_end_was_killed_after_its_last_step(run, written, to_step):
    attempt = run.begin_attempt(0)
    for step in written:
        run.append_metrics(step, {}, attempt)
    run.begin_attempt(0)
    first = run.manifest()["attempts"][0]
    assert (first["outcome"], first["to_step"], first["ended"]) == ("killed", to_step, None)


def test_unknown_fields_are_refused_with_the_valid_ones(run):
    with pytest.raises(RunFolderError, match=r"'stat'.*Valid: schema, run_id, state"):
        run.update(stat="running")


def test_an_attempt_ends_only_in_an_ending(run):
    with pytest.raises(RunFolderError, match="must begin before it ends"):
        run.end_attempt(RunState.COMPLETE, 0)
    run.begin_attempt(0)
    with pytest.raises(RunFolderError, match=r"got 'running'\. End it with"):
        run.end_attempt(RunState.RUNNING, 0)


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "Give the folder of a run"),
        ("{", "must be JSON"),
        ("[]", "must have schema 1; got None"),
        ('{"schema": 2}', "must have schema 1; got 2"),
        ('{"schema": 1}', "one without run_id, state"),
    ],
)
def test_a_damaged_manifest_is_refused(run, content, message):
    run.manifest_path.unlink()
    if content is not None:
        run.manifest_path.write_text(content)
    with pytest.raises(RunFolderError, match=message):
        run.manifest()


def test_the_manifest_is_plain_json_and_leaves_no_temporary_file(run):
    run.update(reason="x")
    assert json.loads(run.manifest_path.read_text())["reason"] == "x"
    assert [path.name for path in run.path.iterdir()] == ["manifest.json"]
