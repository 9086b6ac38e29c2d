"""Reinforcement-learning methods, written once for every backend. Imports NumPy and the core only."""

from harness.methods.base import LossSettings, Method, State
from harness.methods.plan import Action, Batch, ClipCov, EntropyBonus, LossPlan, Ratio, Term
from harness.methods.registry import METHODS, build
from harness.methods.table import BACKENDS, markdown, supported, table

__all__ = [
    "BACKENDS",
    "METHODS",
    "Action",
    "Batch",
    "ClipCov",
    "EntropyBonus",
    "LossPlan",
    "LossSettings",
    "Method",
    "Ratio",
    "State",
    "Term",
    "build",
    "markdown",
    "supported",
    "table",
]
