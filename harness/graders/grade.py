"""The graders by name, and grading in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from harness.errors import unknown
from harness.graders.process import GradingProcess
from harness.graders.verdict import Verdict

GRADERS: Mapping[str, str] = MappingProxyType(
    {"math_verify": "harness.graders.by_value", "released": "harness.graders.released"}
)
"""Name -> module with its `grade`. Only the grading process imports them."""

MATH_SOURCES = ("numina", "math500", "amc23", "aime24", "aime25", "aime26")
"""Short names of the problem sets that have a ground truth these graders can use."""


def grade(name: str, source: str, text: str, ground_truth: str) -> Verdict:
    """The verdict of grader `name` on the answer in `text`, within 5 s and 1 GiB (process.py).

    May be called from any thread and from a process that may have no children of its own by multiprocessing; the
    calls of one process wait for each other.

    Raises:
        ConfigError: a grader or a source that is not known.
        DependencyError: a grader's library is missing.
    """
    if name not in GRADERS:
        raise unknown("graders", [name], GRADERS)
    if source not in MATH_SOURCES:
        raise unknown("sources of math problems", [source], MATH_SOURCES)
    return _of_process(os.getpid()).grade(name, source, text, ground_truth)


@cache
def _of_process(pid: int) -> GradingProcess:
    """One for each process: a forked one must not read its parent's answers."""
    return GradingProcess(GRADERS)
