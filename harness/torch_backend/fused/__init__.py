"""Qwen3 on a CPU as few, fused operations over packed tokens, with a hand-written backward pass.

On a model as small as the embedded one PyTorch spends its time in padding and in the dispatch of small operations.
Here rows are packed without padding (`packed`), matrix products stay PyTorch's, everything between two of them is
one Numba kernel (`kernels`), and forward and backward are two plain sequences of these (`network`). Tests compare
values and gradients with the autograd form in `harness.torch_backend.qwen3`, which every other device uses.
"""
