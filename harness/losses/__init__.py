"""Loss terms over torch tensors, written once for every backend.

Shapes everywhere: B rows (rollouts), R response positions. `log_prob`, `old_log_prob` (B, R) in nats; `mask` (B, R)
is 1 on response tokens; `advantages` (B,), one scalar a rollout; `weights` (B, R) come from `aggregate` and turn
token values into a loss by `(values * weights).sum()`.
"""
