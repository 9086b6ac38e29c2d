"""What a study is refused for before anything of it is written: beyond its definition, which checks itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.config.study import StudyConfig
from harness.errors import ConfigError
from sweeps.plan import Resolver, corner, run_overrides
from sweeps.pruning.rules import check
from sweeps.search.samplers import check_sampler

MEAN, PASS = re.compile(r"val-core/.*/mean@(\d+)"), re.compile(r"val-aux/.*/pass@(\d+)")


def check_study(study: StudyConfig, resolved: Sequence[Mapping[str, Any]], resolve: Resolver) -> None:
    """Refuses a sampler that cannot draw from the space, a pruner's options or rungs, a metric that no run records.

    Args:
        resolved: the configurations of the points that are known in advance.

    Raises:
        ConfigError, DependencyError.
    """
    configs = list(resolved)
    if study.n_trials:
        check_sampler(study, len(study.objectives))
        drawn = run_overrides(study, corner(study).overrides, study.seeds[0])
        configs.append(resolve(drawn).config)
    pruning = study.pruning.of(study.objective)
    if pruning.on:
        check(pruning, [config["trainer"]["steps"] for config in configs])
    metrics = [objective.metric for objective in study.objectives]
    for metric in [*metrics, *([pruning.metric] if pruning.metric is not None else [])]:
        for config in configs:
            check_metric(metric, config)


def check_metric(metric: str, config: Mapping[str, Any]) -> None:
    """Refuses a mean@n or pass@k that the validation of such a run does not give.

    Raises:
        ConfigError
    """
    validation = config.get("validation")
    if not isinstance(validation, Mapping):
        return
    samples, pass_k = validation["samples"], validation["pass_k"]
    mean, passed = MEAN.fullmatch(metric), PASS.fullmatch(metric)
    if mean and int(mean[1]) != samples:
        raise ConfigError(
            "mean@n of an objective must be over the samples of a validation",
            f"{metric!r} with validation.samples={samples}",
            f"Set validation.samples={mean[1]}, or take mean@{samples}.",
        )
    if passed and (int(passed[1]) > samples or (pass_k is not None and int(passed[1]) not in pass_k)):
        raise ConfigError(
            "pass@k of an objective must be one of validation.pass_k, with k <= validation.samples",
            f"{metric!r} with samples {samples}, pass_k {pass_k}",
            f"Add {passed[1]} to validation.pass_k, or take another k.",
        )
