"""Every optimizer of Keras, by its name (`adam` is eagerloop's own; Keras's is `keras_adam`) and with its own options."""

import inspect

from eagerloop_plugins.keras_table import Row, factories, option

EXCLUDED_CLASSES = {
    "Optimizer": "the base class: it updates nothing",
    "LossScaleOptimizer": "it wraps an optimizer object, and the loop would have to scale the loss for it",
    "MultiOptimizer": "it wraps a map of optimizer objects",
}
EXCLUDED_OPTIONS = {
    "name": "the name that the user types is used",
    "loss_scale_factor": "it divides the gradients of a loss that was multiplied, and the loop multiplies no loss",
}

COMMON = [
    option("clipnorm", float | None, None, "longest gradient of one variable", minimum=0),
    option("clipvalue", float | None, None, "largest entry of a gradient", minimum=0),
    option("global_clipnorm", float | None, None, "longest gradient of all variables", minimum=0),
    option("use_ema", bool, False, "keep an average of the variables over the steps"),  # noqa: FBT003
    option("ema_momentum", float, 0.99, "decay of that average, per step", minimum=0, maximum=1),
    option("ema_overwrite_frequency", int | None, None, "steps after which the average replaces the variables", minimum=1),
    option("gradient_accumulation_steps", int | None, None, "steps whose gradients are averaged to one update", minimum=2),
]


def _rate(default: float = 0.001) -> inspect.Parameter:
    return option("learning_rate", float, default, "length of a step", minimum=0)


def _decay(default: float | None = None) -> inspect.Parameter:
    return option("weight_decay", float | None, default, "shrink the variables by this times the rate", minimum=0)


def _epsilon(default: float = 1e-7) -> inspect.Parameter:
    return option("epsilon", float, default, "keeps divisions from being by zero", minimum=0)


def _betas(second: float = 0.999) -> list[inspect.Parameter]:
    return [
        option("beta_1", float, 0.9, "decay of the mean of the gradients, per step", minimum=0, maximum=1),
        option("beta_2", float, second, "decay of the mean of their squares, per step", minimum=0, maximum=1),
    ]


AMSGRAD = option("amsgrad", bool, False, "divide by the largest mean square so far")  # noqa: FBT003
RHO_HELP = "decay of the mean of the squared gradients, per step"
ACCUMULATOR = option("initial_accumulator_value", float, 0.1, "what the sums of squares begin with", minimum=0)

TABLE: dict[str, Row] = {
    "adadelta": (
        "Adadelta",
        "Steps as long as the recent ones were, by the root of the recent squared gradients.",
        [_rate(), option("rho", float, 0.95, RHO_HELP, minimum=0, maximum=1), _epsilon(), _decay(), *COMMON],
    ),
    "adafactor": (
        "Adafactor",
        "Adam with a memory of rows and columns in place of every entry.",
        [
            _rate(),
            option("beta_2_decay", float, -0.8, "exponent of the decay of the mean square"),
            option("epsilon_1", float, 1e-30, "added to the squared gradients", minimum=0),
            option("epsilon_2", float, 1e-3, "smallest scale of a variable", minimum=0),
            option("clip_threshold", float, 1.0, "largest root mean square of an update", minimum=0),
            option("relative_step", bool, True, "shorten the steps as the training goes on"),  # noqa: FBT003
            _decay(),
            *COMMON,
        ],
    ),
    "adagrad": (
        "Adagrad",
        "Steps divided by the root of all squared gradients so far.",
        [_rate(), ACCUMULATOR, _epsilon(), _decay(), *COMMON],
    ),
    "adamax": (
        "Adamax",
        "Adam with the largest recent gradient in place of the mean square.",
        [_rate(), *_betas(), _epsilon(), _decay(), *COMMON],
    ),
    "adamw": (
        "AdamW",
        "Adam with weight decay.",
        [_rate(), _decay(0.004), *_betas(), _epsilon(), AMSGRAD, *COMMON],
    ),
    "ftrl": (
        "Ftrl",
        "Follow the regularized leader: for large sparse linear models.",
        [
            _rate(),
            option("learning_rate_power", float, -0.5, "exponent by which the rate falls with the gradients", maximum=0),
            ACCUMULATOR,
            option("l1_regularization_strength", float, 0.0, "pull towards zero, by the absolute value", minimum=0),
            option("l2_regularization_strength", float, 0.0, "pull towards zero, by the square", minimum=0),
            option("l2_shrinkage_regularization_strength", float, 0.0, "the same, on the gradients", minimum=0),
            option("beta", float, 0.0, "added to the root of the sums of squares", minimum=0),
            _decay(),
            *COMMON,
        ],
    ),
    "keras_adam": (
        "Adam",
        "Keras's own Adam, operation by operation: what `adam` is compared with.",
        [_rate(), *_betas(), _epsilon(), AMSGRAD, _decay(), *COMMON],
    ),
    "lamb": (
        "Lamb",
        "Adam with each variable's step in proportion to its size, for large batches.",
        [_rate(), *_betas(), _epsilon(), _decay(), *COMMON],
    ),
    "lion": (
        "Lion",
        "Steps by the sign of the averaged gradient.",
        [_rate(), *_betas(0.99), _decay(), *COMMON],
    ),
    "muon": (
        "Muon",
        "Momentum made orthogonal for the matrices, AdamW for all other variables.",
        [
            _rate(),
            option("adam_beta_1", float, 0.9, "beta_1 of the AdamW", minimum=0, maximum=1),
            option("adam_beta_2", float, 0.999, "beta_2 of the AdamW", minimum=0, maximum=1),
            option("adam_weight_decay", float | None, 0.004, "weight decay of the AdamW", minimum=0),
            _epsilon(),
            _decay(0.004),
            *COMMON,
            option("exclude_layers", list[str] | None, None, "patterns of variable names that are left to the AdamW"),
            option("exclude_embeddings", bool, True, "leave embeddings to the AdamW"),  # noqa: FBT003
            option("muon_a", float, 3.4445, "first coefficient of the iteration"),
            option("muon_b", float, -4.775, "second coefficient of the iteration"),
            option("muon_c", float, 2.0315, "third coefficient of the iteration"),
            option("adam_lr_ratio", float, 1.0, "rate of the AdamW in units of the rate", minimum=0),
            option("momentum", float, 0.95, "decay of the sum of the gradients, per step", minimum=0, maximum=1),
            option("ns_steps", int, 5, "Newton-Schulz iterations a step", minimum=1),
            option("nesterov", bool, True, "look one step ahead"),  # noqa: FBT003
            option("rms_rate", float | None, 0.2, "root mean square of an update, in units of the rate", minimum=0),
        ],
    ),
    "nadam": (
        "Nadam",
        "Adam with Nesterov momentum.",
        [_rate(), *_betas(), _epsilon(), _decay(), *COMMON],
    ),
    "rmsprop": (
        "RMSprop",
        "Steps divided by the root of the recent squared gradients.",
        [
            _rate(),
            option("rho", float, 0.9, RHO_HELP, minimum=0, maximum=1),
            option("momentum", float, 0.0, "decay of the sum of the steps, per step", minimum=0, maximum=1),
            _epsilon(),
            option("centered", bool, False, "take the mean of the gradients off first"),  # noqa: FBT003
            _decay(),
            *COMMON,
        ],
    ),
    "schedule_free_adamw": (
        "ScheduleFreeAdamW",
        "AdamW that averages its way instead of lowering its rate.",
        [
            _rate(0.0025),
            *_betas(),
            _epsilon(1e-8),
            option("warmup_steps", int, 0, "steps over which the rate rises to its value", minimum=0),
            _decay(),
            *COMMON,
        ],
    ),
    "sgd": (
        "SGD",
        "Steps down the gradient.",
        [
            _rate(0.01),
            option("momentum", float, 0.0, "decay of the sum of the steps, per step", minimum=0, maximum=1),
            option("nesterov", bool, False, "look one step ahead"),  # noqa: FBT003
            _decay(),
            *COMMON,
        ],
    ),
}

KERAS_OPTIMIZERS = factories("optimizer", TABLE)

KERAS_OPTIMIZERS["muon"].contract_exceptions = {  # type: ignore[attr-defined]
    "optimizer-either-variable": "Keras's Muon asks each variable for its `path`, which only keras.Variables have"
}
