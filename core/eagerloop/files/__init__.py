"""Files as the operating system has them: whether one is what it ought to be."""
