"""`backend=torch`: a single-process trainer on one device, the embedded default for demos, tests and search."""
