"""The built-in checkpointers, one file each; a file's name is what the user types."""
