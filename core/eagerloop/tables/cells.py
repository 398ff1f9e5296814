"""What a single cell says."""

import numpy as np


def number(cell: str) -> float:
    """A cell as a number, NaN if it is none. Python would take `1_000` too, which no other program writes."""
    try:
        return np.nan if "_" in cell else float(cell)
    except ValueError:
        return np.nan


def is_number(cell: str) -> bool:
    """Whether a cell is written as a number, be it infinite or NaN."""
    return not np.isnan(number(cell)) or cell.strip().lower() == "nan"
