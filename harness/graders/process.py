"""A process that grades one answer after the other, within limits, and is replaced when it had to be ended.

Computer algebra can take for ever and any amount of memory, also inside C code, where no exception reaches it; so it
is a process, which can be killed. It is a plain subprocess, because a daemonic process, as of multiprocessing, may not
have children by multiprocessing, and a fork of a process with threads may deadlock.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import harness
from harness.errors import DependencyError, StateError
from harness.graders.verdict import Verdict

LIMIT_S = 5.0
"""Wall-clock seconds for one answer."""
MEMORY_MB = 1024
"""Address space of the process, MiB; it takes 70 of them before its first answer. Past a quarter it is replaced."""
START_S = 120.0
"""Seconds for its imports, on a busy machine."""
DYING_S = 10.0
"""Seconds from the end of its output to the end of a process, after which the exit code is known."""
TIME_LIMIT = "time limit"
ROOT = Path(harness.__file__).resolve().parents[1]


class GradingProcess:
    """Starts with the first answer. `graders`: name -> module with `grade(source, text, ground_truth)`."""

    def __init__(self, graders: Mapping[str, str], limit_s: float = LIMIT_S, memory_mb: int = MEMORY_MB) -> None:
        self._graders, self._limit_s, self._memory_mb = dict(graders), limit_s, memory_mb
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        atexit.register(self.close)

    def grade(self, name: str, source: str, text: str, ground_truth: str) -> Verdict:
        """The grader's verdict, or a failure: "time limit", "memory limit", its exception, or how the process ended.

        Raises:
            DependencyError: a grader cannot be imported.
            StateError: the process does not start.
        """
        request = json.dumps([name, source, text, ground_truth]).encode() + b"\n"
        with self._lock:
            process = self._running()
            try:
                _send(process, request)
                reply = _receive(process, self._limit_s)
            except BrokenPipeError:
                reply = b""  # it has ended
            except TimeoutError:
                self._end()
                return Verdict.failed(TIME_LIMIT)
            if not reply:
                return Verdict.failed(_how_it_ended(self._end(DYING_S)))
            answer = json.loads(reply)
            if answer.pop("last"):
                self._end()
        return Verdict(**answer)

    def close(self) -> None:
        """End the process; the next answer starts another."""
        with self._lock:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()  # ended by somebody between two answers, which is not the next answer's fault
        return self._process or self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        found = os.environ.get("PYTHONPATH")
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.graders.worker", json.dumps(self._settings())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *([found] if found else [])])},
        )
        self._process = process
        try:
            reply = _receive(process, START_S)
        except TimeoutError:
            reply = b""
        if not reply:
            raise StateError(
                f"the grading process must start within {START_S:.0f} s",
                _how_it_ended(self._end(DYING_S)),
                "What it printed is in the standard error of this process.",
            )
        if refusal := json.loads(reply)["refusal"]:
            self._end()
            raise DependencyError("a grader's module must be importable", refusal, "Install this package anew.")
        return process

    def _settings(self) -> dict[str, Any]:
        return {"graders": self._graders, "limit_s": self._limit_s, "memory_mb": self._memory_mb}

    def _end(self, patience_s: float = 0.0) -> int:
        """Kill the process unless it ends by itself in time. Returns the exit code, negative for a signal."""
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        try:
            return process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _send(process: subprocess.Popen[bytes], request: bytes) -> None:
    assert process.stdin is not None
    rest = memoryview(request)
    while rest:  # a signal may interrupt a long one
        rest = rest[os.write(process.stdin.fileno(), rest) :]


def _receive(process: subprocess.Popen[bytes], limit_s: float) -> bytes:
    """One line, or nothing where the process ends first; TimeoutError after `limit_s`."""
    assert process.stdout is not None
    descriptor, deadline, line = process.stdout.fileno(), time.monotonic() + limit_s, b""
    poll = select.poll()  # unlike select(), it takes the large descriptors of a process with many files
    poll.register(descriptor, select.POLLIN)
    while not line.endswith(b"\n"):
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
        part = os.read(descriptor, 65536)
        if not part:
            return b""
        line += part
    return line


def _how_it_ended(code: int) -> str:
    if code == -signal.SIGALRM:
        return TIME_LIMIT
    return f"the grading process ended with {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"
