"""Real clients against the whole appliance."""
