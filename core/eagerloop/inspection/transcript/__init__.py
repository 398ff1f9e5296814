"""A `StepRecord` as a text, line by line beside the loop's own source."""
