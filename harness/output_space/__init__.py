"""`entrocraft osb`: log-likelihood and output-space baseline of checkpoints on a set of prompts (the paper, Fig. 2a).

Each checkpoint is one file of the authors' schema; the run folder is made of these files (`harness.importing`). The
torch backend is imported by `harness.output_space.one` alone, when a checkpoint is measured.
"""
