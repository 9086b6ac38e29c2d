"""Runs of every experiment that a figure of the paper is drawn from, small: few problems, few validations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from osb_files import write_osb
from paper_runs import configuration, write_paper_run

from analysis.paper.figures import PANELS
from harness.importing.find import find_source
from harness.importing.write import import_run

BENCHMARKS = ("MATH-500", "AIME-25", "AIME-26")
PROBLEMS = 4
LONG = (100, 195, 444)
"""Validated steps of the long runs."""


def experiments(panels: Iterable[str] | None = None) -> list[str]:
    """Names of the experiments behind some panels (None: all), without the measurements of checkpoints of 2a."""
    chosen = [panel for number, panel in PANELS.items() if (panels is None or number in panels) and number != "2a"]
    found = (which.experiment for panel in chosen for members in panel.series.values() for which in members)
    return list(dict.fromkeys(found))


def write_experiments(root: Path, names: Iterable[str], seeds: int = 1, answers: int = 32) -> Path:
    """One run a seed of each experiment, with curves of its own and every metric that figures show."""
    for place, name in enumerate(names):
        steps = configuration(name)["trainer"]["steps"]
        for seed in range(1, seeds + 1):
            rng = np.random.default_rng([place, seed])
            metrics = {
                metric: level + 0.01 * place + 0.02 * rng.random(steps)
                for metric, level in (
                    ("critic/score/mean", 0.1),
                    ("actor/kl_loss", 0.3),
                    ("actor/log_prob_positive", -0.3),
                    ("actor/log_prob_negative", -0.6),
                )
            }
            counts = {
                step: {title: rng.integers(0, answers + 1, PROBLEMS).tolist() for title in BENCHMARKS}
                for step in (LONG if steps == LONG[-1] else (50, steps))
            }
            entropy = 0.4 + 0.01 * place + 0.05 * rng.random(steps)
            folder = root / f"t{place:02d}-s{seed}"
            write_paper_run(folder, name, counts, seed=seed, entropy=entropy, metrics=metrics, answers=answers)
    return root


def write_measurements(root: Path, methods: Iterable[str] = ("raftpp", "grpo", "nsr")) -> Path:
    """Imported measurements of the output-space baseline, a run a method."""
    for method in methods:
        files = write_osb(root / "files" / method)
        import_run(find_source(files, None), root / "runs" / f"osb-{method}", method=method, seed=1)
    return root
