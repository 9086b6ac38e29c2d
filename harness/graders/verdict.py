"""What a grader says about one answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Verdict:
    """A wrong answer has no `failure`; where the grader itself failed, the answer is not known to be wrong."""

    correct: bool
    prediction: str | None  # the answer as it was written, or None if the text has none
    failure: str | None = None  # "time limit", "ValueError: ..."; then `correct` is False

    @classmethod
    def failed(cls, reason: str, prediction: str | None = None) -> Self:
        return cls(False, prediction, reason)

    @property
    def score(self) -> float:
        """+1 for a correct answer, -1 otherwise, as in the authors' release."""
        return 1.0 if self.correct else -1.0
