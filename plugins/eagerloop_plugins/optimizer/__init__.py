"""The built-in optimizers, one file each; a file's name is what the user types."""
