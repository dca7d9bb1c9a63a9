"""What is written into a run directory while it is being made."""
