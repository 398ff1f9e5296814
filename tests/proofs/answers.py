"""Every loss x every metric x every form of answers: the right figure, or a refusal that names the part.

    python tests/proofs/answers.py [--losses mse,hinge]

For each loss and form a run is assembled, each metric is made for it as a run makes it, and counts two batches. What
comes out is compared with Keras's own metric, fed by hand: probabilities, one-hot targets and class numbers worked out by NumPy
alone.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

import eagerloop
from eagerloop.building.assembly import assemble
from eagerloop.building.workshop import Workshop
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import Settings
from eagerloop.errors import EagerloopError
from eagerloop.parts import Choice
from eagerloop.running.evaluating import measure
from eagerloop.running.tally import Tally
from eagerloop_plugins.loss.keras_losses import KERAS_LOSSES
from eagerloop_plugins.loss.keras_losses import TABLE as LOSSES
from eagerloop_plugins.metric.keras_metrics import KERAS_METRICS
from eagerloop_plugins.metric.keras_metrics import TABLE as METRICS

ROWS, BATCH = 20, 10
"""Two batches of one size, so that the mean of two losses is that of all rows."""

RANDOM = np.random.default_rng(5)
Z = RANDOM.normal(0, 2, (ROWS, 3)).astype("float32")
LABELS = RANDOM.integers(0, 3, ROWS)
YES = RANDOM.integers(0, 2, ROWS)
TARGETS = (Z + RANDOM.normal(0, 1, Z.shape)).astype("float32")


class Answers(NamedTuple):
    """A form of answers.

    Attributes:
        width: How many numbers a row.
        activation: What the model ends with.
        y: The targets.
    """

    width: int
    activation: str | None
    y: Any


FORMS = {
    "one logit": Answers(1, None, YES),
    "sigmoid": Answers(1, "sigmoid", YES),
    "two logits": Answers(2, None, YES),
    "softmax": Answers(2, "softmax", YES),
    "k logits": Answers(3, None, LABELS),
    "k probabilities": Answers(3, "softmax", LABELS),
    "quantities": Answers(2, None, TARGETS[:, :2]),
    "one-hot, k logits": Answers(3, None, np.eye(3, dtype="float32")[LABELS]),
    "one-hot, k probabilities": Answers(3, "softmax", np.eye(3, dtype="float32")[LABELS]),
}

NEEDED: dict[str, dict[str, Any]] = {
    "io_u": {"num_classes": 3, "target_class_ids": [0, 1]},
    "mean_io_u": {"num_classes": 3},
    "one_hot_io_u": {"num_classes": 3, "target_class_ids": [0, 1]},
    "one_hot_mean_io_u": {"num_classes": 3},
    "precision_at_recall": {"recall": 0.5},
    "recall_at_precision": {"precision": 0.5},
    "sensitivity_at_specificity": {"specificity": 0.5},
    "specificity_at_sensitivity": {"sensitivity": 0.5},
}
FURTHER = [
    *((name, {**NEEDED.get(name, {}), "class_id": 1}) for name in ("precision", "recall", "precision_at_recall")),
    *((name, {"top_k": 1}) for name in ("precision", "recall")),
    *((name, {"threshold": 0.4}) for name in ("f1_score", "f_beta_score", "binary_accuracy", "binary_io_u")),
    *((name, {"from_logits": False}) for name in ("auc", "binary_crossentropy", "sparse_categorical_crossentropy")),
    *((name, {"k": 2}) for name in ("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy")),
    ("io_u", {**NEEDED["io_u"], "sparse_y_pred": False}),
    ("precision", {"class_id": 3}),
]
TRIED = [*((name, NEEDED.get(name, {})) for name in METRICS), *FURTHER]

EACH = ("auc", "binary_", "precision", "recall", "sens", "spec", "true_", "false_")
OF_ALL = ("categorical_accuracy", "categorical_crossentropy", "top_k", "kl_", "f1_", "f_beta", "one_hot")
RAW = ("hinge", "squared_hinge", "categorical_hinge")


def by_hand(metric: str, options: dict[str, Any], form: Answers, answers: Any, chances: Any) -> tuple[Any, Any] | None:
    """Targets and answers for a metric of Keras; None where there is no right way.

    Args:
        metric: Its name.
        options: Its options.
        form: What the model answers with.
        answers: The model's numbers, (n, k).
        chances: The probabilities that they stand for, (n, classes); None for quantities.
    """
    if chances is None:
        judges = metric.startswith((*EACH, *OF_ALL, "sparse")) and not metric.startswith(("kl_divergence", "one_hot"))
        return None if judges else (form.y, answers)
    if metric in RAW:
        return margins_by_hand(metric, form, answers)
    if metric.startswith(EACH):
        return each_by_hand(metric, options, form, chances)
    labels = form.y.argmax(1) if form.y.ndim > 1 else form.y
    pair: tuple[Any, Any] | None = (form.y.reshape(answers.shape), answers) if form.y.size == answers.size else None
    if metric.startswith(OF_ALL):
        single = form.width == 1 and "threshold" in options
        hot = np.eye(chances.shape[1], dtype="float32")[labels]
        pair = (labels[:, None].astype("float32"), chances[:, 1:]) if single else (hot, chances)
    elif metric.startswith("sparse_"):
        pair = labels, chances
    elif metric in ("keras_accuracy", "io_u", "mean_io_u"):
        pair = labels, chances.argmax(1) if options.get("sparse_y_pred", True) else chances
    return pair


def margins_by_hand(metric: str, form: Answers, answers: Any) -> tuple[Any, Any] | None:
    """Of hinges: the answers as they are."""
    if (form.width > 1) != (form.y.ndim > 1 or metric.startswith("categorical")):
        return None
    labels = form.y.argmax(1) if form.y.ndim > 1 else form.y
    return (np.eye(form.width, dtype="float32")[labels], answers) if form.width > 1 else (labels[:, None], answers)


def each_by_hand(metric: str, options: dict[str, Any], form: Answers, chances: Any) -> tuple[Any, Any] | None:
    """Of a yes or no: the second class of two, each class of more."""
    several = form.y.ndim > 1
    labels, count = form.y.argmax(1) if several else form.y, chances.shape[1]
    if options.get("class_id", 0) >= count or (metric.startswith("binary_") and count > 2 and not several):
        return None
    if count > 2 or several or {"class_id", "top_k"} & options.keys():
        return np.eye(count, dtype="float32")[labels], chances
    return labels[:, None], chances[:, 1:]


def expected(metric: str, options: dict[str, Any], form: Answers, answers: Any, chances: Any) -> float | None:
    """The figure of Keras's own metric for what was worked out by hand."""
    pair = by_hand(metric, options, form, answers, chances)
    if pair is None:
        return None
    options = {**options, **({"from_logits": False} if "from_logits" in KERAS_METRICS[metric].__signature__.parameters else {})}
    options |= {"average": "macro"} if metric in ("f1_score", "f_beta_score") else {}
    if metric.startswith("one_hot"):
        options["sparse_y_pred"] = False
    made = getattr(keras.metrics, METRICS[metric][0])(**options)
    made.update_state(*map(np.ascontiguousarray, pair))
    return float(np.mean(np.asarray(made.result())))


def chances_of(loss: str, form: Answers, answers: Any) -> tuple[Any, bool]:
    """The probabilities that answers stand for, None where they are quantities; and whether any metric may take them."""
    values = answers.astype("float64")
    takes_logits = "from_logits" in KERAS_LOSSES[loss].__signature__.parameters if loss in KERAS_LOSSES else False
    if form.y is FORMS["quantities"].y:
        return None, True
    sure = True
    if form.activation is None:
        if form.y.ndim > 1 and not takes_logits:
            return None, True
        if loss.startswith("binary") and form.y.ndim > 1:
            return (1 / (1 + np.exp(-values))).astype("float32"), True
        sure = takes_logits or loss in (*RAW, "ctc", "circle")
        if sure:
            powers = np.exp(values)
            values = powers / powers.sum(1, keepdims=True) if form.width > 1 else 1 / (1 + np.exp(-values))
    if form.width == 1:
        values = np.concatenate([1 - values, values], axis=1)
    return values.astype("float32"), sure


def loss_by_hand(loss: str, form: Answers, answers: Any) -> float | None:
    """The loss over all rows, of targets and answers that belong together one by one; None where they do not.

    Args:
        loss: Its name.
        form: What the model answers with.
        answers: What it answered to each of the two batches. Keras looks behind a softmax at the end of a model.
    """
    numbers = loss in ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")
    several, same = form.width > 1, form.y.size == ROWS * form.width
    alike = same and (several or not loss.startswith("categorical"))
    fits = several and form.y.ndim == 1 if numbers else form.y.ndim == 1 if loss == "circle" else alike
    if not fits or loss == "ctc":
        return None
    y = form.y if numbers or loss == "circle" else form.y.reshape(ROWS, form.width).astype("float32")
    if loss == "mse":
        return float(np.mean(np.square(y - np.concatenate(answers))))
    has_logits = "from_logits" in KERAS_LOSSES[loss].__signature__.parameters
    made = getattr(keras.losses, LOSSES[loss][0])(**({"from_logits": True} if has_logits else {}))
    return float(np.mean([made(known, given) for known, given in zip((y[:BATCH], y[BATCH:]), answers, strict=True)]))


def assembled(loss: str, form: Answers) -> Any:
    """The parts of a run without metrics; its model gives back x, or the activation of it."""
    x = Z[:, : form.width]
    model = keras.Sequential([keras.Input((form.width,)), keras.layers.Dense(form.width, activation=form.activation)])
    model.set_weights([np.eye(form.width, dtype="float32"), np.zeros(form.width, "float32")])
    dataset = eagerloop.ArrayDataset((x, form.y), (x, form.y), batch_size=BATCH)
    chosen = {"dataset": Choice(dataset), "model": Choice(model), "loss": Choice(loss), "metric": ()}
    return assemble(Settings(**chosen, epochs=1), CATALOG)


def figure(parts: Any, metric: str, options: dict[str, Any]) -> float:
    """What a run with this metric would have in its history."""
    workshop = Workshop(0, CATALOG, parts.dataset, parts.answer)
    made = workshop.make_metrics([Choice(metric, options)], parts.first_batch, parts.first_predictions)
    again = replace(parts, metrics=made, resolved=workshop.resolved, origins=workshop.origins).fresh_metrics()
    tally = Tally(again)
    for x, y in parts.dataset.test():
        tally.add(measure(parts.model, lambda _y, _p: tf.constant(0.0), x, y))
    return tally.results()[metric]


def judged(loss: str, form_name: str, tried: Any = None) -> Iterator[tuple[str, str]]:
    """What came of each metric, and of the loss itself: `right`, `refused`, or what was wrong."""
    form = FORMS[form_name]
    probe = np.eye(form.width, dtype="float32")
    answers = Z[:, : form.width] @ probe
    if form.activation == "sigmoid":
        answers = (1 / (1 + np.exp(-answers.astype("float64")))).astype("float32")
    if form.activation == "softmax":
        powers = np.exp(answers.astype("float64"))
        answers = (powers / powers.sum(1, keepdims=True)).astype("float32")
    try:
        parts = assembled(loss, form)
    except EagerloopError as error:
        named = f"'{loss}'" in str(error)
        fits = loss_by_hand(loss, form, (answers[:BATCH], answers[BATCH:])) is not None
        yield "the loss", "refused" if named and not fits else f"wrongly refused, or unnamed: {error}"
        return
    known = loss_by_hand(loss, form, [parts.model(x, training=False) for x, _y in parts.dataset.test()])
    try:
        value = Tally({})
        for x, y in parts.dataset.test():
            value.add(measure(parts.model, parts.loss, x, y))
        yield "the loss", "right" if known is not None and close(value.loss, known) else f"{value.loss}, not {known}"
    except EagerloopError as error:
        yield "the loss", "refused" if f"'{loss}'" in str(error) else f"unnamed: {error}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no figure
        yield "the loss", f"{type(error).__name__}: {error}"
    chances, sure = chances_of(loss, form, answers)
    for metric, options in TRIED if tried is None else tried:
        try:
            found = figure(parts, metric, options)
        except EagerloopError as error:
            yield f"{metric} {options}", "refused" if f"'{metric}'" in str(error) else f"unnamed: {error}"
            continue
        except Exception as error:  # noqa: BLE001 - as above
            yield f"{metric} {options}", f"{type(error).__name__}: {error}"
            continue
        right = expected(metric, options, form, answers, chances)
        words = "right" if right is not None and close(found, right) else f"{found}, not {right}"
        yield f"{metric} {options}", words if sure or right is not None else f"not refused: {found}"


def close(found: float, right: float) -> bool:
    """Whether two figures are one, but for rounding."""
    return bool(np.isclose(found, right, rtol=1e-4, atol=1e-5, equal_nan=True))


CATALOG = Catalog.load()


def main() -> int:
    """Tries all of them, and prints what was wrong, and how many were right."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--losses", default=",".join(["mse", *LOSSES]))
    counts: Counter[str] = Counter()
    for loss in parser.parse_args().losses.split(","):
        for form in FORMS:
            for what, outcome in judged(loss, form):
                counts[outcome if outcome in ("right", "refused") else "wrong"] += 1
                if outcome not in ("right", "refused"):
                    print(f"{loss}, {form}, {what}: {outcome}"[:300], flush=True)
    print(f"{len(TRIED)} metrics with options, {len(FORMS)} forms: {dict(counts)}")
    return int(counts["wrong"] > 0 or counts["right"] < counts["refused"])  # who refuses everything is never wrong


if __name__ == "__main__":
    sys.exit(main())
