"""Entropy-controlled reinforcement learning of language models: methods, training, studies."""
