"""Which method runs on which backend, computed from the registry; a pair that is not tested is refused."""

from harness.errors import UnsupportedError, unknown
from harness.methods import registry  # read when called, as in on_base.py
from harness.methods.base import Method
from harness.methods.on_base import OnBase

BACKENDS = ("torch", "verl")


def table() -> list[dict[str, str]]:
    """One row a method, sorted by name; columns: method, title, role, schedule, one a backend, source."""
    return [
        {
            "method": name,
            "title": method.title,
            "role": _role(method),
            "schedule": "needed" if method.needs_schedule else "-",
            **{backend: "tested" if backend in method.tested_on else "-" for backend in BACKENDS},
            "source": method.source,
        }
        for name, method in registry.METHODS.items()
    ]


def _role(method: type[Method]) -> str:
    """An estimator may be the base of another method; "on a base" are those that need one."""
    if issubclass(method, OnBase):
        return "on a base"
    return "estimator" if method.estimator else "complete"


def markdown() -> str:
    """The table as Markdown, one line a method."""
    rows = table()
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def supported(name: str, backend: str) -> None:
    """Returns when the method is tested on the backend. Raises UnsupportedError naming where it is tested.

    Raises ConfigError for a method or backend that does not exist, listing the valid ones.
    """
    if name not in registry.METHODS:
        raise unknown("methods", [name], registry.METHODS)
    if backend not in BACKENDS:
        raise unknown("backends", [backend], BACKENDS)
    tested = registry.METHODS[name].tested_on
    if backend not in tested:
        others = sorted(other for other, method in registry.METHODS.items() if backend in method.tested_on)
        raise UnsupportedError(
            "a method runs only on a backend that it is tested on",
            f"method {name!r} on backend {backend!r}",
            f"{name!r} is tested on: {', '.join(sorted(tested)) or 'none'}; "
            f"tested on {backend!r}: {', '.join(others) or 'none'}.",
        )
