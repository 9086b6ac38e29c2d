"""Qwen3 on one thread of a CPU as few, fused operations over packed tokens, with a hand-written backward pass.

On a model as small as the embedded one PyTorch spends its time in padding and in the dispatch of small operations.
Here rows are packed without padding (`tokens`), matrix products are NumPy's, everything between two of them is one
Numba kernel (`kernels`) on memory that is kept from pass to pass (`arena`), and forward and backward are two plain
sequences of these (`network`); `scores` gives them to autograd, `decode` to generation. Tests compare values and
gradients with the autograd form in `harness.torch_backend.qwen3`, which other devices and more threads use.
"""
