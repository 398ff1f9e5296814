"""A run: how it is opened, advances, counts, evaluates and saves."""
