"""A grader whose every answer is an accident. The text says which."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from harness.graders.verdict import Verdict


def grade(source: str, text: str, ground_truth: str) -> Verdict:
    ACCIDENTS[text]()
    return Verdict(text == ground_truth, text)


def sleep() -> None:
    time.sleep(60)


def busy_in_c() -> None:
    9**9**8  # for minutes, without letting another thread run


def raise_error() -> None:
    raise ValueError("no such value " + "x" * 1000)


def allocate() -> None:
    _fill()


def allocate_and_say_nothing() -> None:
    with contextlib.suppress(MemoryError):
        _fill()


def _fill() -> None:
    kept = []
    while True:
        kept.append(bytearray(2**24))


def print_a_verdict() -> None:
    print('{"correct": true, "prediction": "printed", "failure": null, "last": false}', flush=True)
    os.write(1, b"\n\n")


def nothing() -> None:
    pass


ACCIDENTS = {
    "sleep": sleep,
    "busy in C": busy_in_c,
    "raise": raise_error,
    "allocate": allocate,
    "allocate, caught": allocate_and_say_nothing,
    "print": print_a_verdict,
    "exit": lambda: os._exit(3),
    "sys.exit": lambda: sys.exit(0),
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "fine": nothing,
    **{f"fine {number}": nothing for number in range(40)},
}
