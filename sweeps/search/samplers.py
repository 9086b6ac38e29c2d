"""Optuna's samplers by name, each as a study here needs it, and what they cannot do."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import optuna
from optuna.samplers import BaseSampler

from harness.config.space import Choices
from harness.config.study import StudyConfig
from harness.errors import ConfigError, DependencyError, unknown

FLAT = ("qmc", "gp", "nsgaii")
"""Samplers that know no conditions: they draw every parameter, and those of inactive dimensions are left out."""

NEEDS = {"qmc": ("scipy",), "gp": ("scipy", "torch"), "cmaes": ("cmaes",)}
"""Packages that Optuna loads for a sampler."""

OWN_DRAWS = {"gp": 4}
"""Draws of a sampler for one proposal, after which random ones follow; for the others OWN_DRAWS_MOST.

The maximum of a Gaussian process's acquisition stays where it is when it is refused, and each draw costs a fit."""
OWN_DRAWS_MOST = 1000

NAMES = ("tpe", "random", "qmc", "gp", "cmaes", "nsgaii")
GENERATIONS = 5
"""That NSGA-II shall have, as far as n_trials goes; its population has 4 to 50 configurations."""


def check_sampler(config: StudyConfig, objectives: int = 1) -> None:
    """Refuses a sampler that cannot draw from the space of the study.

    Raises:
        ConfigError: cmaes with a category, a condition, values beside a range or several objectives.
        DependencyError: a package that the sampler needs is not installed.
    """
    if config.sampler not in NAMES:
        raise unknown("samplers to draw with", [config.sampler], NAMES)
    strange = [dim.key for dim in config.space if isinstance(dim, Choices) or dim.others or dim.when]
    if config.sampler == "cmaes" and (strange or objectives > 1):
        raise ConfigError(
            "the sampler cmaes must have one objective and ranges alone, without `or` and `when`",
            f"{', '.join(strange) or 'ranges alone'}; {objectives} objectives",
            "Set sampler=tpe.",
        )
    missing = [name for name in NEEDS.get(config.sampler, ()) if find_spec(name) is None]
    if missing:
        raise DependencyError(
            f"the sampler {config.sampler} needs {' and '.join(missing)}",
            "not installed",
            "Install entrocraft-harness[search], or set sampler=tpe.",
        )


def sampler_of(config: StudyConfig, seed: int) -> BaseSampler:
    """A new sampler; two of one seed draw the same from the same study."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        match config.sampler:
            case "tpe":
                return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)
            case "qmc":
                # One sequence for the whole study, hence no seed: its place in it is kept with the trials.
                return optuna.samplers.QMCSampler(scramble=True, seed=0, warn_independent_sampling=False)
            case "gp":
                return optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False)
            case "cmaes":
                return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
            case "nsgaii":
                population = max(4, min(50, config.n_trials // GENERATIONS))
                return optuna.samplers.NSGAIISampler(seed=seed, population_size=population)
            case _:
                return optuna.samplers.RandomSampler(seed=seed)
