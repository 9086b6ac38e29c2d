"""The error tree: every refusal states the rule, the value that broke it and the remedy.

Each class also inherits the standard type that a caller who does not know the harness would catch.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class HarnessError(Exception):
    """A refusal. `str(error)` reads "<rule>; got <value>. <remedy>", with the absent parts left out.

    Attributes: `rule` (what must hold), `value` (what was found, already formatted), `remedy` (what to do).
    """

    def __init__(self, rule: str, value: str | None = None, remedy: str | None = None) -> None:
        self.rule, self.value, self.remedy = rule, value, remedy
        text = rule if value is None else f"{rule}; got {value}"
        super().__init__(text if remedy is None else f"{text.rstrip('.')}. {remedy}")


class ConfigError(HarnessError, ValueError):
    """A setting, or a combination of settings, that no run may start with."""


class UnsupportedError(ConfigError):
    """A combination that is well-formed but not tested, such as a method on a backend."""


class InputError(HarnessError, ValueError):
    """Numbers handed to a pure function that it cannot give a meaning to: NaN, wrong shape, out of range."""


class StateError(HarnessError, RuntimeError):
    """A stateful object used out of order, or a saved state that does not belong to it."""


class RunFolderError(HarnessError, RuntimeError):
    """A run folder that is missing, damaged, or in a state that forbids the operation."""


class LockHeldError(RunFolderError):
    """Another process holds the folder's lock; the message names it."""


class StudyError(HarnessError, RuntimeError):
    """A study whose definition, folder or driver is inconsistent."""


class LeaseLostError(StudyError):
    """The driver's lease of its study has gone to another driver: it must stop and write nothing more."""


class SchedulerError(HarnessError, RuntimeError):
    """The scheduler of the cluster is missing, does not answer, or refuses a job."""


class BusyError(SchedulerError):
    """The scheduler takes no more jobs now; later it may."""


class DataError(HarnessError, ValueError):
    """A data set or a model folder that is missing, altered, damaged, or not the one that was asked for."""


class EvaluationError(HarnessError, RuntimeError):
    """An evaluation that could not be done, or a folder that has another one."""


class TrackingError(HarnessError, RuntimeError):
    """An experiment tracker that did not take what it was sent, or that has something else."""


class AnalysisError(HarnessError, ValueError):
    """A quantity that the recorded data cannot give, such as pass@k for k above the number of samples."""


class DependencyError(HarnessError, ImportError):
    """An optional package is needed here and is not installed; the remedy names the extra."""


@contextmanager
def as_setting(what: str) -> Iterator[None]:
    """Turns an InputError raised inside into a ConfigError that begins with whose setting it was."""
    try:
        yield
    except InputError as error:
        raise ConfigError(f"{what}: {error.rule}", error.value, error.remedy) from error


def unknown(kind: str, given: Iterable[str], valid: Iterable[str]) -> ConfigError:
    """The refusal of unknown names, listing every valid one and the closest match.

    `kind` is a plural noun phrase, e.g. "options of method 'entrocraft'". Returned, for the caller to raise.
    """
    wrong, right = sorted(given), sorted(valid)
    near = get_close_matches(wrong[0], right, n=1) if wrong else []
    hint = f"Did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(right) if right else "none"
    found = ", ".join(map(repr, wrong))
    return ConfigError(f"{kind} must be known ones", found, f"{hint}Valid: {listed}.")
