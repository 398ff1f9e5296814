"""Which rows of a streamed file are for training, validation and test: drawn block by block, so that none need be listed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from eagerloop.errors import ConfigError

Array = np.ndarray[Any, Any]

PARTS = ("train", "validation", "test")
"""In the order in which `Split` gives them."""


@dataclass(frozen=True)
class Split:
    """Deals the rows of a block out to training, validation and test.

    Of the first k rows of the file, round(k * test_fraction) are for the test, at least one, as in `eagerloop.split_rows`.
    Which rows of block b these are is drawn by PCG64([seed, 0, b]): in a file of one block just as in `eagerloop.split_rows`.

    Attributes:
        test_fraction: The part of the rows that is kept for the test, from 0 to below 1.
        validation_fraction: The part of the other rows that is kept for the validation, from 0 to below 1.
        seed: Where the draws come from.

    Example:
        >>> import eagerloop
        >>> whole = eagerloop.split_rows(5, test_fraction=0.2, validation_fraction=0.25, seed=0)
        >>> [rows.tolist() for rows in Split(0.2, 0.25, seed=0)(0, 0, 5)] == [rows.tolist() for rows in whole]
        True
    """

    test_fraction: float
    validation_fraction: float
    seed: int

    def __post_init__(self) -> None:
        for name, fraction in (("test-fraction", self.test_fraction), ("validation-fraction", self.validation_fraction)):
            if not 0 <= fraction < 1:
                msg = f"{name} must be at least 0 and below 1, got {fraction:g}; 0.2 keeps every fifth row"
                raise ConfigError(msg)

    def __call__(self, block: int, begin: int, end: int) -> tuple[Array, Array, Array]:
        """The rows of training, validation and test, counted within the block, each in the order of the file.

        Args:
            block: b, counted from 0.
            begin: How many rows are before the block.
            end: How many rows there are up to the end of the block.
        """
        rows = np.random.Generator(np.random.PCG64([self.seed, 0, block])).permutation(end - begin)
        test, validation = self._held(end)[0] - self._held(begin)[0], self._held(end)[1] - self._held(begin)[1]
        training = end - begin - test - validation
        first, second, third = np.split(rows, [training, training + validation])
        return np.sort(first), np.sort(second), np.sort(third)

    def refuse_too_much(self, count: int) -> None:
        """Refuses fractions that leave no row of the file to train on, as `eagerloop.split_rows` does.

        Raises:
            ConfigError: How many rows would be for what.
        """
        test, validation = self._held(count)
        if count - test - validation < 1:
            msg = f"of {count} rows, {test} for the test and {validation} for the validation leave none to train on"
            raise ConfigError(msg)

    def _held(self, count: int) -> tuple[int, int]:
        """How many of the first rows are for the test, and for the validation."""
        test = max(1, round(count * self.test_fraction)) if self.test_fraction and count else 0
        others = count - test
        return test, max(1, round(others * self.validation_fraction)) if self.validation_fraction and others else 0
