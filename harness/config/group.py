"""The base of a configuration group, and the strict reader that turns a mapping into one."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar, Self, TypeVar, Union, get_args, get_origin, get_type_hints

from harness.config.fields import Rule
from harness.errors import ConfigError, as_setting, unknown

T = TypeVar("T")
TYPE_NAMES = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}


@dataclass(frozen=True)
class Group:
    """A frozen dataclass whose fields carry their rule (`harness.config.fields`), checked on construction."""

    KEY: ClassVar[str]
    """The name of the group in the configuration; it begins the keys in messages."""

    def __post_init__(self) -> None:
        for field in fields(self):
            rule = field.metadata.get("rule")
            if rule is not None:
                obey(f"{self.KEY}.{field.name}", getattr(self, field.name), rule)

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Raises ConfigError: no mapping, an unknown or missing key, a value of the wrong type or range."""
        return read(cls, values, cls.KEY)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def obey(key: str, value: object, rule: Rule) -> None:
    """Raise ConfigError unless the value satisfies the rule; null satisfies every rule (its type decides)."""
    if value is not None and not rule.holds(value):
        raise ConfigError(f"{key} {rule.text}", repr(value), f"Set e.g. {key}={rule.example}.")


def read(cls: type[T], values: object, key: str, what: str = "") -> T:
    """Build the dataclass `cls` from the mapping found under `key`, strictly; `what` names it in messages.

    Raises:
        ConfigError: not a mapping, an unknown key (the valid ones are listed), a missing key, a wrong type,
            or a value that the class itself refuses.
    """
    found = mapping(values, key)
    declared = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
    if extra := set(found) - set(declared):
        raise unknown(f"keys of {what or key}", extra, declared)
    required = [f.name for f in declared.values() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [name for name in required if name not in found]:
        raise ConfigError(f"{key}.{missing[0]} must be given", "nothing", f"Set {key}.{missing[0]}=VALUE.")
    hints = get_type_hints(cls)
    checked = {name: typed(f"{key}.{name}", value, hints[name]) for name, value in found.items()}
    with as_setting(key):
        return cls(**checked)


def mapping(values: object, key: str) -> dict[str, Any]:
    """The value under `key` as a dictionary with text keys. Raises ConfigError when it is none."""
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise ConfigError(f"{key} must be a group of settings", repr(values), f"Set its keys: {key}.KEY=VALUE.")
    return dict(values)


def typed(key: str, value: object, hint: object) -> Any:
    """The value, if it is of the annotated type; a whole number is taken where a number is wanted.

    Raises:
        ConfigError: another type. Nothing is converted from text, and a bool is not a number.
    """
    accepted = _alternatives(hint)
    if type(value) in accepted:
        return value
    if type(value) is int and float in accepted:
        return float(value)
    item = next((get_args(kind)[0] for kind in accepted if get_origin(kind) is tuple), None)
    if item is not None and isinstance(value, (list, tuple)):
        return tuple(typed(f"{key}[{place}]", entry, item) for place, entry in enumerate(value))
    names = " or ".join(_type_name(kind) for kind in accepted)
    found = "null" if value is None else f"{value!r} ({type(value).__name__})"
    raise ConfigError(f"{key} must be {names}", found, f"Set {key} to {names}.")


def _alternatives(hint: object) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _type_name(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return "a list of whole numbers" if get_args(hint)[0] is int else "a list of texts"
    return TYPE_NAMES.get(hint, getattr(hint, "__name__", str(hint)))
