"""The built-in models, one file each; a file's name is what the user types."""
