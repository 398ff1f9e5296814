"""Which columns are learnt from, and which tell nothing."""

import warnings
from collections.abc import Sequence

from eagerloop.errors import DataError
from eagerloop_plugins.csv_files.faults import MOST_NAMED, Faults
from eagerloop_plugins.csv_files.gathering import Gathering
from eagerloop_plugins.csv_files.rules import fault_of_all


def choose(gathered: Gathering, given: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """The columns to learn from; those that tell nothing are left out, and named, unless somebody has asked for them.

    Args:
        gathered: What is known of the columns.
        given: The features that were asked for.

    Returns:
        Their names; and why others are left out, by name.

    Raises:
        DataError: One that was asked for has no value, or nothing is left.
    """
    if given:
        _refuse_empty(gathered, given)
        return list(given), {}
    names = [name for name in gathered.blocks.names if name in gathered.columns and name != gathered.target]
    reasons = {name: gathered.tells_nothing(name) for name in names}
    path = gathered.blocks.path
    without = [name for name in names if reasons[name]]
    if without:
        told = ", ".join(f"'{name}' ({reasons[name]})" for name in without[:MOST_NAMED])
        more = f" and {len(without) - MOST_NAMED} more columns" if len(without) > MOST_NAMED else ""
        hint = (
            ""
            if all(gathered.columns[name].kind == "missing" for name in without)
            else "; --dataset.features takes what you name"
        )
        warnings.warn(f"{path}: left out, for they tell nothing: {told}{more}{hint}", UserWarning, stacklevel=5)
    chosen = [name for name in names if not reasons[name]]
    if not chosen:
        msg = f"{path} has no column to learn from besides the target '{gathered.target}'; check the delimiter"
        raise DataError(msg)
    return chosen, {name: reasons[name] for name in without}


def _refuse_empty(gathered: Gathering, given: Sequence[str]) -> None:
    faults = Faults(gathered.blocks.path)
    for name in given:
        with faults.of(name):
            if gathered.columns[name].kind == "missing":
                raise fault_of_all(gathered.blocks, name, "no cell of this column has a value; leave it out of the features")
    faults.tell()
