"""Random expression trees with a value of their own, to compare the parser with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from operator import add, mul, sub, truediv

from hypothesis import strategies as st

OPERATIONS = {"+": add, "-": sub, "*": mul, "/": truediv}


@dataclass(frozen=True)
class Node:
    operator: str
    left: Tree
    right: Tree
    spare: bool  # parentheses around it though none are needed


Tree = Node | int


def value(tree: Tree) -> Fraction | None:
    """By Fraction's own arithmetic over the tree, which never sees text; None where it divides by zero."""
    if isinstance(tree, int):
        return Fraction(tree)
    left, right = value(tree.left), value(tree.right)
    if left is None or right is None or (tree.operator == "/" and right == 0):
        return None
    return OPERATIONS[tree.operator](left, right)


def numbers(tree: Tree) -> tuple[int, ...]:
    return (tree,) if isinstance(tree, int) else numbers(tree.left) + numbers(tree.right)


def strength(tree: Tree) -> int:
    if isinstance(tree, int) or tree.spare:
        return 3
    return 1 if tree.operator in "+-" else 2


def text(tree: Tree) -> str:
    """With the parentheses that precedence and left association need, and the spare ones."""
    if isinstance(tree, int):
        return str(tree)
    own = 1 if tree.operator in "+-" else 2
    left = text(tree.left) if strength(tree.left) >= own else f"({text(tree.left)})"
    right = text(tree.right) if strength(tree.right) > own else f"({text(tree.right)})"
    inside = f"{left}{tree.operator}{right}"
    return f"({inside})" if tree.spare else inside


TREES: st.SearchStrategy[Tree] = st.recursive(
    st.integers(0, 99),
    lambda inner: st.builds(Node, st.sampled_from("+-*/"), inner, inner, st.booleans()),
    max_leaves=12,
)
