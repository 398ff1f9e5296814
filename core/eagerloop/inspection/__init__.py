"""Seeing what goes into a step: the batch, the model, the environment.

Each function returns a value that holds what was seen; printed, it reads well in 80 columns.
"""
