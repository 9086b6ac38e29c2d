"""Measurements of the output-space baseline in the authors' form -> records, and one line a response.

A file is a checkpoint: {"label": "base" or "global_step_N", "datasets": {NAME: {num_samples, num_valid,
mean_response_length, mean_log_likelihood, mean_log_osb, ..._per_token, "per_sample": [...]}}}. Log-likelihood and
baseline are sums over the tokens of a response, in nats; per token: ratios of sums over responses (the paper, Eq. 4
and Fig. 2a). The means are computed again from the responses and must agree. What `entrocraft osb` writes has more of
each response (`harness.importing.responses`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from harness.errors import DataError
from harness.importing.responses import COUNTS, FURTHER, REALISED, SUMS, Metrics, Response, metrics_of

LABEL = re.compile(r"global_step_(\d+)")
TOLERANCE = 1e-6
"""Relative: the authors' means are of the same float32 sums."""


def measurements(files: Sequence[Path]) -> tuple[dict[int, Metrics], list[Response], list[str]]:
    """step (0: the base model) -> metrics `osb/DATASET/...`; all responses; and what is odd about them.

    Raises:
        DataError: a file of another form, two of one step, means that are not those of the responses.
    """
    records: dict[int, Metrics] = {}
    responses: list[Response] = []
    odd: list[str] = []
    for path in files:
        content = orjson.loads(path.read_bytes())
        step = _step(content["label"], path)
        if step in records:
            raise DataError("each checkpoint is measured once", f"{content['label']!r} twice", "Remove one file.")
        records[step] = {}
        for name, dataset in content["datasets"].items():
            try:
                mine = [_response(step, name, place, each) for place, each in enumerate(dataset["per_sample"])]
                if not mine or len(mine) != dataset["num_samples"]:
                    raise ValueError(f"{len(mine)} responses, num_samples {dataset['num_samples']}")
                metrics = metrics_of(mine)
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    "a measurement has the authors' form",
                    f"{path.name}, data set {name!r}: {error!r}",
                    "Write it as `entrocraft osb` does, or restore it.",
                ) from error
            _agree(dataset, metrics, path.name)
            records[step] |= {f"osb/{name}/{key}": value for key, value in metrics.items()}
            responses += mine
            if empty := sum(each["response_length"] == 0 for each in mine):
                odd.append(f"{empty} of {len(mine)} responses at step {step} have 0 tokens; counted as recorded")
    return dict(sorted(records.items())), sorted(responses, key=lambda each: each["step"]), sorted(odd, key=_number)


def _step(label: object, path: Path) -> int:
    if label == "base":
        return 0
    match = LABEL.fullmatch(str(label))
    if match is None:
        raise DataError(
            'the label of a measurement is "base" or "global_step_N"', f"{label!r} in {path.name}", "Name the step."
        )
    return int(match[1])


def _response(step: int, dataset: str, sample: int, found: dict[str, Any]) -> Response:
    further = (*FURTHER, *COUNTS) if FURTHER[0] in found else ()
    realised = [f"{name}{whose}" for name in REALISED for whose in ("", "_others")] if REALISED[0] in found else []
    values = {name: float(found[name]) for name in (*SUMS, *further)}
    changes = {name: None if found[name] is None else float(found[name]) for name in realised}
    if not all(value is None or math.isfinite(value) for value in (*values.values(), *changes.values())):
        raise ValueError(f"response {sample} is not finite")
    length = found["response_length"]
    if type(length) is not int or length < 0:
        raise ValueError(f"response {sample} has length {length!r}")
    return {"step": step, "dataset": dataset, "sample": sample, **values, **changes, "response_length": length}


def _agree(dataset: dict[str, Any], metrics: Metrics, file: str) -> None:
    for name, value in metrics.items():
        told = dataset.get(name)
        if told is not None and value is not None and not math.isclose(told, value, rel_tol=TOLERANCE):
            raise DataError(
                "the means of a measurement are those of its responses",
                f"{name} = {told} in {file}, {value} from its responses",
                "Restore the file: one of the two was changed.",
            )


def _number(sentence: str) -> int:
    return int(re.findall(r"step (\d+)", sentence)[0])
