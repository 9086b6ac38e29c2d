"""Somebody's free text, and numbers, as the page shows them."""

from __future__ import annotations

import math

LONGEST = 600
"""Characters of a title or a reason on the page; `entrocraft status` and the run folder have all of them."""


def plain(text: str) -> str:
    """On one line, without characters that cannot be seen or that turn the direction of what follows."""
    line = " ".join(text.split())
    cut = line if len(line) <= LONGEST else line[: LONGEST - 2] + " …"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut)


def number(value: float | None) -> str:
    """Four significant digits; "" for none."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def hours(value: float) -> str:
    """With as many decimals as three digits need."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def counted(count: int, of: str) -> str:
    """ "1 seed", "2 seeds"."""
    return f"{count:,} {of}" if count == 1 else f"{count:,} {of}s"
