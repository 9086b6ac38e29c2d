"""Graders of math answers: is the answer in a model's text equal to the ground truth?

A grader is a module with `grade(source, text, ground_truth) -> Verdict`. None of them runs in the caller's process:
`grade` hands the answer to a process with a limit of time and memory, whose end is a failure with a reason.
"""

from harness.graders.grade import GRADERS, MATH_SOURCES, grade
from harness.graders.verdict import Verdict

__all__ = ["GRADERS", "MATH_SOURCES", "Verdict", "grade"]
