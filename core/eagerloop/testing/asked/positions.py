"""What is asked of a dataset when it is read again: in another epoch, from another position, in another process."""

from eagerloop.testing.checks import Subject, contract, require
from eagerloop.testing.trying.batches import digests_of, made_dataset, stop_if_inexact


@contract(
    "dataset-reiterable",
    "dataset",
    why="there is more than one epoch, and the test is read after each training and for each evaluation",
    fix="make the tf.data.Dataset from arrays or from a generator *function*, and change no array while reading it (see EL17)",
    needs=("made", "dataset-batches"),
)
def reiterable(subject: Subject) -> None:
    """Epoch 2 has as many batches as epoch 1, and the test is the same again."""
    data = made_dataset(subject)
    tests = [digests_of(data.test()) for _time in range(2)]
    require(len(tests[0]) == len(tests[1]), f"the test has {len(tests[0])} batches at first, then {len(tests[1])}")
    first, second = (digests_of(data.train(epoch, 0)) for epoch in (1, 2))
    require(len(first) == len(second), f"epoch 1 has {len(first)} batches, epoch 2 has {len(second)}")
    tests.append(digests_of(data.test()))
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
    one, other = made_dataset(subject), made_dataset(subject)
    stop_if_inexact(one)
    require(digests_of(one.test()) == digests_of(other.test()), "the test differs when it is made again with the same seed")
    require(
        digests_of(one.train(1, 0)) == digests_of(other.train(1, 0)), "epoch 1 differs when it is made again with the same seed"
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
    whole = made_dataset(subject)
    stop_if_inexact(whole)
    for epoch in (1, 2):
        expected = digests_of(whole.train(epoch, 0))
        for start in sorted({0, 1, len(expected) // 2, len(expected) - 1}):
            fresh = made_dataset(subject)
            got = digests_of(fresh.train(epoch, start))
            where = f"from batch {start} of epoch {epoch} on"
            require(not start or got != expected, f"{where}, `start` is ignored: the epoch begins at its first batch")
            told = f"{where} there are {len(got)} batches, expected {len(expected) - start}; does `start` count rows?"
            require(len(got) == len(expected) - start, told)
            require(got == expected[start:], f"{where}, a fresh dataset gives other batches than the first one did")
