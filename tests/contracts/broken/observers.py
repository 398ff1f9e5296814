"""Observers with one fault each, named after it."""

import numpy as np


def misspelt_hook():
    """Has a hook that nobody calls."""
    return type("Watcher", (), {"on_epoch_ends": lambda self, epoch: None})()


def argument_with_a_default():
    """Gives an argument a default, which is then always used."""
    return type("Watcher", (), {"on_epoch_end": lambda self, run, epoch=1: None})()


def unknown_argument():
    """Wants an argument that the loop does not pass."""
    return type("Watcher", (), {"on_step_end": lambda self, loss: None})()


def state_that_is_no_json():
    """Gives an array as its state."""

    class Watcher:
        def on_epoch_end(self, epoch):
            pass

        def state(self):
            return {"seen": np.zeros(3)}

        def restore(self, state):
            self.seen = state["seen"]

    return Watcher()


def restore_forgets():
    """Restores less than it has kept."""

    class Watcher:
        best = None

        def on_epoch_end(self, metrics):
            self.best = metrics["loss"]

        def state(self):
            return {"best": self.best}

        def restore(self, state):
            pass

    return Watcher()


def changes_the_weights():
    """Clips the weights of the run that it watches."""

    class Watcher:
        def on_epoch_end(self, run):
            for variable in run.model.trainable_variables:
                variable.assign(variable * 0.5)

    return Watcher()


def draws_from_the_global_generator():
    """Sets the seed anew at each epoch, to draw the same sample of rows."""

    class Watcher:
        def on_epoch_end(self, run):
            for layer in run.model.layers:
                if hasattr(layer, "seed_generator"):
                    layer.seed_generator.state.assign([1, 1])

    return Watcher()
