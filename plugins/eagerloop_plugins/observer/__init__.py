"""The built-in observers, one file each; a file's name is what the user types."""
