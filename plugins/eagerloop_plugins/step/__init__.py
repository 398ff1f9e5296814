"""What is done with one batch: the inside of the loop."""
