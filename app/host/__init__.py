"""Where do we run? Addresses, the clock, supervision."""
