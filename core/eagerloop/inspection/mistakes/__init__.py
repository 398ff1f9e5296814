"""Recognising what is wrong with a step, a run or its data."""
