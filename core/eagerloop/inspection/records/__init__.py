"""The tables of a `StepRecord`, and its form as JSON."""
