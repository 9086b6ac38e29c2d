"""A real PostgreSQL server for tests: `server.py` starts, stops, kills and restarts it."""
