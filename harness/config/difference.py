"""In what two JSON values differ, key by key, for a person who has to undo it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import orjson

SHOWN_CHARACTERS = 100


def difference(old: Any, new: Any, key: str = "") -> Iterator[str]:
    """Lines `key: old -> new` for every leaf in which two JSON values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        children = [(name, old.get(name), new.get(name)) for name in {**old, **new}]
    elif isinstance(old, list) and isinstance(new, list):
        children = [(str(index), *pair) for index, pair in enumerate(itertools.zip_longest(old, new))]
    else:
        if old != new:
            yield f"{key}: {_text(old)} -> {_text(new)}"
        return
    for name, before, after in children:
        yield from difference(before, after, f"{key}.{name}" if key else name)


def _text(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."
