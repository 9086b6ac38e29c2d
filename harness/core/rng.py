"""Random numbers that depend on (seed, step, purpose) only, so that a resumed run draws the same ones."""

from hashlib import blake2b

import numpy as np

from harness.core.check import whole
from harness.errors import InputError


def generator(seed: int, step: int, stream: str) -> np.random.Generator:
    """An independent generator for a purpose, e.g. the streams "filter", "partition", "problems".

    The triple is hashed to 128 bits that seed PCG64, named here because NumPy's default may change.
    Step 0 is the time before training. Raises InputError for negative numbers and an empty stream.
    """
    whole("the seed", seed, 0)
    whole("the step", step, 0)
    if not stream:
        raise InputError("a random stream must have a name", repr(stream), "Name its purpose, e.g. 'filter'.")
    digest = blake2b(f"{seed}/{step}/{stream}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
