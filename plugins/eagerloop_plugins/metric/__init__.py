"""The built-in metrics, one file each; a file's name is what the user types."""
