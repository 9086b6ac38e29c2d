"""Registries without lists: a new file in the package is a new entry."""

import inspect
import pkgutil
import sys
from importlib import import_module
from typing import TypeVar

T = TypeVar("T")


def subclasses(package: str, base: type[T]) -> dict[str, type[T]]:
    """The concrete subclasses of `base` defined in the modules of a package, by their `name`, sorted.

    A class without a `name` of its own is abstract. The package may be the one that is being imported.
    Raises TypeError when two classes have the same name.
    """
    found: dict[str, type[T]] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(sys.modules[package].__path__)):
        for _, cls in inspect.getmembers(import_module(f"{package}.{module}"), inspect.isclass):
            name = vars(cls).get("name")
            if cls.__module__ != f"{package}.{module}" or not issubclass(cls, base) or name is None:
                continue
            if name in found:
                raise TypeError(f"two classes are named {name!r}: {found[name]} and {cls}")
            found[name] = cls
    return dict(sorted(found.items()))
