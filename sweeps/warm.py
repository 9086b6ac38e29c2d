"""What a study borrows from others for its sampler: configurations and values of theirs, kept in STUDY/warm.json.

They are read before the first start and never again, so that the sources may move. They are not trials of the study: a
configuration of them can still be asked for, since their base or their seeds may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from optuna.trial import FrozenTrial, TrialState, create_trial

from harness.config.study import Point, StudyConfig
from harness.errors import ConfigError, StudyError
from harness.runs.atomic import write_file
from sweeps.folder import StudyFolder
from sweeps.place import find
from sweeps.proposing import distributions_of, params_of
from sweeps.store import read_trials

SCHEMA = 1


def borrow(study: StudyConfig) -> list[dict[str, Any]]:
    """The configurations of the studies in `study.warm_start` that lie in its space: {"params", "values", "from"}.

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
            params = params_of(study, Point(trial.title, (*theirs.base, *trial.overrides)))
            if params and trial.value is not None:
                means = [sum(each.values()) / len(each) for each in (trial.values, *trial.also)]
                own.append({"params": params, "values": means, "from": f"{folder.path}:{trial.name}"})
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


def kept(folder: StudyFolder, study: StudyConfig) -> list[FrozenTrial]:
    """What the study has borrowed, as its sampler sees it; [] where that is nothing.

    Raises:
        StudyError: the file is damaged.
    """
    try:
        content = orjson.loads(folder.warm_path.read_bytes())
        return [_frozen(study, each) for each in content["trials"]]
    except FileNotFoundError:
        return []
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise StudyError(f"{str(folder.warm_path)!r} must be readable", str(error), "Restore it.") from error


def _frozen(study: StudyConfig, borrowed: dict[str, Any]) -> FrozenTrial:
    params = borrowed["params"]
    return create_trial(
        state=TrialState.COMPLETE,
        params=params,
        distributions=distributions_of(study, params),
        values=borrowed["values"],
    )


def _texts(study: StudyConfig) -> str:
    return ", ".join(f"{each.direction} {each.text}" for each in study.objectives)
