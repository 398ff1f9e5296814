"""Whether a trained model is better than an answer that looks at no feature. Shapes: n rows, k targets."""

from typing import TYPE_CHECKING

import numpy as np

from eagerloop.structures import is_tensor, rows_of

if TYPE_CHECKING:
    from eagerloop.running.run import Run

ROWS_AT_ONCE = 8192

MORE = 10
"""How many times as many epochs are worth a try."""

OF_SQUARES = ("mse", "mean_squared_error")
"""The losses by which the mean is the best of all constant answers."""


def no_better(run: "Run") -> str:
    """A sentence for a model that is no better on the test rows than always the mean, or the most frequent class; else nothing.

    Asked is a dataset that knows its `usual_answer`, and whose predictions mean classes, or numbers under a loss of squares. Of
    several workers none is asked: they would have to predict together.

    Args:
        run: The run, trained.

    Returns:
        What it is no better than, the two figures, and what to try.
    """
    usual = getattr(run.dataset, "usual_answer", None)
    classes = run.dataset.task == "classification"
    losses = [part.name for part in run.parts.resolved["loss"]]
    if usual is None or run.parts.in_step or not (classes or losses in [[name] for name in OF_SQUARES]):
        return ""
    found = _errors(run, usual, classes=classes)
    if found is None:
        return ""
    rows, own, others = found
    if own < others:
        return ""
    if classes:
        what = f"always the most frequent class, {run.dataset.classes[int(usual)]!r}"
        figures = f"accuracy {1 - own / rows:.4g}, that one's {1 - others / rows:.4g}"
    else:
        what = "always the mean of the training rows"
        figures = f"root mean squared error {np.sqrt(own / rows):.4g}, the mean's {np.sqrt(others / rows):.4g}"
    longer = f"try eagerloop resume {run.place} --epochs {MORE * run.epochs}, or other features"
    return f"no better than {what}, on the {rows} test rows ({figures}); {longer}"


def _errors(run: "Run", usual: float, *, classes: bool) -> tuple[int, float, float] | None:
    """The test rows, the errors that the model makes there, and those of the usual answer; None if they cannot be compared."""
    rows, own, others = 0, 0.0, 0.0
    for x, y, *_weights in run.dataset.test().rebatch(ROWS_AT_ONCE):
        predictions = run.predict(x)
        if not is_tensor(predictions) or not is_tensor(y) or len(predictions) != rows_of(y):
            return None
        targets = np.asarray(y)
        if classes:
            if predictions.ndim != 2 or predictions.shape[1] != len(run.dataset.classes):  # noqa: PLR2004 - (n, classes)
                return None
            own += float(np.count_nonzero(predictions.argmax(axis=1) != targets))
            others += float(np.count_nonzero(targets != usual))
        else:
            if predictions.shape != targets.shape:
                return None
            own += float(np.sum((targets - predictions) ** 2.0))
            others += float(np.sum((targets - usual) ** 2.0))
        rows += len(targets)
    return rows, own, others
