"""The two forms of a line: the run folder's own samples, and verl's validation dump with our reward function's extras.

A layout decodes whole blocks of lines into `Sample`s without building the fields that nobody asked for. Whatever is
unusual in a block (a wrong type, damage, a line too many) makes it give up (`None`): the line is then read exactly,
by `harness.dumps.exact`, which has the words for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np


Row = tuple[int, str, str, int, bool, float | None, str | None, bool]
"""step, source, problem_id, sample (-1: the line carries none), correct, score, prediction, empty."""
EMPTY = b'""'
NEWLINE = ord("\n")


class Line(Protocol):
    """A decoded line. `output` is the raw JSON of the response: looked at, and dropped with its block."""

    def row(self) -> Row: ...


class OwnSample(msgspec.Struct, gc=False):
    """A line of `samples/step_NNNNNN.jsonl`."""

    step: int
    problem_id: str
    source: str
    sample: int
    correct: bool
    score: float | None = None
    prediction: str | None = None
    output: msgspec.Raw = msgspec.Raw()

    def row(self) -> Row:
        empty = bytes(self.output) == EMPTY
        return self.step, self.source, self.problem_id, self.sample, self.correct, self.score, self.prediction, empty


class VerlSample(msgspec.Struct, gc=False):
    """A line of verl's `<validation_data_dir>/<step>.jsonl`; `acc` and `pred` come from the reward function."""

    step: int
    problem_id: str
    source: str
    acc: bool | float
    score: float | None = None
    pred: str | None = None
    output: msgspec.Raw = msgspec.Raw()

    def row(self) -> Row:
        """Raises ValueError for an `acc` that is no verdict."""
        if self.acc not in (0, 1):
            raise ValueError("not a verdict")
        empty = bytes(self.output) == EMPTY
        return self.step, self.source, self.problem_id, -1, bool(self.acc), self.score, self.pred, empty


@dataclass(frozen=True)
class Layout:
    """A form of line. `line` is the struct; the names say which key holds correctness, prediction and sample number.

    sample: None where the lines carry none; the samples of a problem are then numbered in the order of the file.
    """

    name: str
    line: type[OwnSample] | type[VerlSample]
    correct: str
    prediction: str
    sample: str | None

    def rows(self, block: memoryview, step: int) -> list[Row] | None:
        """The lines of a block that ends with a newline; None where a line must be read exactly."""
        try:
            lines: list[Line] = msgspec.json.Decoder(self.line).decode_lines(block)
            rows = [line.row() for line in lines]
        except (msgspec.MsgspecError, ValueError):
            return None
        newlines = np.count_nonzero(np.frombuffer(block, np.uint8) == NEWLINE)
        return rows if len(rows) == newlines and all(row[0] == step for row in rows) else None


OWN = Layout("own", OwnSample, correct="correct", prediction="prediction", sample="sample")
VERL = Layout("verl", VerlSample, correct="acc", prediction="pred", sample=None)
LAYOUTS = {layout.name: layout for layout in (OWN, VERL)}
