"""Training on several devices and on several machines; nothing else in the engine speaks of strategies."""
