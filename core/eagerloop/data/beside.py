"""Data as the keywords of `eagerloop.train` give them: `dataset`, and what stands beside it. Nothing heavy is imported here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eagerloop.errors import ConfigError
from eagerloop.parts import Choice

BESIDE = ("validation", "test", "target")
"""Keywords that say more of the data."""


@dataclass(frozen=True, eq=False)
class GivenData:
    """What was given, as it was given.

    Attributes:
        dataset: `(x, y)`, a table in memory, a `tf.data.Dataset`, or several of these.
        validation: The same for the evaluation after each epoch, or None.
        test: The same for the test, or None.
        target: The columns of a table that are to be predicted, or None.
    """

    dataset: Any
    validation: Any = None
    test: Any = None
    target: Any = None


def together(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords with what stands beside `dataset` put into it.

    Raises:
        ConfigError: There is no dataset, or one that is chosen by its name.
    """
    beside = {name: keywords[name] for name in BESIDE if keywords.get(name) is not None}
    rest = {name: value for name, value in keywords.items() if name not in BESIDE}
    dataset = rest.get("dataset")
    if beside and (dataset is None or isinstance(dataset, str | Choice)):
        what = "no dataset was given" if dataset is None else f"got the dataset {dataset!r}, which has options for such things"
        msg = f"{', '.join(beside)} must stand beside data of your own, such as dataset=(x, y); {what}"
        raise ConfigError(msg)
    return rest | ({"dataset": GivenData(dataset, **beside)} if beside else {})
