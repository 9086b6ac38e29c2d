"""Hypothesis: no deadline on a shared machine, the same examples in every run."""

from hypothesis import settings

settings.register_profile("harness", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("harness")
