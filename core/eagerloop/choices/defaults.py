"""What is chosen where the user chose nothing: the guide for the guide's data, else what fits the data."""

MODELS = {"iris": "iris", "digits": "cnn", "images": "cnn"}
"""For data of another form than a table."""


def default_model(dataset: str) -> str:
    """The model for a dataset: the guide's for the guide's data, one of pictures for pictures, else the one that fits any.

    Example:
        >>> default_model("iris"), default_model("digits"), default_model("csv")
        ('iris', 'cnn', 'mlp')
    """
    return MODELS.get(dataset.removeprefix("eagerloop/"), "mlp")


def default_loss(task: str) -> str:
    """The loss for a task; for classes it takes logits.

    Example:
        >>> default_loss("regression")
        'mse'
    """
    return "sparse_categorical_crossentropy" if task == "classification" else "mse"


def default_metrics(task: str) -> list[str]:
    """The metrics for a task.

    Example:
        >>> default_metrics("classification")
        ['accuracy']
    """
    return ["accuracy"] if task == "classification" else []
