"""What the dataset `csv` is made of."""
