"""What is asked of a part: one module of checks for each kind, and some that several kinds share."""
