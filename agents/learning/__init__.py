"""Training of the learned agents; all of it needs torch."""
