"""What the dataset `arrays` is made of."""
