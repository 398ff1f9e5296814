"""What is chosen where the user chose nothing: the guide for the guide's data, else what fits the data."""


def default_model(dataset: str) -> str:
    """The model for a dataset: the guide's for the guide's data, else the one that fits any.

    Example:
        >>> default_model("iris"), default_model("csv")
        ('iris', 'mlp')
    """
    return "iris" if dataset in ("iris", "eagerloop/iris") else "mlp"


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
