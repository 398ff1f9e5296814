"""What the built-in models cannot do: say a class at each place of a sequence."""

from typing import TYPE_CHECKING

from eagerloop.errors import ConfigError

if TYPE_CHECKING:
    from eagerloop.parts import Dataset


def require_one_class_a_row(dataset: "Dataset", where: str) -> None:
    """Refuses data with several class numbers a row, (n, T), and data without targets.

    Args:
        dataset: The run's data.
        where: The model in words.

    Raises:
        ConfigError: A row has several, or none.
    """
    if not dataset.outputs:
        msg = f"{where} has as many outputs as there are targets, and y is empty; give a model of your own"
        raise ConfigError(msg)
    places = len(getattr(dataset, "targets", ()))
    if getattr(dataset, "task", "") == "classification" and places > 1:
        msg = (
            f"{where} answers with one class a row, and y has {places} class numbers a row; give the dataset's task=regression "
            f"if they are quantities (to a pair of tf.data, floats), or a model that answers with (n, {places}, classes)"
        )
        raise ConfigError(msg)
