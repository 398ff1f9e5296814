"""What the checkpointer `tf` looks at before TensorFlow does."""
