"""The built-in losses, one file each; a file's name is what the user types."""
