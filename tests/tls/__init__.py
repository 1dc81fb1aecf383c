"""TLS as RFC 9325 wants it, against a running front door: what clients may do, and what they get."""
