"""`python -m analysis.paper`: prints docs/claims.md (`make docs` writes it)."""

from analysis.paper.page import page

print(page(), end="")
