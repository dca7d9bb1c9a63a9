"""Training: the loop, its state, its checkpoints."""
