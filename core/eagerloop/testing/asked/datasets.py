"""What is asked of a dataset. Shapes: n rows in a batch, d features, k outputs."""

from collections.abc import Mapping
from typing import Any

from eagerloop.testing.checks import NotApplicable, Subject, contract, require
from eagerloop.testing.trying.batches import (
    leaves_of,
    leaves_of_one_shape,
    letter_of,
    made_dataset,
    rows_of,
    values_of,
)

MOST_BATCHES = 20_000


"""After so many batches an epoch is taken to have no end."""


LEAK = 0.2


"""Which part of the test rows may also be training rows: flowers can have the same measures."""


@contract(
    "dataset-batches",
    "dataset",
    why="the loop takes batches (x, y) or (x, y, sample_weight), a whole epoch of them",
    fix="return (train, test), two tf.data.Datasets of (x, y) with .batch(...) and without .repeat(), or a Dataset",
    weight=2,
)
def batches_of_pairs(subject: Subject) -> None:
    """Training and test give batches of as many rows everywhere, rows of one shape, and an end."""
    data = made_dataset(subject)
    for words, part in {"the training": data.train(1, 0), "the test": data.test()}.items():
        cardinality = int(part.cardinality()) if hasattr(part, "cardinality") else 0
        require(cardinality != -1, f"{words} has no end: it repeats itself for ever")
        shapes, count = set(), 0
        for leaves in leaves_of_one_shape(part, words):
            count += 1
            require(count <= MOST_BATCHES, f"{words} had no end after {MOST_BATCHES} batches")
            found = ", ".join(f"{name} {array.shape}" for name, array in leaves.items())
            rows = {len(array) if array.ndim else -1 for array in leaves.values()}
            require(len(rows) == 1 and -1 not in rows, f"{words} has a batch whose parts differ in rows: {found}")
            shapes.add(tuple(_lasting(array) for name, array in leaves.items()))
        require(count, f"{words} has no batch")
        require(len(shapes) == 1, f"{words} has rows of different shapes: {sorted(shapes)[:2]}")


def _lasting(array: Any) -> tuple[int, ...]:
    """What of a row's shape is the same in every batch: sequences may be padded to another length in each.

    The last axis of floats are features, for which layers have weights; that of whole numbers or texts may be a sequence.
    """
    return (array.ndim, array.shape[-1]) if array.dtype.kind == "f" and array.ndim > 1 else (array.ndim,)


@contract(
    "dataset-weights",
    "dataset",
    why="a row's weight multiplies its loss: one that is negative unlearns, one that is nan ends the run",
    fix="give a third element of shape (n,), a number of 0 or more for each row",
    needs=("made", "dataset-batches"),
)
def weights(subject: Subject) -> None:
    """Where batches have weights of rows: one number a row, finite, at least 0, and not all 0."""
    import numpy as np  # noqa: PLC0415

    data = made_dataset(subject)
    for words, part in {"train": data.train(1, 0), "test": data.test()}.items():
        found = [(name, array) for leaves in leaves_of(part) for name, array in _of("sample_weight", leaves).items()]
        if not found and words == "train":
            msg = "its batches have no weights of rows"
            raise NotApplicable(msg)
        for name, array in found:
            require(array.ndim == 1, f"{name} of {words} has the shape {array.shape}, not (n,)")
            require(array.dtype.kind in "biuf", f"{name} of {words} has the dtype {array.dtype}, not numbers")
            fine = bool(np.isfinite(array).all()) and float(array.min()) >= 0
            require(fine, f"{name} of {words} has {array[~(array >= 0)][:1]}, which is no weight")
        require(not found or any(array.any() for _name, array in found), f"all weights of {words} are 0: nothing counts")


def _of(letter: str, leaves: Mapping[str, Any]) -> dict[str, Any]:
    return {name: array for name, array in leaves.items() if letter_of(name) == letter}


@contract(
    "dataset-targets",
    "dataset",
    why="a y of shape (n,) stretches against predictions (n, 1) to (n, n); a class number beyond the outputs gives nan",
    fix="give a regression float y of shape (n, k), a classification integer y of shape (n,) from 0 to k - 1 (see EL01)",
    needs=("made", "dataset-batches"),
)
def targets(subject: Subject) -> None:
    """Y fits the task and the number of outputs; of several outputs, each holds numbers."""
    from eagerloop.data.tasks import is_one_hot  # noqa: PLC0415

    data = made_dataset(subject)
    for words, part in {"train": data.train(1, 0), "test": data.test()}.items():
        for leaves in leaves_of(part):
            for name, x in _of("x", leaves).items():
                require(x.dtype.kind in "biufOSU", f"{name} of {words} has the dtype {x.dtype}")
            for name, y in _of("y", leaves).items():
                known = values_of(y)
                require(known.dtype.kind in "biuf", f"{name} of {words} has the dtype {known.dtype}, not numbers")
                if name == "y" and y.dtype.kind != "O" and data.task != "other":
                    _fit(y, data, words, is_one_hot(y))


def _fit(y: Any, data: Any, words: str, one_hot: bool) -> None:  # noqa: FBT001 - found where it is known
    """One tensor of targets fits the task."""
    import numpy as np  # noqa: PLC0415

    if data.task == "classification":
        whole = y.dtype.kind in "biu" or (y == np.floor(y)).all()
        require(whole, f"y of {words} has fractional class numbers: {y.ravel()[:3]}")
        low, high = int(y.min()), int(y.max())
        inside = (y.ndim > 1 and y.shape[-1] == data.outputs) or (low >= 0 and high < max(2, data.outputs))
        told = f"y of {words} has class numbers from {low} to {high}, and there are {data.outputs} outputs: count from 0"
        require(inside, told)
        return
    require(y.dtype.kind == "f" or one_hot, f"y of {words} has the dtype {y.dtype}; a regression's is a float")
    require(y.ndim > 1, f"y of {words} has the shape {y.shape}; a regression's has a column for each target: (n, 1)")


@contract(
    "dataset-described",
    "dataset",
    why="models are sized by `outputs`; tables of predictions have the features' and targets' names",
    fix="name each column of x in `features` and of y in `targets`, each class in `classes`; set task and outputs to match",
    needs=("made", "dataset-batches"),
)
def described(subject: Subject) -> None:
    """Features, targets, classes and outputs agree with the arrays."""
    data = made_dataset(subject)
    leaves = next(leaves_of(data.train(1, 0)))
    xs, ys = _of("x", leaves), _of("y", leaves)
    known = ("regression", "classification", "other")
    require(data.task in known, f"`task` is {data.task!r}, which is none of {', '.join(known)}")
    if data.task == "other":
        require(list(ys) != ["y"] or ys["y"].dtype.kind == "O", "`task` is 'other', and y is one tensor of numbers")
        return
    require(list(ys) == ["y"], f"`task` is {data.task!r}, and y is {', '.join(ys) or 'empty'}: such data are 'other'")
    if all(x.dtype.kind != "O" or isinstance(x.ravel()[0], (str, bytes)) for x in xs.values()):
        width = sum(int(x[0].size) for x in xs.values())
        # A picture has too many pixels for names, and padded rows have no fixed number of columns.
        by_leaf = len(xs) > 1 or _is_padded(data.train(1, 0)) or any(x.ndim > 2 for x in xs.values())  # noqa: PLR2004
        counts = (width, len(xs)) if by_leaf else (width,)
        require(len(data.features) in counts, f"x has {width} columns, and `features` names {len(data.features)}")
    if data.task == "regression":
        columns = int(ys["y"][0].size)
        require(len(data.targets) == columns, f"y has {columns} columns, and `targets` names {len(data.targets)}")
        require(data.outputs == columns, f"y has {columns} columns, and `outputs` is {data.outputs}")
    else:
        told = f"{len(data.classes)} classes, and {data.outputs} outputs"
        require(not data.classes or len(data.classes) == data.outputs, told)


def _is_padded(part: Any) -> bool:
    """Whether x is as long as its longest row, from batch to batch, by what a pipeline says of itself."""
    spec = getattr(part, "element_spec", ((),))[0]
    return hasattr(spec, "shape") and None in tuple(spec.shape)[1:]


@contract(
    "dataset-finite",
    "dataset",
    why="one nan in x or y makes the loss nan, and ends the training",
    fix="leave out or fill in missing values, and divide by no deviation of 0",
    needs=("made", "dataset-batches"),
)
def finite(subject: Subject) -> None:
    """No nan, no infinity."""
    import numpy as np  # noqa: PLC0415

    data = made_dataset(subject)
    for words, part in {"train": data.train(1, 0), "test": data.test(), "validation": data.validation()}.items():
        for number, leaves in enumerate(leaves_of(part) if part is not None else (), start=1):
            for name, array in leaves.items():
                numbers = values_of(array)
                bad = numbers.dtype.kind in "fc" and not np.isfinite(numbers).all()
                require(not bad, f"{name} of {words} has nan or infinity in batch {number}")


@contract(
    "dataset-disjoint",
    "dataset",
    why="rows that were trained on tell nothing about new ones: the test looks better than it is",
    fix="split once, by a permutation from the seed, and give each row to one side (eagerloop.split_rows)",
    needs=("made", "dataset-batches"),
)
def disjoint(subject: Subject) -> None:
    """Training and test share no keys, or, where rows are told apart by their values, hardly any rows."""
    data = made_dataset(subject)
    keys = getattr(data, "keys", None)
    if isinstance(keys, dict):
        shared = set(keys.get("train", ())) & set(keys.get("test", ()))
        require(not shared, f"{len(shared)} keys are in both training and test, such as {next(iter(shared), None)!r}")
        return
    train, test = (rows_of(part) for part in (data.train(1, 0), data.test()))
    if len(set(train)) < 0.9 * len(train) or len(train) < 2:  # noqa: PLR2004
        msg = "rows repeat within the training, and there are no `keys`, so rows cannot be told apart"
        raise NotApplicable(msg)
    shared_rows = len([row for row in test if row in set(train)]) if len(test) < 50 else len(set(test) & set(train))  # noqa: PLR2004
    require(shared_rows <= LEAK * len(test), f"{shared_rows} of the {len(test)} test rows are training rows, too")
