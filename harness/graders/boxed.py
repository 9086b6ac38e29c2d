r"""Where the answer stands in a text: the last \boxed{...} or \fbox{...}, its braces matched. One pass, no regexes
over the text, so that a hostile one costs no more than its length."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMANDS = ("\\boxed", "\\fbox")
MAX_GAP = 20
r"""Characters between two boxes of one answer, such as `\boxed{1}$ and $\boxed{2}`."""
MAX_BOXES = 20
"""Of one answer; a text of nothing but boxes must not cost the square of its length."""
BETWEEN = re.compile(r"(?:[\s$,;.*]|\\[\[\]() ,;]|\\q?quad|\\text\{\s*(?:and|or)\s*\}|\band\b|\bor\b)*")


@dataclass(frozen=True)
class Box:
    start: int  # of the backslash
    end: int  # one past the closing brace
    content: str


def answer(text: str) -> str | None:
    """The content of the last box; boxes that only `and`, `or` or punctuation separates are one answer, in a list.

    None where the text has no box, or where its last one is not closed: what a cut-off answer would have been is not
    known, and what stood before it was not the last word.
    """
    last = last_box(text, len(text))
    if last is None:
        return None
    contents = [last.content]
    for _ in range(MAX_BOXES - 1):
        before = last_box(text, last.start)
        if before is None or last.start - before.end > MAX_GAP or not BETWEEN.fullmatch(text, before.end, last.start):
            break
        if before.content not in contents:
            contents.append(before.content)
        last = before
    return ", ".join(reversed(contents))


def has_box(text: str) -> bool:
    return any(command in text for command in COMMANDS)


def last_box(text: str, end: int) -> Box | None:
    r"""The last box that begins before `end`, or None where there is none or where it is not closed by then.

    An argument without braces, `\boxed 5`, is the run of characters up to a space or a dollar sign.
    """
    start, command = max((text.rfind(command, 0, end), command) for command in COMMANDS)
    if start < 0:
        return None
    opening = start + len(command)
    while opening < end and text[opening].isspace():
        opening += 1
    if opening < end and text[opening] != "{":
        bare = re.compile(r"[^\s$]*").match(text, opening, end)
        assert bare is not None
        return Box(start, bare.end(), bare[0].rstrip(".,;"))
    closing = matching_brace(text, opening, end)
    return None if closing is None else Box(start, closing + 1, text[opening + 1 : closing].strip())


def matching_brace(text: str, opening: int, end: int) -> int | None:
    r"""Position of the brace that closes the one at `opening`; `\{` and `\}` are characters, not braces."""
    depth, position = 0, opening
    while position < end:
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return None
