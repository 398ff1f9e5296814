"""From choices to parts: looked up, made, checked, and held together as one value."""
