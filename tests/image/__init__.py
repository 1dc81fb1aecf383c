"""The built image, started with compose on this machine's engine and tested from outside."""
