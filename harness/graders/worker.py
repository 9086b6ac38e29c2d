"""What the grading process runs: one JSON line in, one out. `process.py` starts it and reads it.

It ends when its input does. Should whoever started it be gone while it computes, an alarm ends it after the limit.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from harness.graders.verdict import Verdict

GRACE_S = 1.0
"""How much later than its parent this process ends an answer itself."""
RECURSION = 10_000
"""Nested calls. Libraries catch the error of too many as if the answer could not be read; with this many, the limits
are met first, and those are reported."""
MAX_TEXT = 300
"""Characters of a prediction or a reason that are passed on."""
MEMORY_LIMIT = "memory limit"


def main(settings: dict[str, Any]) -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints must not look like a reply
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process, whatever it is in
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    try:
        graders = {name: importlib.import_module(module) for name, module in settings["graders"].items()}
    except ImportError as error:
        _send(replies, {"refusal": str(error)})
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # warnings about hostile answers; a failed start was still shown
    sys.setrecursionlimit(RECURSION)
    allowed = settings["memory_mb"] * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    _send(replies, {"refusal": None})
    for line in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_REAL, settings["limit_s"] + GRACE_S)
        verdict = _verdict(graders, *json.loads(line))
        if _peak_memory() > allowed / 2 and not verdict.correct:
            # An allocation that failed may have been caught on the way and have become "not equal". Doubling stops
            # short of the limit, hence the half.
            verdict = Verdict.failed(MEMORY_LIMIT, verdict.prediction)
        signal.setitimer(signal.ITIMER_REAL, 0)
        last = _peak_memory() > allowed / 4  # it must not be held against the next answer
        _send(replies, {**asdict(verdict), "last": last})
        if last:
            return


def _verdict(graders: dict[str, ModuleType], name: str, source: str, text: str, ground_truth: str) -> Verdict:
    try:
        verdict: Verdict = graders[name].grade(source, text, ground_truth)
    except MemoryError:
        return Verdict.failed(MEMORY_LIMIT)
    except BaseException as error:  # also a SystemExit
        return Verdict.failed(_short(f"{type(error).__name__}: {error}"))
    prediction = verdict.prediction
    return verdict if prediction is None else replace(verdict, prediction=_short(prediction))


def _short(text: str) -> str:
    """At most MAX_TEXT characters, all of which a file can hold."""
    shown = text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 3]}..."
    return shown.encode("utf-8", "replace").decode()


def _peak_memory() -> int:
    """Largest address space so far, bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmPeak:")[2].split()[0]) * 1024


def _send(replies: TextIO, message: dict[str, Any]) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
