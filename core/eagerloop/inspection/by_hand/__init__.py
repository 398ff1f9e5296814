"""Sums of a step worked by hand: the loss of one row, one unit of a layer, the update of one weight.

Nothing is claimed that does not come out: where a sum gives another number than the step did, there is none.
"""
