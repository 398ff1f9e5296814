"""What a user may ask of the reading of a CSV file, but for the file itself and how its rows are dealt out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Wishes:
    """What was asked for.

    Attributes:
        features: The columns to predict from; all others that tell something, if None.
        exclude: Columns that are not to be looked at.
        task: What the target is; `auto`: the column decides.
        standardize: Whether numeric features are to be standardized.
        missing: What is done with rows in which a feature has no value.
        missing_values: What a cell without a value may say; the usual texts, if None.
        max_categories: How many texts of a column become categories of their own.
        decimal: What stands before the decimals of numbers that are written with a comma.
        dates: What comes first in a date such as 03/04/2020; `text`: dates are texts like others.
        weight: The column of the rows' weights, which is no feature.
        text: Columns of free text, which are read as counts of words.
        max_words: How many words of a column, the most frequent of the training rows, are counted.
    """

    features: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    task: Literal["auto", "regression", "classification"] = "auto"
    standardize: bool = True
    missing: Literal["impute", "drop", "refuse"] = "impute"
    missing_values: Sequence[str] | None = None
    max_categories: int = 100
    decimal: Literal["auto", ".", ","] = "auto"
    dates: Literal["auto", "day-first", "month-first", "text"] = "auto"
    weight: str | None = None
    text: Sequence[str] = ()
    max_words: int = 1000
