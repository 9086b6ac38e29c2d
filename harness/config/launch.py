"""LaunchConfig: where and how the runs of a study are launched. Never a part of what a run computes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, get_type_hints

from harness.config.database_url import check_url
from harness.config.driver_resources import DriverResourcesConfig
from harness.config.fields import choice, count, number
from harness.config.group import Group, mapping, obey, typed
from harness.config.resources import ResourcesConfig
from harness.config.retry import RetryConfig
from harness.errors import ConfigError, unknown

POLL_S = {"local": 0.25, "slurm": 5.0}
"""Launcher -> seconds between two looks where none are set: every look at Slurm is a load on its controller."""
SITE = "site"
"""The choice of a site sets keys of `resources`; it has none of its own."""
GROUPS: dict[str, type[Group]] = {kind.KEY: kind for kind in (ResourcesConfig, DriverResourcesConfig, RetryConfig)}


@dataclass(frozen=True)
class LaunchConfig:
    """The launch settings of a sweep. They may change from one start of a study to the next."""

    resources: ResourcesConfig
    driver_resources: DriverResourcesConfig
    retry: RetryConfig
    launcher: str = choice("local", "slurm")
    """local: processes on this machine; slurm: a job for each run."""
    driver: str = choice("here", "slurm")
    """Where the driver of the study runs: in this process, or in a Slurm job of its own."""
    stalled_attempts: int = count(1, 5)
    """Attempts in a row without progress, whatever their causes, after which a run has failed: a crash loop."""
    ask_above_gpu_hours: float = number(at_least=0, example=100)
    """A sweep that may cost more GPU-hours than this asks before it submits."""
    poll_s: float | None = number(above=0, example=5)
    """Seconds between two looks at the runs; null = 5 on Slurm, 0.25 here."""
    max_jobs: int | None = count(1, 20)
    """Jobs in the queue or at work at once, of this study; null = as many as `study.parallel`."""
    storage: str | None = None
    """postgresql://USER@HOST/DATABASE: the trials of a team. null = for a new study what ENTROCRAFT_STORAGE says, else
    SQLite in the study's folder."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if (rule := field.metadata.get("rule")) is not None:
                obey(field.name, getattr(self, field.name), rule)
        if self.storage is not None:
            check_url(self.storage)
        if self.driver == "slurm" and self.launcher != "slurm":
            raise ConfigError(
                "driver=slurm needs launcher=slurm: the driver's job cannot hold the runs of the study, too",
                f"launcher={self.launcher}",
                "Set launcher=slurm, or driver=here.",
            )

    @property
    def poll_seconds(self) -> float:
        """Seconds between two looks at the runs."""
        return POLL_S[self.launcher] if self.poll_s is None else self.poll_s

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Of a composed or saved dictionary. Raises ConfigError: unknown, missing or mistyped keys, a broken rule."""
        found, hints = mapping(values, "the launch settings"), get_type_hints(cls)
        names = [field.name for field in fields(cls)]
        if extra := set(found) - set(names):
            raise unknown("launch settings", extra, names)
        if missing := [name for name in names if name not in found]:
            raise ConfigError(f"{missing[0]} must be given", "nothing", f"Set {missing[0]}.")
        read: dict[str, Any] = {key: kind.from_dict(found[key]) for key, kind in GROUPS.items()}
        plain = {name: typed(name, found[name], hints[name]) for name in names if name not in GROUPS}
        return cls(**read, **plain)

    def to_dict(self) -> dict[str, Any]:
        """`from_dict` is the inverse."""
        return asdict(self)


LAUNCH_KEYS = frozenset({*LaunchConfig.__dataclass_fields__, SITE})
SLURM_ONLY = ("max_jobs", ResourcesConfig.KEY, DriverResourcesConfig.KEY, SITE)
"""What means nothing to the launcher `local`."""


def split(overrides: Iterable[str]) -> tuple[list[str], list[str]]:
    """The launch overrides among those of a sweep, and the others, which are for the study and its runs."""
    both: tuple[list[str], list[str]] = ([], [])
    for text in overrides:
        both[first_key(text) not in LAUNCH_KEYS].append(text)
    return both


def first_key(override: str) -> str:
    """`resources` of `++resources.partition=gpu`."""
    return override.split("=")[0].lstrip("+~").split(".")[0]
