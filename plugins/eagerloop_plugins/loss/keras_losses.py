"""Every loss of Keras, by its Keras name and with its own options.

Where a loss can take logits, it does so by default, unlike in Keras: the models here give logits. All give a scalar.
"""

from typing import Literal

from eagerloop_plugins.keras_table import Row, factories, option

REDUCTION = option(
    "reduction",
    Literal["sum_over_batch_size", "mean", "mean_with_sample_weight", "sum"],
    "sum_over_batch_size",
    "how the losses of a batch become one number; the first three are its mean",
)
LOGITS = option("from_logits", bool, True, "the predictions are logits, as the models here give them, not probabilities")  # noqa: FBT003
SMOOTHING = option("label_smoothing", float, 0.0, "how far the targets are moved towards even odds", minimum=0, maximum=1)
AXIS = option("axis", int, -1, "the axis of the classes")
SUMMED = option("axis", list[int] | None, None, "the axes to sum over; all if none are given")
GAMMA = option("gamma", float, 2.0, "how much the examples that are right already count less", minimum=0)

EXCLUDED_CLASSES = {"Loss": "the base class: it computes nothing"}
EXCLUDED_OPTIONS = {
    "name": "the name that the user types is used",
    "dtype": "the precision is the model's",
}
CHANGED_DEFAULTS = {"from_logits": "the models here give logits"}

ALIASES = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
}
"""Keras's own short names; its `mse` is a part of its own here."""

TABLE: dict[str, Row] = {
    "binary_crossentropy": ("BinaryCrossentropy", "Cross-entropy of yes or no.", [LOGITS, SMOOTHING, AXIS, REDUCTION]),
    "binary_focal_crossentropy": (
        "BinaryFocalCrossentropy",
        "Cross-entropy of yes or no that looks harder at what is still wrong.",
        [
            option("apply_class_balancing", bool, False, "weigh the two classes by alpha and 1 - alpha"),  # noqa: FBT003
            option("alpha", float, 0.25, "weight of class 1", minimum=0, maximum=1),
            GAMMA,
            LOGITS,
            SMOOTHING,
            AXIS,
            REDUCTION,
        ],
    ),
    "categorical_crossentropy": (
        "CategoricalCrossentropy",
        "Cross-entropy of one-hot targets.",
        [LOGITS, SMOOTHING, AXIS, REDUCTION],
    ),
    "categorical_focal_crossentropy": (
        "CategoricalFocalCrossentropy",
        "Cross-entropy of one-hot targets that looks harder at what is still wrong.",
        [
            option("alpha", float, 0.25, "weight of the classes", minimum=0, maximum=1),
            GAMMA,
            LOGITS,
            SMOOTHING,
            AXIS,
            REDUCTION,
        ],
    ),
    "categorical_generalized_cross_entropy": (
        "CategoricalGeneralizedCrossEntropy",
        "Between cross-entropy and absolute error, for class numbers that may be wrong; needs probabilities.",
        [option("q", float, 0.5, "from near 0 (cross-entropy) to near 1 (absolute error)", minimum=0, maximum=1), REDUCTION],
    ),
    "categorical_hinge": ("CategoricalHinge", "Hinge loss of one-hot targets.", [REDUCTION]),
    "circle": (
        "Circle",
        "Circle loss of class numbers and embeddings of length 1: close within a class, far between classes.",
        [
            option("gamma", float, 80.0, "scale of the similarities", minimum=0),
            option("margin", float, 0.4, "how far off a similarity may be", minimum=0, maximum=1),
            option("remove_diagonal", bool, True, "leave out the similarity of each example to itself"),  # noqa: FBT003
            REDUCTION,
        ],
    ),
    "cosine_similarity": (
        "CosineSimilarity",
        "Minus the cosine of the angle between target and prediction.",
        [AXIS, REDUCTION],
    ),
    "ctc": ("CTC", "Connectionist temporal classification of sequences.", [REDUCTION]),
    "dice": ("Dice", "One minus the Dice overlap of masks; needs probabilities.", [SUMMED, REDUCTION]),
    "hinge": ("Hinge", "Hinge loss of targets -1 or 1 (0 is taken as -1).", [REDUCTION]),
    "huber": (
        "Huber",
        "Squares small errors, takes the absolute value of large ones.",
        [option("delta", float, 1.0, "the error from which on it is large", minimum=0), REDUCTION],
    ),
    "kl_divergence": (
        "KLDivergence",
        "Kullback-Leibler divergence of the predicted probabilities from the true ones.",
        [REDUCTION],
    ),
    "log_cosh": ("LogCosh", "Logarithm of the hyperbolic cosine of the error: a smooth absolute error.", [REDUCTION]),
    "mean_absolute_error": ("MeanAbsoluteError", "Mean of the absolute errors.", [REDUCTION]),
    "mean_absolute_percentage_error": (
        "MeanAbsolutePercentageError",
        "Mean of the absolute errors, in percent of the targets.",
        [REDUCTION],
    ),
    "mean_squared_error": ("MeanSquaredError", "Mean of the squared errors, by Keras's class.", [REDUCTION]),
    "mean_squared_logarithmic_error": (
        "MeanSquaredLogarithmicError",
        "Mean of the squared differences of log(1 + value).",
        [REDUCTION],
    ),
    "poisson": ("Poisson", "Poisson loss: prediction minus target times log(prediction).", [REDUCTION]),
    "sparse_categorical_crossentropy": (
        "SparseCategoricalCrossentropy",
        "Cross-entropy of class numbers.",
        [LOGITS, option("ignore_class", int | None, None, "a class number that is left out of the mean"), REDUCTION, AXIS],
    ),
    "squared_hinge": ("SquaredHinge", "Squared hinge loss of targets -1 or 1 (0 is taken as -1).", [REDUCTION]),
    "tversky": (
        "Tversky",
        "One minus the Tversky overlap of masks; needs probabilities.",
        [
            option("alpha", float, 0.5, "weight of what is wrongly in the mask", minimum=0),
            option("beta", float, 0.5, "weight of what is wrongly left out of it", minimum=0),
            REDUCTION,
            SUMMED,
        ],
    ),
}

KERAS_LOSSES = factories("loss", TABLE, ALIASES)
