"""Which dimensions of a search space are active, in which order they are chosen, and all points of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.config.constraints import Constraint
from harness.config.space import Choices, Dimension, Value
from harness.errors import ConfigError, unknown


def active(dim: Dimension, params: Mapping[str, Value]) -> bool:
    """Whether the dimension is part of a point, given the values of those that it depends on.

    `params` has the active dimensions only, so what depends on an inactive one is inactive.
    """
    return all(key in params and params[key] in values for key, values in dim.when)


def in_order(space: Sequence[Dimension]) -> list[Dimension]:
    """Each dimension behind those that it depends on, otherwise as they are given.

    Raises:
        ConfigError: dimensions that depend on each other in a circle.
    """
    ordered: list[Dimension] = []
    left = list(space)
    while left:
        placed = {dim.key for dim in ordered}
        ready = next((dim for dim in left if all(key in placed for key, _ in dim.when)), None)
        if ready is None:
            raise ConfigError(
                "dimensions of a space must not depend on each other in a circle",
                ", ".join(dim.key for dim in left),
                "Leave out a `when`.",
            )
        ordered.append(ready)
        left.remove(ready)
    return ordered


def check_space(space: Sequence[Dimension], constraints: Sequence[Constraint] = ()) -> None:
    """The rules between the dimensions of a space, and of its constraints.

    Raises:
        ConfigError: a condition on an unknown dimension, on a range or on a value that it does not have; a circle;
            a constraint on a dimension that does not exist or has values that are no numbers.
    """
    by_key = {dim.key: dim for dim in space}
    for dim in space:
        for key, values in dim.when:
            at = f"space.{dim.key}.when"
            if key not in by_key:
                raise unknown(f"keys of {at}", [key], by_key)
            parent = by_key[key]
            if not isinstance(parent, Choices):
                raise ConfigError(
                    f"{at} must name a dimension with choices", f"the range {key!r}", "Name one with choices."
                )
            _check_values(f"{at}.{key}", values, parent)
    in_order(space)
    for constraint in constraints:
        constraint.check(by_key)


def walk(
    space: Sequence[Dimension], constraints: Sequence[Constraint], values: Callable[[Dimension], Sequence[Value]]
) -> Iterator[dict[str, Value]]:
    """Every point with `values` of each dimension that satisfies the constraints: key -> value of the active ones.

    Each point once (if the values of a dimension differ), the last dimension of `in_order` varying fastest; the
    keys of a point are in the order of the space.
    """
    ordered = in_order(space)

    def extended(params: dict[str, Value], place: int) -> Iterator[dict[str, Value]]:
        if place == len(ordered):
            yield {dim.key: params[dim.key] for dim in space if dim.key in params}
            return
        dim = ordered[place]
        if not active(dim, params):
            yield from extended(params, place + 1)
            return
        for value in values(dim):
            longer = {**params, dim.key: value}
            if all(constraint.holds(longer) for constraint in constraints):
                yield from extended(longer, place + 1)

    return extended({}, 0)


def _check_values(at: str, values: Sequence[Value], parent: Choices) -> None:
    missing = [value for value in values if value not in parent.choices]
    if missing or not values:
        raise ConfigError(
            f"{at} must list some of the choices of {parent.key}",
            str(list(values)),
            f"Its choices: {', '.join(map(str, parent.choices))}.",
        )
