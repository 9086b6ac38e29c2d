"""Every method by its name. A new file in this package is a new method."""

from collections.abc import Mapping
from typing import Any

from harness.core.discover import subclasses
from harness.core.options import construct
from harness.errors import unknown
from harness.methods.base import Method

METHODS: dict[str, type[Method]] = subclasses("harness.methods", Method)


def build(options: Mapping[str, Any]) -> Method:
    """A method from its name and options, e.g. {"name": "entrocraft", "gamma": 10, "base": "grpo"}.

    Infinity may be written "inf". Raises ConfigError for an unknown name or option, listing the valid ones,
    and for a value that the method refuses.
    """
    fields = dict(options)
    name = str(fields.pop("name", None))
    if name not in METHODS:
        raise unknown("methods", [name], METHODS)
    return construct(METHODS[name], fields, f"method {name!r}")
