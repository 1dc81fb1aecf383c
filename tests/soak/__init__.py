"""Long fault and load tests, bounded in count and time, on loopback only (make soak)."""
