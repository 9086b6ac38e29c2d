"""The parser: what it reads has the value that arithmetic gives, everything else is refused, and quickly."""

from __future__ import annotations

import re
import time
from fractions import Fraction

import pytest
from expression_trees import TREES, Tree, numbers, text, value
from hypothesis import given
from hypothesis import strategies as st

from harness.problems.expression import MAX_DEPTH, MAX_LENGTH, ExpressionError, evaluate

HOSTILE = {
    "empty": ("", r"a number or '\(' must stand at position 0"),
    "space": (" ", "position 0"),
    "spaces inside": ("1 + 2", "unexpected ' ' at position 1"),
    "newline at the end": ("1+2\n", "unexpected '\\\\n'"),
    "import": ("__import__('os').system('true')", "position 0"),
    "attribute": ("(1).__class__", "unexpected '.'"),
    "call": ("1(2)", "unexpected '\\('"),
    "no product sign": ("(1)(2)", "unexpected '\\('"),
    "power": ("2**3", "position 2"),
    "floor division": ("7//2", "position 2"),
    "float": ("1.5", "unexpected '.'"),
    "exponent": ("1e3", "unexpected 'e'"),
    "underscore": ("1_000", "unexpected '_'"),
    "hexadecimal": ("0x10", "unexpected 'x'"),
    "arabic digits": ("\u0663+\u0664", "position 0"),
    "fullwidth digits": ("\uff13+4", "position 0"),
    "superscript": ("2\u00b2", "unexpected"),
    "roman numeral": ("\u2167", "position 0"),
    "unicode minus": ("3\u22121", "unexpected"),
    "nul": ("1\x00", "unexpected"),
    "unary minus": ("-3", "position 0"),
    "unary minus inside": ("2*-3", "position 2"),
    "double sign": ("1+-1", "position 2"),
    "operator at the end": ("1+", "position 2"),
    "two numbers": ("12 34", "unexpected ' '"),
    "equation": ("1+1=2", "unexpected '='"),
    "open": ("(1", "missing '\\)' at position 2"),
    "closed": ("1)", "unexpected '\\)'"),
    "only parentheses": ("()", "position 1"),
    "division by zero": ("1/0", "division by zero"),
    "division by a zero difference": ("5/(3-2-1)", "division by zero"),
    "deep": ("(" * 60 + "1" + ")" * 60, f"nest at most {MAX_DEPTH} deep"),
    "deep and unclosed": ("(" * 250, f"nest at most {MAX_DEPTH} deep"),
    "10,000 characters": ("1+" * 5_000, f"at most {MAX_LENGTH} characters, got 10000"),
    "10,000 parentheses": ("(" * 10_000, f"at most {MAX_LENGTH} characters"),
    "a number of 10,000 digits": ("9" * 10_000, f"at most {MAX_LENGTH} characters"),
}


@given(TREES)
def test_an_expression_has_the_value_of_its_tree(tree: Tree) -> None:
    expected = value(tree)
    if expected is None:
        with pytest.raises(ExpressionError, match="division by zero"):
            evaluate(text(tree))
    else:
        result = evaluate(text(tree))
        assert result.value == expected
        assert result.numbers == numbers(tree)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("8-4-2", 2), ("8/4/2", 1), ("2+3*4", 14), ("(2+3)*4", 20), ("8-(4-2)", 6), ("7/2", Fraction(7, 2)),
        ("1/3*3", 1), ("3-5", -2), ("0/7", 0), ("((((5))))", 5),
    ],
)  # fmt: skip
def test_precedence_association_and_exactness(expression: str, expected: Fraction) -> None:
    assert evaluate(expression).value == expected


@pytest.mark.parametrize(("hostile", "complaint"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_refused_at_once_with_a_reason(hostile: str, complaint: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ExpressionError, match=complaint):
        evaluate(hostile)
    assert time.perf_counter() - started < 0.1


def test_the_limits_themselves_are_allowed() -> None:
    assert evaluate("(" * MAX_DEPTH + "7" + ")" * MAX_DEPTH).value == 7
    assert evaluate("9" * MAX_LENGTH).value == 10**MAX_LENGTH - 1
    assert evaluate("*".join(["9"] * 128)).value == 9**128


@given(st.text(alphabet="0123456789+-*/() =:\u0663x_.", max_size=40))
def test_any_text_gives_a_value_or_an_expression_error(anything: str) -> None:
    try:
        result = evaluate(anything)
    except ExpressionError:
        return
    assert set(anything) <= set("0123456789+-*/()")
    assert eval_with_fractions(anything) == result.value


def eval_with_fractions(expression: str) -> Fraction:
    """Python's own grammar over Fractions; safe here, where the text is digits and operators only."""
    return eval(re.sub(r"\d+", lambda digits: f"Fraction({int(digits[0])})", expression))  # type: ignore[no-any-return]
