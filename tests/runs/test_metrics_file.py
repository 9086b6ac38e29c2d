"""The metrics file: whole lines, crashes, and stitching across attempts."""

import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RunFolderError
from harness.runs import RunFolder, last_record, read_records, stitch


def test_numbers_come_back_and_nan_is_null(run):
    run.append_metrics(1, {"a": np.float64(0.1), "b": math.nan, "c": np.int64(3)}, 1)
    assert run.metrics()[0]["data"] == {"a": 0.1, "b": None, "c": 3}


def test_an_unterminated_last_line_is_ignored_then_cut_off(run):
    run.append_metrics(1, {"a": 1.0}, 1)
    with run.metrics_path.open("ab") as file:
        file.write(b'{"schema":1,"step":2,"da')
    assert [record["step"] for record in run.metrics()] == [1]
    assert last_record(run.metrics_path)["step"] == 1
    successor = RunFolder(run.path)
    successor.append_metrics(2, {"a": 2.0}, 2)
    assert [record["data"]["a"] for record in run.metrics()] == [1.0, 2.0]


def test_a_file_that_is_one_unterminated_line_becomes_empty(run):
    run.metrics_path.write_bytes(b"x" * 200_000)
    assert run.metrics() == [] and last_record(run.metrics_path) is None
    run.append_metrics(1, {}, 1)
    assert len(run.metrics()) == 1


def test_a_damaged_line_is_refused_by_its_number(run):
    run.metrics_path.write_bytes(b'{"schema":1,"step":1,"attempt":1,"data":{}}\nhello\n')
    with pytest.raises(RunFolderError, match="line 2 of"):
        run.metrics()


def test_records_of_another_schema_are_refused(run):
    run.metrics_path.write_bytes(b'{"schema":2,"step":1}\n')
    with pytest.raises(RunFolderError, match="must be a record of schema 1"):
        run.metrics()


def test_the_last_record_is_found_whatever_the_length_of_the_lines(run):
    for step, width in enumerate([10, 70_000, 10, 65_500], start=1):
        run.append_metrics(step, {"x" * width: 1.0}, 1)
        assert last_record(run.metrics_path)["step"] == step


def test_a_disk_that_takes_nothing_is_refused(run, monkeypatch):
    def refuse(handle, line):
        raise OSError(28, "No space left on device")

    run.append_metrics(1, {}, 1)
    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(RunFolderError, match=r"step 2 .*No space left.*Free the disk"):
        run.append_metrics(2, {}, 1)


def test_a_full_disk_leaves_no_half_record(run, monkeypatch):
    run.append_metrics(1, {}, 1)
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, line: whole(handle, line[:7]))
    with pytest.raises(RunFolderError, match=r"step 2 must fit whole.*Free the disk"):
        run.append_metrics(2, {}, 1)
    monkeypatch.undo()
    run.append_metrics(2, {}, 1)
    assert [record["step"] for record in read_records(run.metrics_path)] == [1, 2]


def written(spans):
    """The records of attempts 1, 2, ... that each go on after a step, for some steps."""
    return [
        {"schema": 1, "step": step, "attempt": number, "time": 0.0, "data": {}}
        for number, (start, length) in enumerate(spans, start=1)
        for step in range(start + 1, start + length + 1)
    ]


def test_steps_that_a_resumed_run_went_back_behind_are_not_reached():
    """Killed at 90 with a checkpoint at 50, resumed, stopped at 60."""
    stitched = stitch(written([(0, 90), (50, 10)]))
    assert [(record["step"], record["attempt"]) for record in stitched] == [
        *((step, 1) for step in range(1, 51)),
        *((step, 2) for step in range(51, 61)),
    ]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_stitching_keeps_what_no_later_attempt_went_back_behind(spans):
    records = written(spans)
    stitched = stitch(records)
    starts = {number: start for number, (start, length) in enumerate(spans, start=1) if length}
    assert stitched == sorted(
        (
            record
            for record in records
            if all(record["step"] <= start for number, start in starts.items() if number > record["attempt"])
        ),
        key=lambda record: record["step"],
    )
    assert stitched[-1:] == records[-1:], "the last record is the end of the curve, for last_record, too"


WRITER = """
import sys
from harness.runs import RunFolder
run = RunFolder(sys.argv[1])
attempt = run.begin_attempt(0)
for step in range(1, 10**9):
    run.append_metrics(step, {"x" * (step % 300): float(step)}, attempt)
"""


def test_a_killed_writer_leaves_records_that_its_reader_and_successor_can_use(run):
    for attempt in range(1, 4):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(run.path)])
        while last_record(run.metrics_path) is None or last_record(run.metrics_path)["attempt"] < attempt:
            time.sleep(0.01)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    steps = [record["step"] for record in run.metrics()]
    assert steps == list(range(1, len(steps) + 1))
    assert [a["outcome"] for a in run.manifest()["attempts"]] == ["killed", "killed", None]
