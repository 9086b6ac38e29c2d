"""The control core: numbers in, a decision out. Imports NumPy and the standard library only.

Entropies are in nats per token, steps count from 1, arrays are float64; nothing is clamped or guessed.
"""
