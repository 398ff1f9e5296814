"""What holds for the whole process: how TensorFlow computes, and what a signal does."""
