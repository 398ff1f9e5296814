"""The twenty classic mistakes of hand-written loops, each recognised by what it does.

A detector runs the parts on small pieces of the batch, or looks at the trace of a step, and says what happened. It says
nothing where it is not sure: a false alarm costs more than a mistake that `check` will find as well.
"""
