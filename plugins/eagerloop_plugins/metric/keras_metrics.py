"""Every metric of Keras that is a figure of targets and predictions, by its Keras name and with its own options.

Where a metric can take logits, it does so by default, unlike in Keras: the models here give logits. All give one number, over
the examples of an epoch and not over its batches.
"""

from inspect import Parameter
from typing import Literal

from eagerloop_plugins.keras_table import Row, factories, option

EXCLUDED_CLASSES = {
    "Metric": "the base class: it measures nothing",
    "Mean": "it averages values; called with targets and predictions it would take the predictions for weights",
    "Sum": "it sums values; called with targets and predictions it would take the predictions for weights",
    "MeanMetricWrapper": "it needs a function as argument, which no option can be; write a part in a .py file",
}
EXCLUDED_OPTIONS = {
    "name": "the name that the user types is used",
    "dtype": "the precision is Keras's",
}
CHANGED_DEFAULTS = {
    "from_logits": "the models here give logits",
    "average": "Keras's None gives a figure a class, and a history has one number a metric",
}

ALIASES = {
    "bce": "binary_crossentropy",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
"""Keras's own short names."""

LOGITS = option("from_logits", bool, True, "the predictions are logits, as the models here give them, not probabilities")  # noqa: FBT003
SMOOTHING = option("label_smoothing", float, 0.0, "how far the targets are moved towards even odds", minimum=0, maximum=1)
AXIS = option("axis", int, -1, "the axis of the classes")
IGNORED = option("ignore_class", int | None, None, "a class number that is left out")
POINTS = option("num_thresholds", int, 200, "how many thresholds the curve is drawn from", minimum=2)
CLASS = option("class_id", int | None, None, "the only class to look at; all if none is given", minimum=0)
TOP = option("top_k", int | None, None, "how many of the likeliest classes count as predicted", minimum=1)
THRESHOLDS = option("thresholds", list[float] | None, None, "probabilities from which on it is a yes; 0.5 if none is given")
COUNT = option("num_classes", int, Parameter.empty, "how many classes there are", minimum=1)
CHOSEN = option("target_class_ids", list[int], Parameter.empty, "the classes to look at", minimum=0)
SPARSE_TRUE = option("sparse_y_true", bool, True, "the targets are class numbers, not one-hot")  # noqa: FBT003
SPARSE_PREDICTED = option("sparse_y_pred", bool, True, "the predictions are class numbers, not a number a class")  # noqa: FBT003
DENSE_PREDICTED = option("sparse_y_pred", bool, False, "the predictions are class numbers, not a number a class")  # noqa: FBT003
AVERAGE = option("average", Literal["micro", "macro", "weighted"], "macro", "how the classes become one number")
F_THRESHOLD = option(
    "threshold", float | None, None, "probability from which on it is a yes; the likeliest class if none is given"
)
LIKELIEST = option("k", int, 5, "how many classes may be tried", minimum=1)


def _given(name: str) -> Parameter:
    return option(name, float, Parameter.empty, f"the {name} that is wanted", minimum=0, maximum=1)


TABLE: dict[str, Row] = {
    "auc": (
        "AUC",
        "Area under the curve of true against false positives, or of precision against recall.",
        [
            POINTS,
            option("curve", Literal["ROC", "PR", "PRGAIN"], "ROC", "which curve"),
            option(
                "summation_method", Literal["interpolation", "minoring", "majoring"], "interpolation", "how the area is summed"
            ),
            option("thresholds", list[float] | None, None, "thresholds of your own, from 0 to 1"),
            option("multi_label", bool, False, "an area a label, then averaged"),  # noqa: FBT003
            option("num_labels", int | None, None, "how many labels there are", minimum=1),
            option("label_weights", list[float] | None, None, "weights of the labels in the average"),
            LOGITS,
        ],
    ),
    "binary_accuracy": (
        "BinaryAccuracy",
        "Part of the examples that are on the right side of a threshold.",
        [option("threshold", float, 0.5, "the prediction from which on it is a yes; for logits, 0 is even odds")],
    ),
    "binary_crossentropy": ("BinaryCrossentropy", "Cross-entropy of yes or no.", [LOGITS, SMOOTHING]),
    "binary_io_u": (
        "BinaryIoU",
        "Intersection over union of two classes, by a threshold on probabilities.",
        [
            option("target_class_ids", list[int], [0, 1], "the classes to look at", minimum=0, maximum=1),
            option("threshold", float, 0.5, "the probability from which on it is class 1"),
        ],
    ),
    "categorical_accuracy": (
        "CategoricalAccuracy",
        "Part of the examples whose likeliest class is that of the one-hot target.",
        [],
    ),
    "categorical_crossentropy": ("CategoricalCrossentropy", "Cross-entropy of one-hot targets.", [LOGITS, SMOOTHING, AXIS]),
    "categorical_hinge": ("CategoricalHinge", "Hinge loss of one-hot targets.", []),
    "concordance_correlation": (
        "ConcordanceCorrelation",
        "How close predictions are to the line of equality, averaged.",
        [AXIS],
    ),
    "cosine_similarity": ("CosineSimilarity", "Cosine of the angle between target and prediction.", [AXIS]),
    "f1_score": ("F1Score", "Harmonic mean of precision and recall, of one-hot targets.", [AVERAGE, F_THRESHOLD]),
    "f_beta_score": (
        "FBetaScore",
        "Weighted harmonic mean of precision and recall, of one-hot targets.",
        [AVERAGE, option("beta", float, 1.0, "weight of the recall", minimum=0), F_THRESHOLD],
    ),
    "false_negatives": ("FalseNegatives", "How many were missed, by a threshold on probabilities.", [THRESHOLDS]),
    "false_positives": ("FalsePositives", "How many false alarms there were, by a threshold on probabilities.", [THRESHOLDS]),
    "hinge": ("Hinge", "Hinge loss of targets -1 or 1 (0 is taken as -1).", []),
    "io_u": (
        "IoU",
        "Intersection over union of chosen classes.",
        [COUNT, CHOSEN, IGNORED, SPARSE_TRUE, SPARSE_PREDICTED, AXIS],
    ),
    "keras_accuracy": (
        "Accuracy",
        "Part of the predictions that equal their targets exactly: Keras's class Accuracy, not what it means by 'accuracy'.",
        [],
    ),
    "kl_divergence": ("KLDivergence", "Kullback-Leibler divergence of the predicted probabilities from the true ones.", []),
    "log_cosh_error": ("LogCoshError", "Logarithm of the hyperbolic cosine of the error.", []),
    "mean_absolute_error": ("MeanAbsoluteError", "Mean of the absolute errors.", []),
    "mean_absolute_percentage_error": (
        "MeanAbsolutePercentageError",
        "Mean of the absolute errors, in percent of the targets.",
        [],
    ),
    "mean_io_u": (
        "MeanIoU",
        "Mean intersection over union of all classes.",
        [COUNT, IGNORED, SPARSE_TRUE, SPARSE_PREDICTED, AXIS],
    ),
    "mean_squared_error": ("MeanSquaredError", "Mean of the squared errors.", []),
    "mean_squared_logarithmic_error": (
        "MeanSquaredLogarithmicError",
        "Mean of the squared differences of log(1 + value).",
        [],
    ),
    "one_hot_io_u": (
        "OneHotIoU",
        "Intersection over union of chosen classes, of one-hot targets.",
        [COUNT, CHOSEN, IGNORED, DENSE_PREDICTED, AXIS],
    ),
    "one_hot_mean_io_u": (
        "OneHotMeanIoU",
        "Mean intersection over union of all classes, of one-hot targets.",
        [COUNT, IGNORED, DENSE_PREDICTED, AXIS],
    ),
    "pearson_correlation": (
        "PearsonCorrelation",
        "Correlation of targets and predictions, averaged over the examples.",
        [AXIS],
    ),
    "poisson": ("Poisson", "Poisson loss: prediction minus target times log(prediction).", []),
    "precision": ("Precision", "Part of the yeses that are right, by a threshold on probabilities.", [THRESHOLDS, TOP, CLASS]),
    "precision_at_recall": (
        "PrecisionAtRecall",
        "Best precision at a recall, of probabilities.",
        [_given("recall"), POINTS, CLASS],
    ),
    "r2_score": (
        "R2Score",
        "Part of the targets' variance that is explained, for targets of shape (n, k).",
        [
            option(
                "class_aggregation",
                Literal["uniform_average", "variance_weighted_average"],
                "uniform_average",
                "how the targets become one number",
            ),
            option("num_regressors", int, 0, "how many inputs to adjust the figure for", minimum=0),
        ],
    ),
    "recall": ("Recall", "Part of the cases that are found, by a threshold on probabilities.", [THRESHOLDS, TOP, CLASS]),
    "recall_at_precision": (
        "RecallAtPrecision",
        "Best recall at a precision, of probabilities.",
        [_given("precision"), POINTS, CLASS],
    ),
    "root_mean_squared_error": ("RootMeanSquaredError", "Root of the mean of the squared errors.", []),
    "sensitivity_at_specificity": (
        "SensitivityAtSpecificity",
        "Best sensitivity at a specificity, of probabilities.",
        [_given("specificity"), POINTS, CLASS],
    ),
    "sparse_categorical_accuracy": (
        "SparseCategoricalAccuracy",
        "Part of the examples whose likeliest class is the target.",
        [],
    ),
    "sparse_categorical_crossentropy": (
        "SparseCategoricalCrossentropy",
        "Cross-entropy of class numbers.",
        [LOGITS, IGNORED, AXIS],
    ),
    "sparse_top_k_categorical_accuracy": (
        "SparseTopKCategoricalAccuracy",
        "Part of the examples whose target is among the k likeliest classes.",
        [LIKELIEST, option("from_sorted_ids", bool, False, "the predictions are classes, the likeliest first")],  # noqa: FBT003
    ),
    "specificity_at_sensitivity": (
        "SpecificityAtSensitivity",
        "Best specificity at a sensitivity, of probabilities.",
        [_given("sensitivity"), POINTS, CLASS],
    ),
    "squared_hinge": ("SquaredHinge", "Squared hinge loss of targets -1 or 1 (0 is taken as -1).", []),
    "top_k_categorical_accuracy": (
        "TopKCategoricalAccuracy",
        "Part of the examples whose one-hot target is among the k likeliest classes.",
        [LIKELIEST],
    ),
    "true_negatives": ("TrueNegatives", "How many noes are right, by a threshold on probabilities.", [THRESHOLDS]),
    "true_positives": ("TruePositives", "How many yeses are right, by a threshold on probabilities.", [THRESHOLDS]),
}

KERAS_METRICS = factories("metric", TABLE, ALIASES)
