"""Taking one training step apart while it runs."""
