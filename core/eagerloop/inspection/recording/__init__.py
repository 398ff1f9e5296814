"""From a step that was taken apart to a `StepRecord`."""
