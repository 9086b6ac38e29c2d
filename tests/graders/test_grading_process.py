"""The process that grades: its limits, its deaths, and from where it can be used."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import ConfigError, DependencyError, StateError
from harness.graders import Verdict, grade
from harness.graders.process import GradingProcess

HERE = Path(__file__).parent
BAD = {"bad": "bad_graders"}
PATIENT_S, HASTY_S = 60.0, 1.0
MEMORY_MB = 256


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Iterator[GradingProcess]:
    """With a time limit that no accident meets, however busy the machine is."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    process = GradingProcess(BAD, PATIENT_S, MEMORY_MB)
    yield process
    process.close()


@pytest.mark.parametrize(
    "accident, reason",
    [
        ("raise", "ValueError: no such value xx"),
        ("allocate", "memory limit"),
        ("allocate, caught", "memory limit"),
        ("exit", "the grading process ended with exit code 3"),
        ("sys.exit", "SystemExit: 0"),
        ("crash", "the grading process ended with SIGSEGV"),
    ],
)
def test_an_accident_is_a_failure_with_its_reason_and_the_next_answer_is_graded(
    bad: GradingProcess, accident: str, reason: str
) -> None:
    verdict = bad.grade("bad", "", accident, "another answer")
    assert not verdict.correct and verdict.failure is not None
    assert verdict.failure.startswith(reason) and len(verdict.failure) <= 300
    assert bad.grade("bad", "", "fine", "fine") == Verdict(True, "fine")


@pytest.mark.parametrize("accident", ["sleep", "busy in C"])
def test_an_answer_that_never_ends_is_a_failure_at_its_limit(bad: GradingProcess, accident: str) -> None:
    assert bad.grade("bad", "", "fine", "fine") == Verdict(True, "fine")
    bad._limit_s = HASTY_S
    begun = time.monotonic()
    assert bad.grade("bad", "", accident, accident) == Verdict.failed("time limit")
    assert HASTY_S <= time.monotonic() - begun < PATIENT_S / 2
    bad._limit_s = PATIENT_S
    assert bad.grade("bad", "", "fine", "fine") == Verdict(True, "fine")


def test_what_a_grader_prints_is_no_verdict(bad: GradingProcess) -> None:
    assert bad.grade("bad", "", "print", "") == Verdict(False, "print")
    assert bad.grade("bad", "", "fine", "fine") == Verdict(True, "fine")


def test_a_process_that_was_killed_between_two_answers_is_replaced(bad: GradingProcess) -> None:
    bad.grade("bad", "", "fine", "fine")
    assert bad._process is not None
    os.kill(bad._process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, bad._process.pid, os.WEXITED | os.WNOWAIT)
    assert bad.grade("bad", "", "fine", "fine") == Verdict(True, "fine")


def test_threads_get_their_own_answers(bad: GradingProcess) -> None:
    texts = [f"fine {number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda text: bad.grade("bad", "", text, text), texts))
    assert verdicts == [Verdict(True, text) for text in texts]


def answer_of_a_daemon(answers: multiprocessing.Queue) -> None:
    answers.put(grade("math_verify", "math500", r"\boxed{\frac12}", "0.5"))


def test_a_daemonic_process_can_grade() -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=answer_of_a_daemon, args=(answers,), daemon=True)
    process.start()
    assert answers.get(timeout=60) == Verdict(True, r"\frac12")
    process.join()


def test_a_forked_process_has_a_grading_process_of_its_own() -> None:
    assert grade("released", "math500", r"\boxed{1}", "1").correct
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    process = context.Process(target=answer_of_a_daemon, args=(answers,))
    process.start()
    assert answers.get(timeout=60) == Verdict(True, r"\frac12")
    process.join()
    assert grade("released", "math500", r"\boxed{2}", "2").correct


ORPHAN = """
import sys, threading, time
from harness.graders.process import GradingProcess
process = GradingProcess({"bad": "bad_graders"}, limit_s=1.0)
process.grade("bad", "", "fine", "fine")
threading.Thread(target=process.grade, args=("bad", "", "busy in C", "")).start()
time.sleep(0.2)
print(process._process.pid, flush=True)
time.sleep(60)
"""


def test_the_grading_process_ends_when_who_started_it_was_killed(bad: GradingProcess) -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, cwd=HERE.parents[1])
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while alive(child):
        assert time.monotonic() < deadline, "still computing"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_grader_that_cannot_be_imported_is_refused() -> None:
    process = GradingProcess({"none": "no_such_module"})
    with pytest.raises(DependencyError, match="No module named 'no_such_module'"):
        process.grade("none", "", "", "")


def test_a_process_that_does_not_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StateError, match="ended with exit code 1"):
        GradingProcess(BAD).grade("bad", "", "", "")


@pytest.mark.parametrize(
    "name, source, message", [("math-verify", "math500", "Did you mean 'math_verify'"), ("released", "gsm8k", "aime24")]
)
def test_unknown_names_are_refused_with_the_known_ones(name: str, source: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        grade(name, source, r"\boxed{1}", "1")


def test_a_prediction_is_short_and_can_be_written_to_a_file() -> None:
    verdict = grade("released", "math500", "\\boxed{\ud800" + "9" * 10_000 + "}", "1")
    assert verdict.prediction is not None and len(verdict.prediction) == 300
    verdict.prediction.encode()
