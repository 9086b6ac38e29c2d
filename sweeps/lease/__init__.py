"""Who drives a study: one driver at a time, on any node of a cluster, without file locks.

lease                              taking it, keeping it, losing it
claims, claim                      the numbered claims in the study's folder; one of them
"""
