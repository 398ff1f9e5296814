"""What goes into a step: the batch, the model, the environment."""
