"""The checks of the chaos run find what they are for, in folders that are doctored one thing at a time."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest

from harness.runs import RunState
from harness.runs.provenance import collect
from sweeps.driver import PRUNER
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.journal import Journal
from sweeps.plan import Resolved, create_run
from sweeps.status import TrialStatus
from tests.chaos import checks
from tests.chaos.faults_processes import TORN

NAME = "t0000-s1"
STEPS = 4
CONFIG = {"seed": 1, "trainer": {"steps": STEPS, "threads": 1, "device": "cpu"}}
LONGER = {**CONFIG, "trainer": {**CONFIG["trainer"], "steps": STEPS + 2}}


def write(folder, attempts, time, state=RunState.COMPLETE):
    """A run whose attempts begin at these steps, the last one to its end; its clock begins at `time`."""
    config = CONFIG if state is RunState.COMPLETE else LONGER
    run = create_run(folder / "runs" / NAME, Resolved(config, None), "title", collect())
    Journal(run.path).start("a")
    for number, (first, last) in enumerate(attempts, 1):
        run.begin_attempt(max(0, first - 1))
        for step in range(first, last + 1):
            time += 1.0
            record(run, step, number, time)
    run.write_samples(STEPS, [sample("1+2")])
    with run.writing_checkpoint(STEPS) as temporary:
        for name in checks.STATE_FILES:
            (temporary / name).write_bytes(name.encode() * 10)
    run.end_attempt(state, STEPS)
    Journal(run.path).end("a", End(Cause.ENDED, 0, ""), STEPS)
    if state is RunState.COMPLETE:
        run.mark_done()
    return run


def sample(output):
    return {
        "step": STEPS,
        "problem_id": "p",
        "source": "countdown",
        "sample": 0,
        "correct": True,
        "score": 1.0,
        "prediction": output,
        "input": "3",
        "output": output,
    }


def record(run, step, attempt, time, value=None):
    data = {"value": step if value is None else value, "timing_s/step": time, "perf/throughput": time}
    line = {"schema": 1, "step": step, "attempt": attempt, "time": time, "data": data}
    with run.metrics_path.open("ab") as file:
        file.write(orjson.dumps(line) + b"\n")


def work(witness, pid, begin, end):
    (witness / f"{NAME}.gpu1.{pid}.1").write_text(f"{begin:.3f}\n{(begin + end) / 2:.3f}\n{end:.3f}\n")


@pytest.fixture
def place(tmp_path):
    """A run that was killed in step 3, went on from step 2, and its reference."""
    witness = tmp_path / "witness"
    witness.mkdir()
    work(witness, 1, 10.0, 20.0)
    work(witness, 2, 20.5, 30.0)
    return write(tmp_path / "study", [(0, 3), (3, STEPS)], 100.0), write(tmp_path / "other", [(0, STEPS)], 7.0), witness


def found(place):
    run, other, witness = place
    against = (checks.steps, checks.ended, checks.metrics, checks.samples, checks.weights)
    both = [each for check in against for each in check(run, other)]
    return [*checks.leftovers(run), *both, *checks.at_once(witness, NAME)]


def lines(run):
    return run.metrics_path.read_bytes().splitlines(keepends=True)


def without_line(place, number=-1):
    run = place[0]
    kept = lines(run)
    del kept[number]
    run.metrics_path.write_bytes(b"".join(kept))


def doubled_line(place):
    run = place[0]
    run.metrics_path.write_bytes(b"".join([*lines(run), lines(run)[-1]]))


def late_writer(place):
    record(place[0], STEPS, 1, 200.0)


def clock_goes_back(place):
    record(place[0], STEPS + 1, 2, 1.0)


def other_number(place):
    run = place[0]
    run.metrics_path.write_bytes(b"".join(lines(run)[:-1]))
    record(run, STEPS, 2, 200.0, value=4.000000000000001)


def flipped_bit(place, name):
    path = place[0].checkpoint_dir(STEPS) / name
    content = bytearray(path.read_bytes())
    content[17] ^= 1
    path.write_bytes(content)


def old_checkpoint(place):
    run = place[0]
    run.checkpoint_dir(STEPS).rename(run.checkpoint_dir(STEPS - 1))


def test_a_run_that_was_killed_and_went_on_passes(place):
    assert found(place) == []


@pytest.mark.parametrize(
    "doctor, words",
    [
        (without_line, "the steps must be 0 to 4"),
        (lambda place: without_line(place, 2), "an attempt must write one step after the other"),
        (doubled_line, "an attempt must write one step after the other"),
        (late_writer, "must not write after a later one"),
        (clock_goes_back, "in the order of time"),
        (other_number, "must have the metrics of the undisturbed run; different: value"),
        (lambda place: flipped_bit(place, "model.safetensors"), "model.safetensors must be, bit by bit"),
        (lambda place: flipped_bit(place, "optimizer.pt"), "optimizer.pt must be, bit by bit"),
        (old_checkpoint, "the last checkpoint must be of step 4, and is of 3"),
        (lambda place: work(place[2], 3, 19.9, 20.2), "at the same time"),
        (lambda place: work(place[2], 3, 21.0, 21.1), "at the same time"),
        (lambda place: shutil.rmtree(place[2]), "no process was seen at work"),
        (lambda place: place[0].metrics_path.write_bytes(b"".join(lines(place[0])) + TORN), "half a line"),
        (lambda place: place[0].metrics_path.unlink(), "no metrics"),
        (lambda place: place[0].done_path.unlink(), "complete and marked"),
        (lambda place: place[0].update(state=RunState.RUNNING), "complete and marked"),
        (lambda place: place[0].request_stop(), "stop request"),
        (lambda place: Journal(place[0].path).start("b"), "must have an id"),
        (lambda place: (place[0].path / ".manifest.json.1.tmp").touch(), "left behind"),
        (lambda place: place[0].write_samples(STEPS, [sample("2+1")]), "the samples of step 4"),
        (lambda place: shutil.rmtree(place[0].samples_path), "samples must be there for steps"),
    ],
)
def test_what_is_wrong_is_found(place, doctor, words):
    doctor(place)
    assert any(words in each for each in found(place)), found(place)


def test_a_run_that_is_missing_or_not_asked_for_is_found(place, tmp_path, monkeypatch):
    class NoTrials:
        trials = ()

    monkeypatch.setattr(checks, "study_status", lambda path: NoTrials)
    study, other = tmp_path / "study", tmp_path / "other"
    assert checks.problems(study, other, place[2]) == []
    shutil.copytree(place[0].path, study / "runs" / "t0001-s1")
    assert any("the runs must be" in each for each in checks.problems(study, other, place[2]))
    shutil.rmtree(study / "runs" / "t0001-s1")
    Path(study / "runs" / NAME).rename(study / "runs" / "other")
    assert any("there is no such run" in each for each in checks.problems(study, other, place[2]))


@pytest.fixture
def pruned(place, tmp_path):
    """A run that was stopped at the rung where it was pruned, and its reference."""
    stopped = RunState.STOPPED
    run = write(tmp_path / "search", [(0, 3), (3, STEPS)], 100.0, stopped)
    return run, write(tmp_path / "local", [(0, STEPS)], 7.0, stopped), place[2]


def test_a_pruned_run_passes_also_where_the_request_of_the_pruner_is_left(pruned):
    assert found(pruned) == []
    pruned[0].request_stop(PRUNER)
    assert found(pruned) == []
    pruned[0].clear_stop()
    pruned[0].request_stop("a person")
    assert any("stop request" in each for each in found(pruned))


@pytest.mark.parametrize(
    "doctor, words",
    [
        (without_line, "the steps must be 0 to 4"),
        (lambda place: record(place[0], STEPS + 1, 2, 200.0), "the steps must be 0 to 4"),
        (lambda place: place[0].mark_done(), "stopped and not marked"),
        (lambda place: place[0].update(state=RunState.COMPLETE), "stopped and not marked"),
        (lambda place: place[0].update(state=RunState.RUNNING), "stopped and not marked"),
        (lambda place: place[1].update(state=RunState.COMPLETE), "complete and marked"),
    ],
)
def test_what_is_wrong_with_a_pruned_run_is_found(pruned, doctor, words):
    doctor(pruned)
    assert any(words in each for each in found(pruned)), found(pruned)


GOOD = TrialStatus("t0000", "one", "complete", (), 1.0, 1, None, ())
BAD = TrialStatus("t0001", "two", "pruned", (), None, 0, "number 3 of 4", ())


@pytest.mark.parametrize(
    "trials, words",
    [
        ([GOOD], "the trials must be"),
        ([GOOD, replace(BAD, state="complete")], "must be pruned, and is complete"),
        ([replace(GOOD, state="pruned"), BAD], "must be complete, and is pruned"),
        ([GOOD, replace(BAD, reason="number 4 of 4")], "must be pruned for 'number 3 of 4'"),
        ([replace(GOOD, title="two"), BAD], "must be 'one', and is 'two'"),
        ([replace(GOOD, state="failed"), BAD], "is failed"),
        ([replace(GOOD, value=2.0), BAD], "the values of the trials"),
    ],
)
def test_another_outcome_is_found(monkeypatch, tmp_path, trials, words):
    there = {tmp_path / "ours": trials, tmp_path / "theirs": [GOOD, BAD]}
    monkeypatch.setattr(checks, "study_status", lambda path: SimpleNamespace(trials=there[path]))
    ours, theirs = there
    assert [*checks.outcomes(theirs, theirs), *checks.values(theirs, theirs)] == []
    found = [*checks.outcomes(ours, theirs), *checks.values(ours, theirs)]
    assert any(words in each for each in found), found
