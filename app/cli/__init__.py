"""The hallway: the only place that knows every room. It builds objects from Settings and runs them."""
