"""Many run folders at once: read in parallel, each file once until it changes, and never from a damaged cache."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.dumps import pool as pools
from harness.dumps import reading, scan
from harness.dumps.cache import SampleCache
from harness.dumps.layouts import LAYOUTS
from harness.dumps.pool import Job, scan_all, workers_for
from harness.dumps.reading import RunSamples, read_all, sample_files
from harness.dumps.scan import scan_file
from tests.analysis.synthetic import write_samples

STEPS = (0, 5, 10)
OLD_NS = 1_600_000_000 * 10**9


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with three validations, old enough that a change of their files would show."""
    (tmp_path / "run").mkdir()
    for step in STEPS:
        age(write_samples(tmp_path / "run", step, [step % 4, 3, 1], 4))
    return tmp_path / "run"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SampleCache:
    monkeypatch.setattr(reading, "CACHED_FROM_BYTES", 1)
    return SampleCache(tmp_path / "cache")


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps whose files were read, in order."""
    steps: list[int] = []

    def told(path: Path, step: int, layout: object) -> object:
        steps.append(step)
        return scan_file(path, step, layout)  # type: ignore[arg-type]

    monkeypatch.setattr(pools, "scan_file", told)
    return steps


def age(path: Path, ns: int = OLD_NS) -> Path:
    os.utime(path, ns=(ns, ns))
    return path


def read(run: Path, cache: SampleCache | None) -> RunSamples:
    return read_all({"run": sample_files(run, 99)}, cache)["run"]


def same(found: RunSamples, wanted: RunSamples) -> None:
    assert found.table.to_pylist() == wanted.table.to_pylist()
    assert (found.defects, found.digests) == (wanted.defects, wanted.digests)


def test_an_unchanged_file_is_read_once(run: Path, cache: SampleCache, scanned: list[int]) -> None:
    first = read(run, cache)
    assert scanned == [0, 5, 10]
    same(read(run, cache), first)
    assert scanned == [0, 5, 10]


def test_a_new_file_alone_is_read(run: Path, cache: SampleCache, scanned: list[int]) -> None:
    read(run, cache)
    age(write_samples(run, 15, [4, 4, 4], 4))
    same(read(run, cache), read(run, None))
    assert scanned == [0, 5, 10, 15, 0, 5, 10, 15]
    read(run, cache)
    assert len(scanned) == 8


def replaced(run: Path) -> None:
    write_samples(run, 5, [0, 0, 0], 4)


def same_size_and_time(run: Path) -> None:
    path = run / "samples/step_000005.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"correct": true, "score": 1.0,', b'"correct": false, "score":1.0,', 1))
    age(path)


def another_inode(run: Path) -> None:
    path = run / "samples/step_000005.jsonl"
    shutil.copy2(path, run / "copy")
    (run / "copy").replace(path)


def cut(run: Path) -> None:
    path = run / "samples/step_000005.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    age(path)


@pytest.mark.parametrize("change", [replaced, same_size_and_time, another_inode, cut])
def test_a_changed_file_is_read_again(
    change: Callable[[Path], None], run: Path, cache: SampleCache, scanned: list[int]
) -> None:
    read(run, cache)
    change(run)
    del scanned[:]
    found = read(run, cache)
    assert scanned == [5]
    same(found, read(run, None))


def test_a_damaged_file_is_kept_with_its_reason(run: Path, cache: SampleCache, scanned: list[int]) -> None:
    cut(run)
    first = read(run, cache)
    assert first.defects == ["samples of step 5 left out: the last line is truncated"]
    del scanned[:]
    same(read(run, cache), first)
    assert scanned == []


def test_a_file_that_may_still_change_within_a_tick_of_the_clock_is_read_again(
    run: Path, cache: SampleCache, scanned: list[int]
) -> None:
    write_samples(run, 10, [1, 1, 1], 4)
    read(run, cache)
    del scanned[:]
    read(run, cache)
    assert scanned == [10]


def test_a_file_that_grows_while_it_is_read_is_not_kept(
    run: Path, cache: SampleCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run / "samples/step_000005.jsonl"
    check = scan._check_end

    def grows(file: object) -> None:
        check(file)
        with path.open("ab") as more:
            more.write(b"\n")

    monkeypatch.setattr(scan, "_check_end", grows)
    assert scan_file(path, 5, LAYOUTS["own"]).stamp is None


def test_half_a_line_written_while_a_file_is_read_is_told(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = run / "samples/step_000005.jsonl"

    def grows(file: object) -> None:
        with path.open("ab") as more:
            more.write(b'{"step": 5, ')

    monkeypatch.setattr(scan, "_check_end", grows)
    found = scan_file(path, 5, LAYOUTS["own"])
    assert found.stamp is None and "line 13 is not JSON" in found.defect


def test_a_reading_process_starts_without_numpy() -> None:
    code = "import sys; from harness.dumps import worker; worker.main(); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def entry(cache: SampleCache) -> Path:
    (path,) = cache.folder.iterdir()
    return path


@pytest.mark.parametrize("place", [0, 22, 60, 200, -1])
def test_a_damaged_entry_is_not_trusted(place: int, run: Path, cache: SampleCache, scanned: list[int]) -> None:
    wanted = read(run, cache)
    content = bytearray(entry(cache).read_bytes())
    content[place] ^= 1
    entry(cache).write_bytes(content)
    del scanned[:]
    same(read(run, cache), wanted)
    assert scanned == [0, 5, 10]


@pytest.mark.parametrize("content", [b"", b"\n", b"entrocraft-samples 2 0\n"])
def test_an_entry_of_another_form_is_none(content: bytes, run: Path, cache: SampleCache, scanned: list[int]) -> None:
    wanted = read(run, cache)
    entry(cache).write_bytes(content)
    same(read(run, cache), wanted)
    assert scanned == [0, 5, 10] * 2


def test_every_prefix_of_an_entry_is_none(run: Path, cache: SampleCache) -> None:
    read(run, cache)
    content = entry(cache).read_bytes()
    for length in np.linspace(0, len(content) - 1, 40).astype(int):
        entry(cache).write_bytes(content[:length])
        assert cache.load(run) == {}


def test_a_cache_that_cannot_be_written_keeps_nothing(run: Path, tmp_path: Path, cache: SampleCache) -> None:
    (tmp_path / "file").write_text("")
    same(read(run, SampleCache(tmp_path / "file" / "cache")), read(run, None))


def test_readers_and_writers_at_once(run: Path, cache: SampleCache) -> None:
    wanted, wrong = read(run, None), []

    def often() -> None:
        for _ in range(20):
            if read(run, cache).table.to_pylist() != wanted.table.to_pylist():
                wrong.append(1)
            entry_paths = [path for path in cache.folder.iterdir() if not path.name.startswith(".")]
            for path in entry_paths:
                path.unlink(missing_ok=True)

    threads = [threading.Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not [path for path in cache.folder.iterdir() if path.name.startswith(".")]


def test_small_runs_are_not_kept(run: Path, tmp_path: Path) -> None:
    cache = SampleCache(tmp_path / "cache")
    read(run, cache)
    assert not cache.folder.exists()


def jobs(run: Path) -> list[Job]:
    files = sample_files(run, 99)
    return [Job(files.path(step), step, LAYOUTS["own"], 10**9) for step in files.names]


def test_processes_give_what_this_one_gives(run: Path, scanned: list[int]) -> None:
    cut(run)
    here = list(scan_all(jobs(run), 1))
    assert scanned == [0, 5, 10]
    process = pools._start()
    there = [pools._asked(process, job) for job in jobs(run)]
    process.communicate()
    assert scanned == [0, 5, 10]  # none of them here
    for found in (there, list(scan_all(jobs(run), 2))):
        assert [each.table.to_pylist() for each in found] == [each.table.to_pylist() for each in here]
        assert [(e.digest, e.defect, e.stamp) for e in found] == [(e.digest, e.defect, e.stamp) for e in here]


def test_a_file_that_cannot_be_read_is_an_error(run: Path) -> None:
    missing = [*jobs(run), Job(run / "none.jsonl", 3, LAYOUTS["own"], 1)]
    with pytest.raises(FileNotFoundError):
        list(scan_all(missing, 2))


def test_a_process_that_dies_leaves_its_file_to_this_one(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = pools._start

    def dead() -> object:
        process = start()
        process.kill()
        process.wait()
        return process

    monkeypatch.setattr(pools, "_start", dead)
    here, there = list(scan_all(jobs(run), 1)), list(scan_all(jobs(run), 2))
    assert [each.digest for each in there] == [each.digest for each in here]


def test_processes_are_started_where_they_pay(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(4)))
    assert workers_for(jobs(run)) == 3  # no more than files
    assert workers_for([job._replace(size=1000) for job in jobs(run)]) == 1
    assert workers_for([]) == 1
