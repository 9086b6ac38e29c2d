"""The metrics of the responses of one checkpoint: what the authors measure, and what `entrocraft osb` adds to it.

A response has log_likelihood and log_osb (the authors' version of the baseline) and response_length; those of
`entrocraft osb` have the names of FURTHER and COUNTS too, and REALISED where an update was made on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

Response = dict[str, Any]
"""step, dataset, sample (from 0), response_length (tokens), the SUMS, and what else was measured."""
Metrics = dict[str, float | None]
Predicted = Callable[[Response], float]
"""The sign of a response's change of entropy for A = +1."""

SUMS = ("log_likelihood", "log_osb")
"""Over the tokens of a response, nats."""
BASELINES = {
    "authors": "log_osb",
    "conserving": "log_osb_conserving",
    "logit": "log_osb_logit",
    "gradient": "log_osb_gradient",
}
"""Version of `harness.core.output_space` -> its sum."""
CHANGES = ("change_logit", "change_gradient")
"""First-order changes of entropy, summed over positions."""
FURTHER = (*list(BASELINES.values())[1:], "entropy", *CHANGES)
COUNTS = tuple(f"tokens_above_{version}" for version in BASELINES)
"""Tokens whose log-probability is above their baseline."""
REALISED = ("realised_up", "realised_down")
"""Change of the entropy of the response's own positions by an update with A = +1, and with A = -1; nats per token.
With the ending _others: of the positions of other responses; None where there are none."""


def metrics_of(responses: Sequence[Response]) -> Metrics:
    """responses, mean_response_length, mean_NAME and mean_NAME_per_token (a ratio of sums; None without tokens); and

    responses_above_VERSION, tokens_above_VERSION: shares above the baseline. Of real updates: updates (responses),
    and over them and both signs of A the shares agree_advantage (entropy went against A), agree_VERSION (as A and the
    side of the baseline say), held_VERSION (against A, of the responses above the baseline: Theorem 2), agree_change_*
    (as the first-order change says), each also with _others. Responses without tokens count in the means.
    """
    tokens = sum(each["response_length"] for each in responses)
    metrics: Metrics = {"responses": float(len(responses)), "mean_response_length": tokens / len(responses)}
    measured = FURTHER[0] in responses[0]
    for name in (*SUMS, *(FURTHER if measured else ())):
        total = math.fsum(each[name] for each in responses)
        metrics[f"mean_{name}"] = total / len(responses)
        metrics[f"mean_{name}_per_token"] = total / tokens if tokens else None
    if measured:
        for version in BASELINES:
            above = [_margin(each, version) >= 0 for each in responses if each["response_length"]]
            metrics[f"responses_above_{version}"] = _share(above)
            counted = sum(each[f"tokens_above_{version}"] for each in responses)
            metrics[f"tokens_above_{version}"] = counted / tokens if tokens else None
    updated = [each for each in responses if REALISED[0] in each]
    if updated:
        metrics["updates"] = float(len(updated))
        for whose in ("", "_others"):
            metrics |= {f"{name}{whose}": value for name, value in _agreement(updated, whose).items()}
    return metrics


def _agreement(responses: Sequence[Response], whose: str) -> Metrics:
    """Shares of (response, A) whose realised change has the predicted sign; changes of exactly 0 tell nothing."""
    pairs = [
        (each, advantage, each[f"{name}{whose}"])
        for each in responses
        for name, advantage in zip(REALISED, (1, -1), strict=True)
        if each[f"{name}{whose}"]
    ]

    def share(predicted: Predicted, of: Sequence[tuple[Response, int, float]] = pairs) -> float | None:
        return _share([advantage * predicted(each) * change > 0 for each, advantage, change in of])

    metrics = {"agree_advantage": share(_against)}
    for version in BASELINES:
        metrics[f"agree_{version}"] = share(partial(_predicted, version=version))
        metrics[f"held_{version}"] = share(_against, [pair for pair in pairs if _margin(pair[0], version) >= 0])
    return metrics | {f"agree_{name}": share(itemgetter(name)) for name in CHANGES}


def _against(response: Response) -> float:
    return -1.0


def _predicted(response: Response, version: str) -> float:
    return -_margin(response, version)


def _margin(response: Mapping[str, Any], version: str) -> float:
    return float(response["log_likelihood"] - response[BASELINES[version]])


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
