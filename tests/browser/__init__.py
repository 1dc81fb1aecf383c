"""The setup page in a real browser."""
