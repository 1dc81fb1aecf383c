"""What does the owner want? Names, lists, devices and pauses that are set while the box runs, with the last changes."""
