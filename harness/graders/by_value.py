r"""Equality by value, with the library math-verify: 033 = 33, \frac12 = 0.5, {1, 2} = {2, 1}.

The library's own time limits are alarms, which Python allows in main threads only; they are off, and the process
that this runs in is ended from outside. docs/graders.md lists what the library gets wrong.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

from harness.graders import boxed
from harness.graders.verdict import Verdict

TAIL = 2000
"""Characters at the end of a text without a box in which a number is looked for."""

THOUSANDS = re.compile(r"(?<=[0-9])\\[, ](?=[0-9]{3}(?![0-9]))")
"""A space of LaTeX in front of three digits, which the library takes for a product."""
PERCENT = re.compile(r"\s*\\?%\s*\Z")

logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it warns once that its time limits are off


def grade(source: str, text: str, ground_truth: str) -> Verdict:
    """The last box of the text against the ground truth, which is LaTeX or plain text; without any box, the last
    number or formula of its last TAIL characters.

    Raises:
        ArithmeticError, TypeError, ...: what the library raises where it cannot compare two values.
    """
    gold = _read(ground_truth)
    if boxed.has_box(text):
        prediction = boxed.answer(text)
        given = _read(prediction or "")
    else:
        given = parse(text[-TAIL:], (LatexExtractionConfig(), ExprExtractionConfig()), parsing_timeout=None)
        prediction = _spelling(given)
    if _equal(gold, given) or _equal_but_for_percent(ground_truth, prediction or ""):
        return Verdict(True, prediction)
    if all(isinstance(value, str) for value in gold):
        return Verdict.failed("the ground truth cannot be read as a value", prediction)
    return Verdict(False, prediction)


def _read(latex: str) -> list[Any]:
    """Value and normalised spelling of one answer, as far as the library can read it: [value, str], [str] or []."""
    inner = THOUSANDS.sub("", latex.strip().rstrip("\\. "))
    return parse(f"\\[{inner}\\]", (LatexExtractionConfig(),), parsing_timeout=None) if inner else []


def _spelling(parsed: list[Any]) -> str | None:
    return next((part for part in parsed if isinstance(part, str)), None)


def _equal_but_for_percent(gold: str, given: str) -> bool:
    """Whether one of the two has a percent sign that the other, where the question asks for percent, leaves out."""
    bare_gold, bare = PERCENT.sub("", gold), PERCENT.sub("", given)
    return (bare_gold == gold) != (bare == given) and _equal(_read(bare_gold), _read(bare))


def _equal(gold: list[Any], given: list[Any]) -> bool:
    """Whether one of the readings is equal. An error is raised only where no other reading decides."""
    problem: Exception | None = None
    for right in gold:
        for value in given:
            try:
                if verify(right, value, timeout_seconds=None, raise_on_error=True):
                    return True
            except Exception as error:
                problem = problem or error
    if problem:
        raise problem
    return False
