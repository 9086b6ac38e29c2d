"""Sampled evaluation with vLLM: of a run, a sharded verl checkpoint or a Hugging Face folder, on held-out benchmarks.

Every sample is kept, and the figures are computed from the samples. vLLM lives in a process of its own
(`harness.evaluate.worker`); nothing else here imports it.
"""
