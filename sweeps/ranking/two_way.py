"""A two-way model of values: configuration + seed + noise. Pure.

    value of configuration c on seed s = mean of c + effect of s + noise,   noise ~ Normal(0, sd^2), the same for all

The effect of a seed is what it does to all configurations alike; it drops out of every comparison on common seeds. It
is estimated where that leaves degrees of freedom (`paired`); otherwise it counts as noise.

For probabilities the means are taken as drawn from one normal distribution, whose spread is not known: ratio = its sd /
sd of the noise has a half-Cauchy(1) prior, and is integrated over a grid. So a lead that is small beside the noise, or
the best of very many, is drawn towards the others. log sd and the effects of seeds have flat priors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATIOS: Floats = np.geomspace(1e-3, 1e4, 141)
"""sd between configurations / sd of the noise."""
NONE = 1e-9
"""An eigenvalue below is 0; those that are not are about as large as the numbers of seeds."""
BLOCK = 2000
"""Draws at a time, so that thousands of configurations fit into memory."""


@dataclass(frozen=True)
class TwoWay:
    """The sums that the model needs, seeds removed; J configurations."""

    paired: bool
    """Whether an effect of each seed was removed; else the mean of all."""
    freedom: int
    """Degrees of freedom of the noise, the mean of each configuration removed, too."""
    left: int
    """The same before the means of configurations are removed."""
    noise: float
    """Sum of the squares of what the model does not explain."""
    eigenvalues: Floats
    """J: of the information on the means."""
    axes: Floats
    """J x J, a column for each eigenvalue."""
    along: Floats
    """J: the sums of the values along the axes."""

    @classmethod
    def fit(cls, values: Mapping[str, Mapping[int, float]]) -> Self:
        """Of name -> seed -> value. `freedom` is 0 where no configuration has two seeds."""
        paired = cls._of(values, paired=True)
        connected = int(np.sum(paired.eigenvalues > NONE)) == len(values) - 1
        return paired if paired.freedom > 0 and connected else cls._of(values, paired=False)

    @classmethod
    def _of(cls, values: Mapping[str, Mapping[int, float]], paired: bool) -> Self:
        seeds = sorted({seed for by_seed in values.values() for seed in by_seed})
        at = {seed: place if paired else 0 for place, seed in enumerate(seeds)}
        cells = [(c, at[s], value) for c, own in enumerate(values.values()) for s, value in own.items()]
        config, group = np.array([cell[0] for cell in cells]), np.array([cell[1] for cell in cells])
        y = np.array([cell[2] for cell in cells], dtype=np.float64)
        sizes = np.bincount(group).astype(np.float64)
        counts = np.zeros((len(values), len(sizes)))
        np.add.at(counts, (config, group), 1.0)
        y = y - (np.bincount(group, weights=y) / sizes)[group]
        eigenvalues, axes = np.linalg.eigh(np.diag(counts.sum(axis=1)) - (counts / sizes) @ counts.T)
        there = eigenvalues > NONE
        along = np.where(there, axes.T @ np.bincount(config, weights=y, minlength=len(values)), 0.0)
        eigenvalues = np.where(there, eigenvalues, 0.0)
        explained = axes[:, there] @ (along[there] / eigenvalues[there])
        unexplained = y - explained[config]
        unexplained -= (np.bincount(group, weights=unexplained) / sizes)[group]
        left = len(cells) - len(sizes)
        squares = float(unexplained @ unexplained)
        return cls(paired, left - int(there.sum()), left, squares, eigenvalues, axes, along)

    def log_likelihood(self, ratios: Floats) -> Floats:
        """Of each ratio, up to a constant: seeds and sd integrated out (restricted likelihood)."""
        spread = ratios[:, None] ** 2 * self.eigenvalues
        return -0.5 * np.log1p(spread).sum(axis=1) - 0.5 * self.left * np.log(self._squares(ratios))

    def posterior(self) -> Floats:
        """Probability of each of RATIOS."""
        log = self.log_likelihood(RATIOS) + np.log(RATIOS / (1 + RATIOS**2))  # density, times the grid's spacing
        weights = np.exp(log - log.max())
        return np.asarray(weights / weights.sum(), dtype=np.float64)

    def highest(self, ratios: Floats, weights: Floats, draws: int, seed: int) -> Floats:
        """J: how often each mean is the highest in so many draws from the posterior; `weights` of the ratios."""
        rng = np.random.default_rng(seed)
        squares = self._squares(ratios)
        won = np.zeros(len(self.along))
        for begin in range(0, draws, BLOCK):
            size = min(BLOCK, draws - begin)
            which = rng.choice(len(ratios), size=size, p=weights)
            precision = self.eigenvalues + 1 / ratios[which, None] ** 2
            sd = np.sqrt(squares[which] / rng.chisquare(self.left, size=size))[:, None]
            drawn = self.along / precision + sd * rng.standard_normal(precision.shape) / np.sqrt(precision)
            won += np.bincount(np.argmax(drawn @ self.axes.T, axis=1), minlength=len(won))
        return won / draws

    def _squares(self, ratios: Floats) -> Floats:
        """Sum of squares, those of the means as far as each ratio does not explain them."""
        there = self.eigenvalues > 0
        own = self.along[there] ** 2 / self.eigenvalues[there]
        shrunk = own / (1 + ratios[:, None] ** 2 * self.eigenvalues[there])
        return np.asarray(self.noise + shrunk.sum(axis=1), dtype=np.float64)
