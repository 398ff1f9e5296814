"""What is asked of a dataset. Shapes: n rows in a batch, d features, k outputs."""

from eagerloop.testing.checks import NotApplicable, Subject, contract, require
from eagerloop.testing.trying.batches import arrays_of, arrays_of_one_shape, made_dataset, rows_of

MOST_BATCHES = 20_000


"""After so many batches an epoch is taken to have no end."""


LEAK = 0.2


"""Which part of the test rows may also be training rows: flowers can have the same measures."""


@contract(
    "dataset-batches",
    "dataset",
    why="the loop takes batches (x, y), a whole epoch of them",
    fix="return (train, test), two tf.data.Datasets of (x, y) with .batch(...) and without .repeat(), or a Dataset",
    weight=2,
)
def batches_of_pairs(subject: Subject) -> None:
    """Training and test give batches of (x, y) with as many x as y, rows of one shape, and an end."""
    data = made_dataset(subject)
    for words, part in {"the training": data.train(1, 0), "the test": data.test()}.items():
        cardinality = int(part.cardinality()) if hasattr(part, "cardinality") else 0
        require(cardinality != -1, f"{words} has no end: it repeats itself for ever")
        shapes, count = set(), 0
        for x, y in arrays_of_one_shape(part, words):
            count += 1
            require(count <= MOST_BATCHES, f"{words} had no end after {MOST_BATCHES} batches")
            require(x.ndim and y.ndim and len(x) == len(y), f"{words} has a batch with x of shape {x.shape} and y {y.shape}")
            shapes.add((x.shape[1:], y.shape[1:]))
        require(count, f"{words} has no batch")
        require(len(shapes) == 1, f"{words} has rows of different shapes: {sorted(shapes)[:2]}")


@contract(
    "dataset-targets",
    "dataset",
    why="a y of shape (n,) stretches against predictions (n, 1) to (n, n); a class number beyond the outputs gives nan",
    fix="give a regression float y of shape (n, k), a classification integer y of shape (n,) from 0 to k - 1 (see EL01)",
    needs=("made", "dataset-batches"),
)
def targets(subject: Subject) -> None:
    """Y fits the task and the number of outputs."""
    import numpy as np  # noqa: PLC0415

    from eagerloop.data.pairs import is_one_hot  # noqa: PLC0415

    data = made_dataset(subject)
    for words, part in {"train": data.train(1, 0), "test": data.test()}.items():
        for x, y in arrays_of(part):
            require(x.dtype.kind in "biufOSU", f"x of {words} has the dtype {x.dtype}")
            require(y.dtype.kind in "biuf", f"y of {words} has the dtype {y.dtype}, not numbers")
            if data.task == "classification":
                require(
                    y.dtype.kind in "biu" or (y == np.floor(y)).all(),
                    f"y of {words} has fractional class numbers: {y.ravel()[:3]}",
                )
                one_hot = y.ndim > 1 and y.shape[-1] == data.outputs
                low, high = int(y.min()), int(y.max())
                inside = one_hot or (low >= 0 and high < max(2, data.outputs))
                require(
                    inside,
                    f"y of {words} has class numbers from {low} to {high}, and there are {data.outputs} outputs: count from 0",
                )
            else:
                require(
                    y.dtype.kind == "f" or is_one_hot(y), f"y of {words} has the dtype {y.dtype}; a regression's is a float"
                )
                require(
                    y.ndim > 1, f"y of {words} has the shape {y.shape}; a regression's has a column for each target: (n, 1)"
                )


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
    x, y = next(arrays_of(data.train(1, 0)))
    width = int(x[0].size)
    require(len(data.features) == width, f"x has {width} columns, and `features` names {len(data.features)}")
    require(data.task in ("regression", "classification"), f"`task` is {data.task!r}, neither regression nor classification")
    if data.task == "regression":
        columns = int(y[0].size)
        require(len(data.targets) == columns, f"y has {columns} columns, and `targets` names {len(data.targets)}")
        require(data.outputs == columns, f"y has {columns} columns, and `outputs` is {data.outputs}")
    else:
        require(
            not data.classes or len(data.classes) == data.outputs, f"{len(data.classes)} classes, and {data.outputs} outputs"
        )


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
        for number, batch in enumerate(arrays_of(part) if part is not None else (), start=1):
            for letter, array in zip("xy", batch, strict=True):
                bad = array.dtype.kind in "fc" and not np.isfinite(array).all()
                require(not bad, f"{letter} of {words} has nan or infinity in batch {number}")


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
