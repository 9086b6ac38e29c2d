"""Coverage of the intervals by simulation with known truth: how often does a 95 % interval hold the true value?

    make coverage

Outcomes are drawn as a benchmark gives them: n = 32 samples of each problem, right with a chance whose logit is
centre + problem + method x problem + seed + seed x problem, all normal. The truth is computed by quadrature: over seeds
and problems where the problems are taken as sampled, over seeds alone, given the drawn problems, where they are taken
as fixed. Interrupted? The same command goes on after the last finished cell; a change of the intervals' code begins
anew. The result is written to analysis/coverage.csv, which the notes of figures and tables read.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.bootstrap import difference_draws, mean_draws  # noqa: E402
from analysis.inference import LEVEL, bounds  # noqa: E402
from analysis.interquartile import interquartile_mean, of_interquartile  # noqa: E402
from analysis.variance import PROBLEMS, Problems, Spread, of_difference, of_mean  # noqa: E402

Floats = NDArray[np.float64]

N = 32
RESAMPLES = 1_000
BLOCK = 100  # replications at a time: (BLOCK, S, RESAMPLES) and (BLOCK, S, P) numbers are in memory
CENTRE = -1.0
GAIN = 0.2  # of the first side over the second, in logits
PROBLEM_SD, METHOD_SD, CELL_SD = 2.0, 0.4, 0.3
SEED_SD = {"alike": 0.03, "middle": 0.12, "apart": 0.4}
"""Standard deviations in logits, of the problems, of a method's strengths among them, of a seed's, and of the seeds."""

QUANTITIES = ("mean", "difference", "difference_other_seeds", "iqm")
"""difference: paired on problems and on seeds, which share half of their variance; other_seeds: on problems alone."""
SEEDS, PROBLEM_COUNTS = (2, 3, 5, 10), (30, 500)
LOWEST = 0.90
"""Below this the 95 % interval is said to under-cover."""
CODE = ("variance.py", "student.py", "bootstrap.py", "interquartile.py", "inference.py")
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@dataclass(frozen=True)
class Cell:
    """One simulated design."""

    quantity: str
    scenario: str
    seeds: int
    problems: int


@dataclass(frozen=True)
class Row:
    """What was found: `covered` of `replications` intervals held the truth; `length` is their mean length."""

    quantity: str
    taken: str
    kind: str
    seeds: int
    problems: int
    scenario: str
    replications: int
    covered: int
    coverage: float
    length: float
    commit: str


@dataclass(frozen=True)
class Drawn:
    """Data of R replications with their truths (R,): `left` and, for a difference, `right` (R, S, P)."""

    left: Floats
    right: Floats | None
    truth: dict[Problems, Floats]


def cells(seeds: tuple[int, ...] = SEEDS, problems: tuple[int, ...] = PROBLEM_COUNTS) -> Iterator[Cell]:
    for quantity in QUANTITIES:
        for count in seeds:
            for width in problems:
                for scenario in SEED_SD:
                    yield Cell(quantity, scenario, count, width)


def simulate(cell: Cell, replications: int, commit: str, resamples: int = RESAMPLES, stream: int = 0) -> list[Row]:
    """Rows of one cell: both ways to take the problems, both kinds of interval, all on the same data.

    `stream` chooses the random numbers; the shipped table is of stream 0.
    """
    words = f"{cell.quantity}/{cell.scenario}/{cell.seeds}/{cell.problems}"
    rng = np.random.default_rng([20260 + stream, zlib.crc32(words.encode())])
    found: dict[tuple[Problems, str], list[int | float]] = {}
    done = 0
    while done < replications:
        size = min(BLOCK, replications - done)
        drawn = draw(cell, size, rng)
        for taken in PROBLEMS:
            for kind, (low, high) in intervals(cell, drawn, taken, rng, resamples):
                hit = (low <= drawn.truth[taken]) & (drawn.truth[taken] <= high)
                sums = found.setdefault((taken, kind), [0, 0.0])
                sums[0] += int(hit.sum())
                sums[1] += float((high - low).sum())
        done += size
    return [
        Row(cell.quantity, taken, kind, cell.seeds, cell.problems, cell.scenario, replications, int(hits),
            round(int(hits) / replications, 4), round(length / replications, 5), commit)
        for (taken, kind), (hits, length) in found.items()
    ]  # fmt: skip


def intervals(
    cell: Cell, drawn: Drawn, taken: Problems, rng: np.random.Generator, resamples: int
) -> Iterator[tuple[str, tuple[Floats, Floats]]]:
    """Bounds (R,) each, by kind; the interquartile mean has no bootstrap."""
    left, right = drawn.left, drawn.right
    value, spread = estimate(cell, left, right)
    yield "t", bounds(value, spread, LEVEL, taken)
    if cell.quantity == "iqm":
        return
    if right is None:
        draws = mean_draws(left, rng, resamples, taken)
    elif cell.quantity == "difference":
        draws = mean_draws(left - right, rng, resamples, taken)
    else:
        draws = difference_draws(left, right, rng, resamples, taken)
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    yield "bootstrap", (low, high)


def estimate(cell: Cell, left: Floats, right: Floats | None) -> tuple[Floats, Spread]:
    if cell.quantity == "iqm":
        return interquartile_mean(left.mean(axis=-1)), of_interquartile(left)
    if right is None:
        return left.mean(axis=(1, 2)), of_mean(left)
    spread = of_mean(left - right) if cell.quantity == "difference" else of_difference(left, right)
    return left.mean(axis=(1, 2)) - right.mean(axis=(1, 2)), spread


def draw(cell: Cell, size: int, rng: np.random.Generator) -> Drawn:
    """`size` replications with new problems and new seeds each."""
    seed_sd = SEED_SD[cell.scenario]
    common = rng.normal(0, PROBLEM_SD, (size, 1, cell.problems))
    paired = cell.quantity == "difference"
    shared = rng.normal(0, seed_sd * np.sqrt(0.5), (size, cell.seeds, 1)) if paired else 0.0
    own_sd = seed_sd * np.sqrt(0.5) if paired else seed_sd
    outcomes, strengths = [], []
    gains = (0.0,) if cell.quantity in ("mean", "iqm") else (GAIN, 0.0)
    for gain in gains:
        strength = CENTRE + gain + common + rng.normal(0, METHOD_SD, common.shape)  # (R, 1, P)
        logit = strength + shared + rng.normal(0, own_sd, (size, cell.seeds, 1))
        logit = logit + rng.normal(0, CELL_SD, (size, cell.seeds, cell.problems))
        outcomes.append(rng.binomial(N, logistic(logit)) / N)
        strengths.append(strength[:, 0])
    if cell.quantity == "iqm":
        truth = iqm_truth(strengths[0], seed_sd)
    else:
        within, everything = np.hypot(seed_sd, CELL_SD), np.sqrt(PROBLEM_SD**2 + METHOD_SD**2)
        fixed = [smoothed(strength, within).mean(axis=1) for strength in strengths]
        sampled = [smoothed(np.full(1, CENTRE + gain), np.hypot(within, everything)) for gain in gains]
        signed = (fixed[0] - fixed[1], sampled[0] - sampled[1]) if len(gains) == 2 else (fixed[0], sampled[0])
        truth = {"fixed": signed[0], "sampled": np.broadcast_to(signed[1], signed[0].shape)}
    return Drawn(outcomes[0], outcomes[1] if len(outcomes) == 2 else None, truth)


def iqm_truth(strength: Floats, seed_sd: float) -> dict[Problems, Floats]:
    """Mean over the middle half of the seeds' distribution, in which a seed's mean rises with its effect."""
    points, weights = np.polynomial.legendre.leggauss(12)
    middle = 0.6744897501960817  # a quarter of a normal distribution lies above
    z = middle * points
    weights = weights * np.exp(-(z**2) / 2)
    weights = weights / weights.sum()
    everything = np.sqrt(PROBLEM_SD**2 + METHOD_SD**2 + CELL_SD**2)
    fixed = sum(w * smoothed(strength + seed_sd * a, CELL_SD).mean(axis=1) for w, a in zip(weights, z, strict=True))
    sampled = sum(w * smoothed(np.full(1, CENTRE + seed_sd * a), everything) for w, a in zip(weights, z, strict=True))
    return {"fixed": np.asarray(fixed), "sampled": np.broadcast_to(sampled, np.shape(fixed))}


def smoothed(centre: Floats, sd: float) -> Floats:
    """Mean of logistic(centre + sd z) over a normal z, by Gauss-Hermite quadrature."""
    total = np.zeros(np.shape(centre))
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        total += weight * logistic(centre + sd * node)
    return total


def logistic(x: Floats) -> Floats:
    value: Floats = 1 / (1 + np.exp(-x))
    return value


def commit_of(root: Path) -> str:
    """The commit of the sources, with "+" where the intervals' code has changes that are not in it."""
    git = ["git", "-C", str(root)]
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--", *(f"analysis/{name}" for name in CODE), "benchmarks/coverage.py"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def code_hash(root: Path) -> str:
    sources = [root / "analysis" / name for name in CODE] + [root / "benchmarks" / "coverage.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--replications", type=int, default=2_000)
    parser.add_argument("--cells", type=Path, default=ROOT / "studies" / "coverage", help="folder of finished cells")
    parser.add_argument("--out", type=Path, default=ROOT / "analysis" / "coverage.csv")
    given = parser.parse_args()
    kept = given.cells / f"{code_hash(ROOT)}-{given.replications}"
    kept.mkdir(parents=True, exist_ok=True)
    commit, rows = commit_of(ROOT), []
    for cell in cells():
        path = kept / f"{cell.quantity}-{cell.scenario}-{cell.seeds}-{cell.problems}.csv"
        if not path.exists():
            begun = time.perf_counter()
            partial = path.with_suffix(".part")
            write(partial, simulate(cell, given.replications, commit))
            partial.replace(path)
            print(f"{path.stem}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        rows += read(path)
    write(given.out, rows)
    print(table(rows))


def write(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(Row)])
        writer.writerows([[getattr(row, field.name) for field in fields(Row)] for row in rows])


def read(path: Path) -> list[Row]:
    types = {"int": int, "float": float, "str": str}
    with path.open(newline="") as file:
        return [
            Row(**{field.name: types[str(field.type)](line[field.name]) for field in fields(Row)})
            for line in csv.DictReader(file)
        ]


def table(rows: list[Row]) -> str:
    """The rows as Markdown: coverage in percent by scenario of the seeds, in bold below LOWEST."""
    found: dict[tuple[object, ...], list[str]] = {}
    for row in rows:
        shown = f"{100 * row.coverage:.1f}"
        key = (row.quantity, row.taken, row.kind, row.seeds, row.problems)
        found.setdefault(key, []).append(shown if row.coverage >= LOWEST else f"**{shown}**")
    head = ["quantity", "problems are", "interval", "seeds", "problems", *(f"seeds {name}" for name in SEED_SD)]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(map(str, [*key, *shown]))} |" for key, shown in sorted(found.items(), key=_order)]
    return "\n".join(lines)


def _order(item: tuple[tuple[object, ...], list[str]]) -> tuple[int, int, int, int, int]:
    quantity, taken, kind, seeds, problems = item[0]
    return (
        QUANTITIES.index(str(quantity)), PROBLEMS.index(taken), len(str(kind)), int(str(problems)), int(str(seeds))
    )  # fmt: skip


if __name__ == "__main__":
    main()
