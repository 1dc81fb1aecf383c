"""Who resolves? unbound: its configuration, the check of it, the keys of the root, and what it can reach."""
