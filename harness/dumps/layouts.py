"""The two forms of a line: the run folder's own samples, and verl's validation dump with our reward function's extras.

A layout decodes whole blocks of lines without building the fields that nobody asked for. Whatever is unusual in a
block (a wrong type, damage, a line too many) makes it give up (`None`): the lines are then read one by one by
`harness.dumps.exact`, which has the words for it. A text that is not asked for is checked to be a JSON string, but not
to be UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

Row = tuple[str, str, int | None, bool, float | None, str | None, bool]
"""source, problem_id, sample (None: the line carries none), correct, score, prediction, empty."""

EMPTY = msgspec.Raw(b'""')


class OwnLine(msgspec.Struct, gc=False):
    """A line of `samples/step_NNNNNN.jsonl`. `output` is its raw JSON: looked at, and dropped with its block."""

    step: int
    problem_id: str
    source: str
    sample: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    correct: bool
    score: float | None = None
    prediction: str | None = None
    output: msgspec.Raw = msgspec.Raw()


class VerlLine(msgspec.Struct, gc=False):
    """A line of verl's `<validation_data_dir>/<step>.jsonl`; `acc` and `pred` come from the reward function."""

    step: int
    problem_id: str
    source: str
    acc: bool | float
    score: float | None = None
    pred: str | None = None
    output: msgspec.Raw = msgspec.Raw()


@dataclass(frozen=True)
class Layout:
    """A form of line. `line` is the struct; the names say which key holds correctness, prediction and sample number.

    sample: None where the lines carry none; the samples of a problem are then numbered in the order of the file.
    """

    name: str
    line: type[msgspec.Struct]
    correct: str
    prediction: str
    sample: str | None

    def columns(self, block: memoryview, count: int, step: int) -> list[list[Any]] | None:
        """The columns of Row of a block of `count` whole lines; None where they must be read one by one."""
        try:
            lines: list[Any] = msgspec.json.Decoder(self.line).decode_lines(block)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if len(lines) != count:
            return None  # a blank line, or two records in one
        if {line.step for line in lines} != {step}:
            return None
        own = self.sample is not None
        correct = [line.correct for line in lines] if own else [line.acc for line in lines]
        if not own and not {*correct} <= {0, 1}:
            return None
        return [
            [line.source for line in lines],
            [line.problem_id for line in lines],
            [line.sample for line in lines] if own else [None] * len(lines),
            correct if own else [value == 1 for value in correct],
            [line.score for line in lines],
            [line.prediction for line in lines] if own else [line.pred for line in lines],
            [line.output == EMPTY for line in lines],
        ]


OWN = Layout("own", OwnLine, correct="correct", prediction="prediction", sample="sample")
VERL = Layout("verl", VerlLine, correct="acc", prediction="pred", sample=None)
LAYOUTS = {layout.name: layout for layout in (OWN, VERL)}
