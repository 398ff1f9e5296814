"""Which rows are for training, validation and test."""

from typing import Any

import numpy as np

from eagerloop.errors import ConfigError


def split_rows(
    count: int, *, test_fraction: float, validation_fraction: float = 0.0, seed: int = 0, shuffle: bool = True
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Deals row numbers out to training, validation and test.

    Args:
        count: How many rows there are.
        test_fraction: The part of the rows kept for the test, from 0 (none) to below 1, rounded to whole rows, at least one.
        validation_fraction: The part of the *other* rows kept for the validation, likewise.
        seed: Where the draw comes from.
        shuffle: Whether the rows are drawn; if not, the last ones are the test, and the last of the rest the validation.

    Returns:
        Row numbers of training, validation and test, each in the order of the data.

    Raises:
        ConfigError: A fraction is out of range, or nothing would be left to train on.

    Example:
        >>> [rows.tolist() for rows in split_rows(5, test_fraction=0.2, validation_fraction=0.25, shuffle=False)]
        [[0, 1, 2], [3], [4]]
    """
    for name, fraction in (("test-fraction", test_fraction), ("validation-fraction", validation_fraction)):
        if not 0 <= fraction < 1:
            msg = f"{name} must be at least 0 and below 1, got {fraction:g}; 0.2 keeps every fifth row"
            raise ConfigError(msg)
    rows = np.arange(count)
    if shuffle:
        rows = np.random.Generator(np.random.PCG64([seed, 0])).permutation(count)
    held = max(1, round(count * test_fraction)) if test_fraction else 0
    validating = max(1, round((count - held) * validation_fraction)) if validation_fraction else 0
    training = count - held - validating
    if training < 1:
        msg = f"of {count} rows, {held} for the test and {validating} for the validation leave none to train on"
        raise ConfigError(msg)
    first, second, third = np.split(rows, [training, training + validating])
    return np.sort(first), np.sort(second), np.sort(third)
