"""What the dataset `images` is made of."""
