"""Whether the tests would notice: `make mutants` changes the code in small ways and runs the tests that should fail."""
