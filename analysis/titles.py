"""The name of a method in figures and tables: the title that the method gives itself."""

from __future__ import annotations


def title(method: str) -> str:
    """Title of a method; the name itself for one that this version does not have (an imported run)."""
    from harness.methods import METHODS  # late: only names are wanted, and importing finds every method

    known = METHODS.get(method)
    return known.title if known else method
