"""Is it well? Checks as a strict client makes them, and the health check."""
