"""What each class of `keras.metrics` that judges classes is handed: targets and answers that fit each other.

Shapes: m places (rows, or the steps of sequences), k classes: class numbers (m,), one-hot targets and answers (m, k).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import tensorflow as tf

from eagerloop.building.answer import Meaning
from eagerloop.building.conversions import Form, hot, is_one_hot, logits_of, numbers, probabilities_of, two_columns
from eagerloop.errors import ConfigError

Hand = Callable[[Any, Any], tuple[Any, Any]]
"""From targets and answers as `conversions.flattened` gives them to what a metric takes."""


class Question(NamedTuple):
    """What is known when a metric is to be handed something.

    Attributes:
        metric: The metric.
        name: What it is called in the history.
        form: How targets and answers belong together.
        meaning: What the answers mean.
        y: The targets of the first batch.
        shapes: Those of targets and answers, in words.
    """

    metric: Any
    name: str
    form: Form
    meaning: Meaning
    y: Any
    shapes: str

    @property
    def columns(self) -> int:
        """How many classes there are; yes and no are two."""
        return max(2, self.form.outputs)

    def refuse(self, fault: str, way_out: str) -> NoReturn:
        """One sentence: what is wrong with this metric here, and what to do instead."""
        msg = f"metric '{self.name}' {fault}; {way_out}"
        raise ConfigError(msg)


def wants_logits(metric: Any) -> bool:
    """Whether a metric turns what it is handed into probabilities by itself."""
    return bool(getattr(metric, "from_logits", getattr(metric, "_from_logits", False)))


def each_class(question: Question) -> Hand:
    """Yes or no, 0 or 1, beside the probability of yes: of the second class of two, of each class of more.

    Two answers are the two sides of one question, as one answer is: they have the same precision. Where a class is named, or
    the likeliest are to be taken, each class has a column.
    """
    metric, form, meaning = question.metric, question.form, question.meaning
    class_id, apart = getattr(metric, "class_id", None), getattr(metric, "multi_label", False)
    if class_id is not None and class_id >= question.columns:
        question.refuse(f"has class_id={class_id}, and the classes are 0 to {question.columns - 1}", "name one of them")
    by_class = class_id is not None or getattr(metric, "top_k", None) is not None or (apart and form.kind != "one")
    if type(metric).__name__.startswith("Binary") and form.kind == "numbers" and form.outputs > 2:  # noqa: PLR2004
        way = "take sparse_categorical_accuracy, sparse_categorical_crossentropy or mean_io_u"
        question.refuse(f"asks for yes or no, and the model answers with {form.outputs} classes", way)
    logits = wants_logits(metric)

    def hand(y: Any, answers: Any) -> tuple[Any, Any]:
        values = logits_of(form, meaning, answers, each=True) if logits else probabilities_of(form, meaning, answers)
        if by_class:
            values = two_columns(values, logits=False) if form.kind == "one" else values
            return hot(form, y), values
        if form == Form("numbers", 2):
            if logits and meaning != "probabilities":
                values = answers[:, 1:] - answers[:, :1]  # nothing is lost by way of a probability
            return y[:, tf.newaxis], values[:, -1:]
        return (y if form.kind == "one" else hot(form, y)), values

    return hand


def one_hot(question: Question) -> Hand:
    """One-hot targets beside answers for each class; a single answer is one for yes, and leaves the rest for no."""
    form, logits = question.form, wants_logits(question.metric)
    single = form.kind == "one" and getattr(question.metric, "threshold", None) is not None  # cut where the user says

    def hand(y: Any, answers: Any) -> tuple[Any, Any]:
        values = _together(question, answers, logits=logits)
        return (y, values[:, 1:]) if single else (hot(form, y), values)

    return hand


def class_numbers(question: Question) -> Hand:
    """Class numbers beside answers for each class."""
    _require_class_numbers(question)
    if getattr(question.metric, "_fn_kwargs", {}).get("from_sorted_ids"):
        question.refuse("has from_sorted_ids, and the model answers with a value a class", "leave that option out")
    logits = wants_logits(question.metric)
    return lambda y, answers: (numbers(question.form, y), _together(question, answers, logits=logits))


def likeliest(question: Question) -> Hand:
    """Class numbers beside class numbers, or what else a metric says that it takes."""
    _require_class_numbers(question)
    metric, form = question.metric, question.form
    count = getattr(metric, "num_classes", question.columns)
    if count < question.columns:
        way = f"give num_classes={question.columns}"
        question.refuse(f"has num_classes={count}, and the model answers with {question.columns} classes", way)

    def hand(y: Any, answers: Any) -> tuple[Any, Any]:
        values = _together(question, answers, logits=False)
        targets = numbers(form, y) if getattr(metric, "sparse_y_true", True) else hot(form, y)
        return targets, tf.argmax(values, axis=-1, output_type=tf.int32) if getattr(metric, "sparse_y_pred", True) else values

    return hand


def margins(question: Question) -> Hand:
    """The answers as they are, on the side of zero that they should be; a class number beside several answers has no side."""
    if question.form.kind == "numbers":
        question.refuse(f"needs targets of the answers' shape, got {question.shapes}", "take categorical_hinge")
    return lambda y, answers: (y, answers)


def margins_by_class(question: Question) -> Hand:
    """The answers as they are, beside one-hot targets."""
    if question.form.kind == "one":
        question.refuse(f"needs an answer for each class, got {question.shapes}", "take hinge")
    return lambda y, answers: (hot(question.form, y), answers)


def _together(question: Question, answers: Any, *, logits: bool) -> Any:
    """Answers for every class, (m, k), two for yes and no; as logits or as probabilities."""
    form, meaning = question.form, question.meaning
    values = logits_of(form, meaning, answers, each=False) if logits else probabilities_of(form, meaning, answers)
    return two_columns(values, logits=logits) if form.kind == "one" else values


def _require_class_numbers(question: Question) -> None:
    """Refuses targets of which there may be several in a row, or a share of one."""
    if question.form.kind == "hot" and not is_one_hot(question.y):
        question.refuse("takes one class a row, and the targets are not one-hot", "take binary_accuracy or f1_score")


RULES: dict[str, Callable[[Question], Hand]] = {
    **dict.fromkeys(("BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "AUC", "Precision", "Recall"), each_class),
    **dict.fromkeys(("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"), each_class),
    **dict.fromkeys(("PrecisionAtRecall", "RecallAtPrecision"), each_class),
    **dict.fromkeys(("SensitivityAtSpecificity", "SpecificityAtSensitivity"), each_class),
    **dict.fromkeys(("CategoricalAccuracy", "CategoricalCrossentropy", "TopKCategoricalAccuracy"), one_hot),
    **dict.fromkeys(("KLDivergence", "F1Score", "FBetaScore"), one_hot),
    **dict.fromkeys(("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy"), class_numbers),
    "SparseTopKCategoricalAccuracy": class_numbers,
    **dict.fromkeys(("Accuracy", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"), likeliest),
    **dict.fromkeys(("Hinge", "SquaredHinge"), margins),
    "CategoricalHinge": margins_by_class,
}
"""By the class's name. `BinaryIoU` and the like compare with a threshold, the others take the likeliest class."""
