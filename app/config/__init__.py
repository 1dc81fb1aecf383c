"""What is wanted? Environment and YAML -> one immutable tree of settings."""
