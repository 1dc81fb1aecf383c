"""What people type: one module for each verb, with `arguments` if it takes any, and `run`."""
