"""What is asked of a checkpointer. Most of it goes through the engine's own store, as in a run."""

from pathlib import Path

from eagerloop.testing.checks import Fault, Subject, contract, require, told
from eagerloop.testing.trying.failing_disk import watched
from eagerloop.testing.trying.saved_states import (
    State,
    blank,
    compare,
    every_kind,
    read_back,
    require_kept,
    small,
    store_in,
    temporary_directory,
)


@contract(
    "checkpointer-round-trip",
    "checkpointer",
    why="a run that is continued must go on bit for bit",
    fix="write the bytes of variable.numpy() with shape and dtype, and give them back with variable.assign",
    weight=2,
)
def round_trip(subject: Subject) -> None:
    """Every dtype and shape comes back as it was, through another checkpointer."""
    require_kept(subject)
    with temporary_directory() as directory:
        written, read = every_kind(), blank(every_kind())
        try:
            subject.make().write(directory, written)
            subject.make().read(directory, read)
        except Exception as error:
            _blame(subject, written, error)
            raise
        compare(written, read, blank(written))


def _blame(subject: Subject, written: State, error: Exception) -> None:
    """Finds the variable that cannot be saved even alone."""
    for name, variable in written.items():
        with temporary_directory() as directory:
            try:
                subject.make().write(directory, {name: variable})
                subject.make().read(directory, blank({name: variable}))
            except Exception as alone:  # noqa: BLE001 - anybody's code
                shape = f"{variable.dtype.name} and shape {tuple(variable.shape)}"
                msg = f"a variable of {shape} is not saved and read: {told(alone)}"
                raise Fault(msg) from error


@contract(
    "checkpointer-names",
    "checkpointer",
    why="layers may have nearly the same names, and each variable has values of its own",
    fix="use the whole name; where a name becomes a file's, number the files or escape what is not allowed",
    needs=("made", "checkpointer-round-trip"),
)
def names(subject: Subject) -> None:
    """Names that differ in a slash, an underscore or a letter's case are told apart."""
    import tensorflow as tf  # noqa: PLC0415

    require_kept(subject)
    told_apart = (
        "model/0000/a/kernel",
        "model/0001/a_kernel",
        "model/0002/A/kernel",
        "model_0000/a/kernel",
        "metric/a b/é.1/kernel",
    )
    with temporary_directory() as directory:
        written = {name: tf.Variable(float(number), name="v") for number, name in enumerate(told_apart, start=1)}
        subject.make().write(directory, written)
        read = blank(written)
        subject.make().read(directory, read)
        compare(written, read)


@contract(
    "checkpointer-moved",
    "checkpointer",
    why="the directory that is written to is renamed when it is complete; a run may be copied to another machine",
    fix="write below the directory that is given, with names relative to it, and remember no path",
    weight=2,
    needs=("made", "checkpointer-round-trip"),
)
def moved(subject: Subject) -> None:
    """What the store has renamed can be read, and nothing was written elsewhere."""
    require_kept(subject)
    with temporary_directory() as directory:
        store, written = store_in(directory), small(1.0)
        checkpointer = subject.make()
        with watched() as opened:
            store.write(1, lambda place: checkpointer.write(place, written), {})
        outside = [path for path in opened if not Path(path).resolve().is_relative_to(directory.resolve())]
        require(not outside, f"it writes outside the directory that it is given: {', '.join(outside[:2])}")
        checkpoint = store.newest()
        require(checkpoint and checkpoint.manifest["files"], "it wrote no file into the directory that it was given")
        compare(written, read_back(subject, store))


@contract(
    "checkpointer-whole",
    "checkpointer",
    why="each checkpoint must be readable by itself: the ones before it are removed",
    fix="write every variable each time, whatever has changed",
    needs=("made", "checkpointer-round-trip"),
)
def whole(subject: Subject) -> None:
    """A second checkpoint by the same checkpointer holds everything, and has the newer values."""
    require_kept(subject)
    with temporary_directory() as directory:
        written, checkpointer, store = small(1.0), subject.make(), store_in(directory)
        store.write(1, lambda place: checkpointer.write(place, written), {})
        next(iter(written.values())).assign([7.0, 8.0])
        store.write(2, lambda place: checkpointer.write(place, written), {})
        store.prune(1)
        compare(written, read_back(subject, store))


@contract(
    "checkpointer-only-reads",
    "checkpointer",
    why="a save in the middle of a run must leave the run as it is",
    fix="do not assign to the variables in write",
)
def only_reads(subject: Subject) -> None:
    """Writing changes no variable."""
    require_kept(subject)
    with temporary_directory() as directory:
        written, like = small(1 / 3), small(1 / 3)
        subject.make().write(directory, written)
        require(list(written) == list(like), "write changes the mapping that it is given")
        try:
            compare(like, written)
        except Fault as fault:
            msg = f"write changes the variables that it is to save: {fault}"
            raise Fault(msg) from fault
