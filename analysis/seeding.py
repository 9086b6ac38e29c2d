"""Random generators of the bootstrap: the same for the same question, whatever else is in the frame."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, *names: object) -> np.random.Generator:
    """A generator for one question, named by its words; adding a configuration moves no other interval."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])
