"""Tables of made-up runs: a curve that rises to a point's true value, with noise of the seed on it."""

from __future__ import annotations

import random

from benchmarks.search_table import Line, name_of
from harness.config.study import StudyConfig
from sweeps.plan import grid_params

LOOKS = (0, 20, 40, 60, 80)


def small() -> StudyConfig:
    """A grid of 2 x 3 + 2 = 8 points on three seeds, one dimension under a condition."""
    return StudyConfig.from_dict(
        {
            "name": "small",
            "title": "small",
            "seeds": [1, 2, 3],
            "objective": {"metric": "score", "direction": "maximize"},
            "sampler": "grid",
            "space": {
                "kind": {"choices": ["flat", "falling"]},
                "start": {"choices": [1, 2]},
                "end": {"choices": [0.1, 0.2, 0.3], "when": {"kind": ["falling"]}},
            },
        }
    )


def lines(study: StudyConfig, noise: float, seed: int = 0, looks: tuple[int, ...] = LOOKS) -> list[Line]:
    """All runs of the grid; the true values are 0, 0.1, 0.2, ... in the order of the grid."""
    draw = random.Random(seed)
    found = []
    for place, params in enumerate(grid_params(study)):
        for number in study.seeds:
            end = 0.1 * place + draw.gauss(0, noise)
            values = {look: end * look / looks[-1] for look in looks}
            found.append(Line(name_of(study, params), number, values, 12.5, looks[-1], "c0ffee", "0" * 16))
    return found
