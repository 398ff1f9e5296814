"""What is kept on disk: the run directory, its checkpoints, and whether its code may run."""
