"""Steps that are right, and unlike most."""

import eagerloop
from eagerloop.loop import loss_of


class _Measuring:
    def __call__(self, model, loss, optimizer, x, y, sample_weight=None):
        return eagerloop.train_step(model, loss, optimizer, x, y, sample_weight)

    def measure(self, model, loss, x, y, sample_weight=None):
        predictions = model(x, training=False)
        value, figures = loss_of(loss, y, predictions, x, sample_weight)
        return eagerloop.Step(x, y, predictions, value, (), True, figures, sample_weight)


def weighs_and_measures():
    """Takes weights of rows, and evaluates by itself."""
    return _Measuring()
