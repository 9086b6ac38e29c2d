r"""The strict graders of the authors' release, written anew from what they do.

Numina, MATH-500 and AMC-23: the last \boxed is equal to the ground truth as a string, both in the normal form of
Hendrycks et al. (2021). AIME: the last \boxed of the last 100 characters is the ground truth, character by character,
so that 33 is wrong where the key says 033. Where the release raises an error it counts the answer as wrong, or
compares it as it stands; so does this.
Source: lblaoke/entrocraft at 26165bd, verl/utils/reward_score (math_reward, math_dapo with strict_box_verify).
"""

from __future__ import annotations

import re

from harness.graders.verdict import Verdict

BOX = "\\boxed{"
AIME_TAIL = 100
"""Characters in which an AIME answer must stand."""

REPLACED = (
    ("\n", ""),
    ("\\!", ""),
    ("\\\\", "\\"),
    ("tfrac", "frac"),
    ("dfrac", "frac"),
    ("\\left", ""),
    ("\\right", ""),
    ("^{\\circ}", ""),
    ("^\\circ", ""),
    ("\\$", ""),
)
"""In this order: line ends and negative spaces go, and so do delimiter sizes, degrees and dollars."""
UNIT = "\\text{ "
"""Whatever comes from here on is a unit."""


def grade(source: str, text: str, ground_truth: str) -> Verdict:
    """By the source's released grader; `source` is a short name such as math500 or aime25."""
    if source.startswith("aime"):
        prediction = braced_box(text[-AIME_TAIL:])
        return Verdict(prediction is not None and prediction == ground_truth, prediction)
    prediction = last_boxed(text)
    return Verdict(prediction is not None and equivalent(prediction, ground_truth), prediction)


def last_boxed(text: str) -> str | None:
    r"""Content of the last \boxed{...}. Where `\boxed ` with a space occurs anywhere, what follows the last of those
    up to a dollar sign counts instead, braces and all. None without a box, or where its braces do not close."""
    if "\\boxed " in text:
        return text.rpartition("\\boxed ")[2].partition("$")[0]
    return braced_box(text) if text.rfind("\\boxed") == text.rfind(BOX) else None


def braced_box(text: str) -> str | None:
    r"""Content of the last `\boxed{`, or None where its braces do not close."""
    start, depth = text.rfind(BOX), 0
    if start < 0:
        return None
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if text[position] == "}" and depth == 0:
            return text[start + len(BOX) : position]
    return None


def equivalent(left: str, right: str) -> bool:
    """Equal in normal form, or as they stand where one of them has none."""
    forms = normal_form(left), normal_form(right)
    return left == right if None in forms else forms[0] == forms[1]


def normal_form(answer: str) -> str | None:
    r"""The answer without what does not change its value: see REPLACED and UNIT; then percent signs and spaces go,
    a leading point gets its zero, a prefix such as `x =` goes, \sqrt3, \frac12 and 1/2 get their braces, and 0.5 is
    \frac{1}{2}. None for what the release trips over: two units, or a \sqrt or \frac with nothing after it."""
    text = answer
    for old, new in REPLACED:
        text = text.replace(old, new)
    if text.count(UNIT) > 1:
        return None
    text = text.partition(UNIT)[0].replace("\\%", "").replace(" .", " 0.").replace("{.", "{0.")
    if text.startswith("."):
        text = f"0{text}"
    name, equals, value = text.partition("=")
    if equals and "=" not in value and len(name) <= 2:
        text = value
    if _without_argument("sqrt", text):
        return None
    text = re.sub(r"\\sqrt([^{])", r"\\sqrt{\1}", text).replace(" ", "")
    if _without_argument("frac", text):
        return None
    text = _braced_fractions(text)
    if text == "0.5":
        return r"\frac{1}{2}"
    return re.sub(r"\A(0|-?[1-9][0-9]*)/(0|-?[1-9][0-9]*)\Z", r"\\frac{\1}{\2}", text)


def _without_argument(command: str, text: str) -> bool:
    return re.search(rf"\\{command}(?:\\{command}|\Z)", text) is not None


def _braced_fractions(text: str) -> str:
    r"""\frac12 and \frac1{2} with braces round both parts; as it stands where a \frac has but half an argument."""
    if re.search(r"\\frac[^{](?:\\frac|\Z)", text):
        return text
    return re.sub(r"\\frac([^{])(?:(\{)|([^{]))", lambda m: f"\\frac{{{m[1]}}}" + (m[2] or f"{{{m[3]}}}"), text)
