"""What a study borrows from others for its sampler: configurations and values of theirs, kept in STUDY/warm.json.

They are read before the first start and never again, so that the sources may move. They are not trials of the study: a
configuration of them can still be asked for, since their base or their seeds may differ.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from harness.config.study import StudyConfig
from harness.errors import ConfigError, StudyError
from harness.runs.atomic import write_file
from sweeps.folder import StudyFolder
from sweeps.search.points import params_in
from sweeps.search.proposing import Seen
from sweeps.storage.place import find
from sweeps.storage.reading import read_trials
from sweeps.trials import TrialState

SCHEMA = 1


def borrow(study: StudyConfig) -> list[dict[str, Any]]:
    """The configurations of the studies in `study.warm_start` that lie in its space: {"overrides", "values", "from"}.

    Raises:
        ConfigError: a source is the same folder twice, has other objectives, or none of its points is in the space.
        StudyError: a source cannot be read.
    """
    found = []
    for text in study.warm_start:
        folder = StudyFolder(Path(text).expanduser())
        theirs = StudyConfig.from_dict(folder.definition()["study"])
        if theirs.objectives != study.objectives:
            raise ConfigError(
                f"study.warm_start must name studies with the same objectives: {_texts(study)}",
                f"{text!r} has {_texts(theirs)}",
                "Leave it out.",
            )
        own = []
        for trial in read_trials(find(folder.path, theirs.name)):
            overrides = [*theirs.base, *trial.overrides]
            if trial.values and params_in(study.space, overrides) is not None:
                means = [statistics.fmean(each.values()) for each in (trial.values, *trial.also)]
                own.append({"overrides": overrides, "values": means, "from": f"{folder.path}:{trial.name}"})
        if not own:
            raise ConfigError(
                "study.warm_start must name studies with complete configurations in this study's space",
                f"{text!r} has none",
                "Leave it out, or compare the spaces: entrocraft study show.",
            )
        found += own
    return found


def keep(folder: StudyFolder, borrowed: Sequence[dict[str, Any]]) -> None:
    """Writes them down; they are what the study has borrowed from now on."""
    write_file(folder.warm_path, orjson.dumps({"schema": SCHEMA, "trials": list(borrowed)}) + b"\n")


def kept(folder: StudyFolder, study: StudyConfig) -> list[Seen]:
    """What the study has borrowed, as its sampler sees it; [] where that is nothing.

    Raises:
        StudyError: the file is damaged.
    """
    try:
        content = orjson.loads(folder.warm_path.read_bytes())
        return [_seen(study, place, each) for place, each in enumerate(content["trials"], 1)]
    except FileNotFoundError:
        return []
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise StudyError(f"{str(folder.warm_path)!r} must be readable", str(error), "Restore it.") from error


def _seen(study: StudyConfig, place: int, borrowed: dict[str, Any]) -> Seen:
    params = params_in(study.space, borrowed["overrides"]) or {}
    return Seen(-place, TrialState.COMPLETE, params, tuple(borrowed["values"]))  # no origin of the study's own


def _texts(study: StudyConfig) -> str:
    return ", ".join(f"{each.direction} {each.text}" for each in study.objectives)
