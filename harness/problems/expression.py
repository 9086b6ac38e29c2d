"""A parser for integer arithmetic: + - * / and parentheses, exact rationals, nothing else.

Answers come from a language model, so they are never handed to `eval`: a recursive-descent parser with a depth and a
length limit reads them, and anything outside its grammar is an `ExpressionError`.

    sum := product (('+' | '-') product)* ;  product := atom (('*' | '/') atom)* ;  atom := digits | '(' sum ')'
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

MAX_LENGTH = 256  # characters
MAX_DEPTH = 32  # nested parentheses
DIGITS = frozenset("0123456789")  # str.isdigit also accepts other scripts


class ExpressionError(ValueError):
    """The text is not an expression of the grammar, or divides by zero."""


@dataclass(frozen=True)
class Evaluated:
    value: Fraction
    numbers: tuple[int, ...]  # literals in order of appearance


def evaluate(text: str) -> Evaluated:
    """Value and literals of an expression.

    Raises:
        ExpressionError: not in the grammar, longer than MAX_LENGTH, deeper than MAX_DEPTH, or a division by zero.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters, got {len(text)}")
    parser = _Parser(text)
    value = parser.sum(depth=0)
    if parser.position != len(text):
        raise ExpressionError(f"unexpected {text[parser.position]!r} at position {parser.position}")
    return Evaluated(value, tuple(parser.numbers))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.numbers: list[int] = []

    def _peek(self) -> str:
        return self.text[self.position] if self.position < len(self.text) else ""

    def sum(self, depth: int) -> Fraction:
        value = self.product(depth)
        while (operator := self._peek()) and operator in "+-":
            self.position += 1
            right = self.product(depth)
            value = value + right if operator == "+" else value - right
        return value

    def product(self, depth: int) -> Fraction:
        value = self.atom(depth)
        while (operator := self._peek()) and operator in "*/":
            self.position += 1
            right = self.atom(depth)
            if operator == "/" and right == 0:
                raise ExpressionError("division by zero")
            value = value * right if operator == "*" else value / right
        return value

    def atom(self, depth: int) -> Fraction:
        if self._peek() == "(":
            if depth >= MAX_DEPTH:
                raise ExpressionError(f"parentheses nest at most {MAX_DEPTH} deep")
            self.position += 1
            value = self.sum(depth + 1)
            if self._peek() != ")":
                raise ExpressionError(f"missing ')' at position {self.position}")
            self.position += 1
            return value
        start = self.position
        while (character := self._peek()) and character in DIGITS:
            self.position += 1
        if start == self.position:
            raise ExpressionError(f"a number or '(' must stand at position {start}")
        self.numbers.append(int(self.text[start : self.position]))
        return Fraction(self.numbers[-1])
