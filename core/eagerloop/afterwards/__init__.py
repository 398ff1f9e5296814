"""What is done with a run that exists: predicting, verifying, looking at a past step, reporting."""
