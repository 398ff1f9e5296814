"""What is asked of a dataset. Shapes: n rows in a batch, d features, k outputs."""

import hashlib
from collections.abc import Iterator
from typing import Any

from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require

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
    data = _made(subject)
    for words, part in {"the training": data.train(1, 0), "the test": data.test()}.items():
        cardinality = int(part.cardinality()) if hasattr(part, "cardinality") else 0
        require(cardinality != -1, f"{words} has no end: it repeats itself for ever")
        shapes, count = set(), 0
        for x, y in _of_one_shape(part, words):
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
    fix="give a regression float y of shape (n, k), a classification integer y of shape (n,) from 0 to k - 1",
    needs=("made", "dataset-batches"),
)
def targets(subject: Subject) -> None:
    """y fits the task and the number of outputs."""
    import numpy as np  # noqa: PLC0415

    data = _made(subject)
    for words, part in {"train": data.train(1, 0), "test": data.test()}.items():
        for x, y in _arrays(part):
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
                require(y.dtype.kind == "f", f"y of {words} has the dtype {y.dtype}; a regression's is a float")
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
    data = _made(subject)
    x, y = next(_arrays(data.train(1, 0)))
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

    data = _made(subject)
    for words, part in {"train": data.train(1, 0), "test": data.test(), "validation": data.validation()}.items():
        for number, batch in enumerate(_arrays(part) if part is not None else (), start=1):
            for letter, array in zip("xy", batch, strict=True):
                bad = array.dtype.kind in "fc" and not np.isfinite(array).all()
                require(not bad, f"{letter} of {words} has nan or infinity in batch {number}")


@contract(
    "dataset-reiterable",
    "dataset",
    why="there is more than one epoch, and the test is read after each training and for each evaluation",
    fix="make the tf.data.Dataset from arrays or from a generator *function*, and change no array while reading it",
    needs=("made", "dataset-batches"),
)
def reiterable(subject: Subject) -> None:
    """Epoch 2 has as many batches as epoch 1, and the test is the same again."""
    data = _made(subject)
    tests = [_digests(data.test()) for _time in range(2)]
    require(len(tests[0]) == len(tests[1]), f"the test has {len(tests[0])} batches at first, then {len(tests[1])}")
    first, second = (_digests(data.train(epoch, 0)) for epoch in (1, 2))
    require(len(first) == len(second), f"epoch 1 has {len(first)} batches, epoch 2 has {len(second)}")
    tests.append(_digests(data.test()))
    require(tests[0] == tests[1] == tests[2], "the test is not the same the second time: its rows change or are drawn anew")


@contract(
    "same-seed",
    "dataset",
    why="the same seed must give the same run; a resumed run compares the fingerprints of the data",
    fix="draw from a generator seeded with the parameter `seed`; make `fingerprint` a digest of the data",
    needs=("made", "dataset-batches"),
)
def same_seed(subject: Subject) -> None:
    """Made again with the same seed: the same data in the same order, the same fingerprint."""
    one, other = _made(subject), _made(subject)
    _declared(one)
    require(_digests(one.test()) == _digests(other.test()), "the test differs when it is made again with the same seed")
    require(
        _digests(one.train(1, 0)) == _digests(other.train(1, 0)), "epoch 1 differs when it is made again with the same seed"
    )
    require(one.fingerprint == other.fingerprint, f"the fingerprint is {one.fingerprint!r}, then {other.fingerprint!r}")


@contract(
    "dataset-position",
    "dataset",
    why="a killed run goes on at the batch where it was, in a new process",
    fix="make the order of an epoch a function of (seed, epoch), and leave out `start` batches, not rows; or set exact = False "
    "and say why in `note`",
    weight=2,
    needs=("made", "dataset-batches"),
)
def position(subject: Subject) -> None:
    """A fresh dataset gives, from any batch of any epoch on, what the first one gave."""
    whole = _made(subject)
    _declared(whole)
    for epoch in (1, 2):
        expected = _digests(whole.train(epoch, 0))
        for start in sorted({0, 1, len(expected) // 2, len(expected) - 1}):
            fresh = _made(subject)
            got = _digests(fresh.train(epoch, start))
            where = f"from batch {start} of epoch {epoch} on"
            require(not start or got != expected, f"{where}, `start` is ignored: the epoch begins at its first batch")
            told = f"{where} there are {len(got)} batches, expected {len(expected) - start}; does `start` count rows?"
            require(len(got) == len(expected) - start, told)
            require(got == expected[start:], f"{where}, a fresh dataset gives other batches than the first one did")


@contract(
    "dataset-disjoint",
    "dataset",
    why="rows that were trained on tell nothing about new ones: the test looks better than it is",
    fix="split once, by a permutation from the seed, and give each row to one side (eagerloop.split_rows)",
    needs=("made", "dataset-batches"),
)
def disjoint(subject: Subject) -> None:
    """Training and test share no keys, or, where rows are told apart by their values, hardly any rows."""
    data = _made(subject)
    keys = getattr(data, "keys", None)
    if isinstance(keys, dict):
        shared = set(keys.get("train", ())) & set(keys.get("test", ()))
        require(not shared, f"{len(shared)} keys are in both training and test, such as {next(iter(shared), None)!r}")
        return
    train, test = (_rows(part) for part in (data.train(1, 0), data.test()))
    if len(set(train)) < 0.9 * len(train) or len(train) < 2:  # noqa: PLR2004
        msg = "rows repeat within the training, and there are no `keys`, so rows cannot be told apart"
        raise NotApplicable(msg)
    shared_rows = len([row for row in test if row in set(train)]) if len(test) < 50 else len(set(test) & set(train))  # noqa: PLR2004
    require(shared_rows <= LEAK * len(test), f"{shared_rows} of the {len(test)} test rows are training rows, too")


def _made(subject: Subject) -> Any:
    from eagerloop.pipelines import as_dataset  # noqa: PLC0415

    return as_dataset(subject.make(), subject.where)


def _of_one_shape(batches: Any, words: str) -> Iterator[tuple[Any, Any]]:
    """The batches; what the engine says of a batch of another shape, in plain words."""
    import tensorflow as tf  # noqa: PLC0415

    try:
        yield from _arrays(batches)
    except tf.errors.InvalidArgumentError as error:
        if "expected shape" not in str(error):
            raise
        msg = f"{words} has rows of different shapes: {str(error).partition('Shape of tensor')[2].splitlines()[0][:120]}"
        raise Fault(msg) from error


def _declared(data: Any) -> None:
    """Stops where a dataset says itself that it is not exact, with the reason."""
    if not data.exact:
        require(data.note, "`exact` is False, and `note` does not say why")
        msg = f"it says so itself: {data.note}"
        raise NotApplicable(msg)


def _arrays(batches: Any) -> Iterator[tuple[Any, Any]]:
    import numpy as np  # noqa: PLC0415

    return ((np.asarray(x), np.asarray(y)) for x, y in batches)


def _digest(*arrays: Any) -> bytes:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(repr(array.tolist()).encode() if array.dtype.kind == "O" else array.tobytes())
    return digest.digest()


def _digests(batches: Any) -> list[bytes]:
    return [_digest(x, y) for x, y in _arrays(batches)]


def _rows(batches: Any) -> list[bytes]:
    return [_digest(x, y) for batch_x, batch_y in _arrays(batches) for x, y in zip(batch_x, batch_y, strict=True)]
