"""Measurements of the output-space baseline in the authors' form -> records, and one line a response.

A file is a checkpoint: {"label": "base" or "global_step_N", "datasets": {NAME: {num_samples, num_valid,
mean_response_length, mean_log_likelihood, mean_log_osb, ..._per_token, "per_sample": [...]}}}. Log-likelihood and
baseline are sums over the tokens of a response, in nats; per token: ratios of sums over responses (the paper, Eq. 4
and Fig. 2a). The means are computed again from the responses and must agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from harness.errors import DataError

LABEL = re.compile(r"global_step_(\d+)")
TOLERANCE = 1e-6
"""Relative: the authors' means are of the same float32 sums."""
SUMS = ("log_likelihood", "log_osb")

Response = dict[str, Any]
"""step, dataset, sample (from 0), log_likelihood, log_osb (nats), response_length (tokens)."""


def measurements(files: Sequence[Path]) -> tuple[dict[int, dict[str, float | None]], list[Response], list[str]]:
    """step (0: the base model) -> metrics `osb/DATASET/...`; all responses; and what is odd about them.

    Raises:
        DataError: a file of another form, two of one step, means that are not those of the responses.
    """
    records: dict[int, dict[str, float | None]] = {}
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
                metrics = _metrics(dataset, mine)
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
    values = {name: float(found[name]) for name in SUMS}
    if not all(math.isfinite(value) for value in values.values()):
        raise ValueError(f"response {sample} is not finite")
    length = found["response_length"]
    if type(length) is not int or length < 0:
        raise ValueError(f"response {sample} has length {length!r}")
    return {"step": step, "dataset": dataset, "sample": sample, **values, "response_length": length}


def _metrics(dataset: dict[str, Any], responses: list[Response]) -> dict[str, float | None]:
    """Means over all responses, empty ones included (as the authors take them), and per token."""
    if not responses or len(responses) != dataset["num_samples"]:
        raise ValueError(f"{len(responses)} responses, num_samples {dataset['num_samples']}")
    tokens = sum(each["response_length"] for each in responses)
    metrics: dict[str, float | None] = {
        "responses": float(len(responses)),
        "mean_response_length": tokens / len(responses),
    }
    for name in SUMS:
        total = math.fsum(each[name] for each in responses)
        metrics[f"mean_{name}"] = total / len(responses)
        metrics[f"mean_{name}_per_token"] = total / tokens if tokens else None
    return metrics


def _agree(dataset: dict[str, Any], metrics: dict[str, float | None], file: str) -> None:
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
