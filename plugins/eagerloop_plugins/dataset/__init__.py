"""The built-in datasets, one file each; a file's name is what the user types."""
