"""RunConfig: the resolved configuration of one run, and the rules between its groups."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from harness.config.group import Group, mapping, read, typed
from harness.config.loss import LossConfig
from harness.config.math_data import TRAINING, MathDataConfig
from harness.config.platform import PlatformConfig
from harness.config.schedule import ScheduleConfig
from harness.config.settings import CheckpointConfig, ControlConfig, ModelConfig, RunSettings, WandbConfig
from harness.config.trainer import TrainerConfig
from harness.config.validation import ValidationConfig
from harness.core.options import INFINITY
from harness.errors import ConfigError, unknown
from harness.methods import METHODS, Method, supported
from harness.methods.on_base import OnBase
from harness.problems.countdown import SOURCE, CountdownConfig

BACKENDS = ("torch", "verl")


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run, checked as a whole on construction. `to_dict` is what a manifest keeps.

    A schedule under a method that does not use one is allowed: it is logged (`control/target`), not followed.
    """

    seed: int
    """Of the run: rollouts, filter, partitions. The embedded problems have a seed of their own (data.seed)."""
    backend: str
    method: Method
    schedule: ScheduleConfig | None
    loss: LossConfig
    trainer: TrainerConfig
    data: CountdownConfig | MathDataConfig
    model: ModelConfig
    validation: ValidationConfig
    checkpoint: CheckpointConfig
    control: ControlConfig
    platform: PlatformConfig
    run: RunSettings
    wandb: WandbConfig

    def __post_init__(self) -> None:
        seeds = {"seed": self.seed, **({"data.seed": self.data.seed} if isinstance(self.data, CountdownConfig) else {})}
        for key, seed in seeds.items():
            if seed < 0:
                raise ConfigError(f"{key} must be a whole number >= 0", str(seed), f"Set e.g. {key}=1.")
        if self.backend not in BACKENDS:
            raise unknown("backends", [self.backend], BACKENDS)
        supported(self.method.name, self.backend)
        if isinstance(self.method, OnBase):
            supported(self.method.base, self.backend)
        self.method.check(self.loss)
        self._check_schedule()
        self._check_problems()
        if self.backend == "verl":
            self._check_verl()
        elif not isinstance(self.data, CountdownConfig):
            raise ConfigError(
                f"backend={self.backend} trains on the embedded problem only",
                f"data {self.data.name!r}",
                f"Set data={SOURCE}, or backend=verl.",
            )

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """The configuration of a composed or of a saved dictionary.

        Raises:
            ConfigError: an unknown, missing or mistyped key, or a broken rule, of a group or between groups.
        """
        found = mapping(values, "the configuration")
        names = [field.name for field in fields(cls)]
        if extra := set(found) - set(names):
            raise unknown("keys of the configuration", extra, names)
        if missing := [name for name in names if name not in found]:
            raise ConfigError(f"{missing[0]} must be given", "nothing", f"Set {missing[0]}.")
        groups: dict[str, Any] = {key: kind.from_dict(found[key]) for key, kind in GROUPS.items()}
        schedule, steps = found["schedule"], groups["trainer"].steps
        return cls(
            seed=typed("seed", found["seed"], int),
            backend=typed("backend", found["backend"], str),
            method=_method(found["method"]),
            schedule=None if schedule is None else ScheduleConfig.from_dict(schedule, steps),
            data=_data(found["data"]),
            **groups,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` is the inverse. Infinite options are written as "inf"."""
        groups = {key: getattr(self, key).to_dict() for key in GROUPS}
        return {
            "seed": self.seed,
            "backend": self.backend,
            "method": self.method.to_dict(),
            "schedule": None if self.schedule is None else self.schedule.to_dict(),
            "data": self.data.to_dict() if isinstance(self.data, MathDataConfig) else asdict(self.data),
            **groups,
        }

    def _check_schedule(self) -> None:
        if self.method.needs_schedule and self.schedule is None:
            raise ConfigError(
                f"method {self.method.name!r} controls entropy and needs a schedule",
                "schedule=none",
                "Add one, e.g. schedule=linear schedule.start=0.5 schedule.end=0.2.",
            )
        if self.schedule is not None and self.schedule.bands.horizon < self.trainer.steps:
            raise ConfigError(
                "schedule.horizon must be >= trainer.steps",
                f"horizon {self.schedule.bands.horizon}, steps {self.trainer.steps}",
                "Shorten the run, or start a new one with a longer horizon.",
            )

    def _check_problems(self) -> None:
        embedded = isinstance(self.data, CountdownConfig)
        held_out = "data.test_problems" if embedded else "the problems of data.benchmarks"
        for wanted, key, limit, there, otherwise in (
            (
                self.trainer.prompts_per_step,
                "trainer.prompts_per_step",
                "data.train_problems",
                self.data.train_problems,
                "or raise data.train_problems",
            ),
            (
                self.validation.problems,
                "validation.problems",
                held_out,
                self.data.test_problems,
                "or raise data.test_problems" if embedded else "or validation.problems=null for all",
            ),
        ):
            if wanted is not None and wanted > there:
                raise ConfigError(
                    f"{key} must not exceed {limit}",
                    f"{key} {wanted}, {limit} {there}",
                    f"Set {key}={there} or less, {otherwise}.",
                )

    def _check_verl(self) -> None:
        """The rows of a step must divide over the GPUs, and a choice of problems be one of a single benchmark."""
        if isinstance(self.data, MathDataConfig) and len(self.data.benchmarks) > 1 and self.validation.problems:
            raise ConfigError(
                "validation.problems chooses among the problems of one benchmark: of several, verl takes the first",
                f"problems {self.validation.problems}, data.benchmarks {', '.join(self.data.benchmarks)}",
                "Set validation.problems=null for all, or name one benchmark, e.g. data.benchmarks=[aime25].",
            )
        if self.trainer.rows_per_step % self.platform.gpus:
            raise ConfigError(
                "the rows of a step, prompts x rollouts, must be a multiple of platform.gpus, or verl fills them up",
                f"rows {self.trainer.rows_per_step}, gpus {self.platform.gpus}",
                "Change trainer.prompts_per_step or trainer.rollouts_per_prompt.",
            )


GROUPS: dict[str, type[Group]] = {
    kind.KEY: kind
    for kind in (
        LossConfig,
        TrainerConfig,
        ModelConfig,
        ValidationConfig,
        CheckpointConfig,
        ControlConfig,
        PlatformConfig,
        RunSettings,
        WandbConfig,
    )
}


def _data(values: object) -> CountdownConfig | MathDataConfig:
    name = mapping(values, "data").get("name")
    if name in TRAINING:
        return MathDataConfig.from_dict(values)
    if name != SOURCE:
        raise unknown("data sets", [str(name)], (SOURCE, *TRAINING))
    return read(CountdownConfig, values, "data")


def _method(values: object) -> Method:
    options = mapping(values, "method")
    name = options.pop("name", None)
    if name not in METHODS:
        raise unknown("methods", [str(name)], METHODS)
    decoded = {key: math.inf if value == INFINITY else value for key, value in options.items()}
    return read(METHODS[name], decoded, "method", f"method {name!r}")
