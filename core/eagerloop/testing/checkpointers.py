"""What is asked of a checkpointer. Most of it goes through the engine's own store, as in a run."""

import contextlib
import pickletools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require, told
from eagerloop.testing.failing_disk import largest, limited, watched

DTYPES = (
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
)  # fmt: skip
SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (3,), (2, 3), (1, 2, 2), (0, 3))

MOST_FAILURES = 12
"""At how many writes the disk fails, one after another."""

State = dict[str, Any]


@contract(
    "checkpointer-round-trip",
    "checkpointer",
    why="a run that is continued must go on bit for bit",
    fix="write the bytes of variable.numpy() with shape and dtype, and give them back with variable.assign",
    weight=2,
)
def round_trip(subject: Subject) -> None:
    """Every dtype and shape comes back as it was, through another checkpointer."""
    _require_kept(subject)
    with _directory() as directory:
        written, read = _every_kind(), _blank(_every_kind())
        try:
            subject.make().write(directory, written)
            subject.make().read(directory, read)
        except Exception as error:
            _blame(subject, written, error)
            raise
        _compare(written, read, _blank(written))


def _blame(subject: Subject, written: State, error: Exception) -> None:
    """Finds the variable that cannot be saved even alone."""
    for name, variable in written.items():
        with _directory() as directory:
            try:
                subject.make().write(directory, {name: variable})
                subject.make().read(directory, _blank({name: variable}))
            except Exception as alone:
                msg = f"a variable of {variable.dtype.name} and shape {tuple(variable.shape)} is not saved and read: {told(alone)}"
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

    _require_kept(subject)
    told_apart = (
        "model/0000/a/kernel",
        "model/0001/a_kernel",
        "model/0002/A/kernel",
        "model_0000/a/kernel",
        "metric/a b/é.1/kernel",
    )
    with _directory() as directory:
        written = {name: tf.Variable(float(number), name="v") for number, name in enumerate(told_apart, start=1)}
        subject.make().write(directory, written)
        read = _blank(written)
        subject.make().read(directory, read)
        _compare(written, read)


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
    _require_kept(subject)
    with _directory() as directory:
        store, written = _store(directory), _small(1.0)
        checkpointer = subject.make()
        with watched() as opened:
            store.write(1, lambda place: checkpointer.write(place, written), {})
        outside = [path for path in opened if not Path(path).resolve().is_relative_to(directory.resolve())]
        require(not outside, f"it writes outside the directory that it is given: {', '.join(outside[:2])}")
        checkpoint = store.newest()
        require(checkpoint and checkpoint.manifest["files"], "it wrote no file into the directory that it was given")
        _compare(written, _read(subject, store))


@contract(
    "checkpointer-whole",
    "checkpointer",
    why="each checkpoint must be readable by itself: the ones before it are removed",
    fix="write every variable each time, whatever has changed",
    needs=("made", "checkpointer-round-trip"),
)
def whole(subject: Subject) -> None:
    """A second checkpoint by the same checkpointer holds everything, and has the newer values."""
    _require_kept(subject)
    with _directory() as directory:
        written, checkpointer, store = _small(1.0), subject.make(), _store(directory)
        store.write(1, lambda place: checkpointer.write(place, written), {})
        next(iter(written.values())).assign([7.0, 8.0])
        store.write(2, lambda place: checkpointer.write(place, written), {})
        store.prune(1)
        _compare(written, _read(subject, store))


@contract(
    "checkpointer-only-reads",
    "checkpointer",
    why="a save in the middle of a run must leave the run as it is",
    fix="do not assign to the variables in write",
)
def only_reads(subject: Subject) -> None:
    """Writing changes no variable."""
    _require_kept(subject)
    with _directory() as directory:
        written, like = _every_kind(), _every_kind()
        subject.make().write(directory, written)
        require(list(written) == list(like), "write changes the mapping that it is given")
        try:
            _compare(like, written)
        except Fault as fault:
            msg = f"write changes the variables that it is to save: {fault}"
            raise Fault(msg) from fault


@contract(
    "checkpointer-survives",
    "checkpointer",
    why="disks fill up and processes are killed: the checkpoint before must stay, and no broken one may look whole",
    fix="let OSErrors out of write: the store removes what is half-written",
    weight=2,
    needs=("made", "checkpointer-round-trip"),
)
def survives(subject: Subject) -> None:
    """Where any write fails, the checkpoint before is the newest one, and whole."""
    _require_kept(subject)
    with _directory() as directory, watched() as opened:
        _store(directory).write(1, lambda place: subject.make().write(place, _small(1.0)), {})
        count, size = len(opened), largest(directory)
    failures: list[tuple[str, Any]] = [
        (f"file {number + 1} that it opens", watched(number)) for number in range(min(count, MOST_FAILURES))
    ]
    failures += [(f"a write beyond {limit} bytes", limited(limit)) for limit in (0, size // 2)]
    for words, failure in failures:
        with _directory() as directory:
            _fail(subject, directory, words, failure)


def _fail(subject: Subject, directory: Path, words: str, failure: Any) -> None:
    """Writes a good checkpoint, then one on a failing disk, and looks at what there is."""
    store, old, new = _store(directory), _small(1.0), _small(2.0)
    store.write(1, lambda place: subject.make().write(place, old), {})
    checkpointer = subject.make()
    complained = False
    try:
        with failure as can:
            store.write(2, lambda place: checkpointer.write(place, new), {})
    except Exception:  # noqa: BLE001 - any error will do: the run ends, nothing is lost
        complained = True
    if can is False:
        return
    try:
        _compare(old if complained else new, _read(subject, store))
    except Exception as error:
        silent = "the checkpoint before is lost" if complained else "it says nothing, and the checkpoint cannot be read"
        msg = f"where {words} fails, {silent}"
        raise Fault(msg) from error


@contract(
    "checkpointer-refuses-damage",
    "checkpointer",
    why="a run that goes on from a half-read checkpoint is worse than one that stops",
    fix="raise where a file is missing or shorter than it should be; do not catch it and go on",
    needs=("made", "checkpointer-round-trip"),
)
def refuses_damage(subject: Subject) -> None:
    """A file that is missing or cut short raises an error, instead of leaving or inventing values."""
    _require_kept(subject)
    with _directory() as directory:
        written = _small(3.0)
        subject.make().write(directory, written)
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            content = path.read_bytes()
            for words, damage in (("is missing", None), ("is cut to half its length", content[: len(content) // 2])):
                path.unlink()
                if damage is not None:
                    path.write_bytes(damage)
                _refused(subject, directory, written, f"{path.relative_to(directory)} {words}")
                path.write_bytes(content)


def _refused(subject: Subject, directory: Path, written: State, words: str) -> None:
    read = _blank(written)
    try:
        subject.make().read(directory, read)
    except Exception:  # noqa: BLE001 - how it refuses is its own affair
        return
    with contextlib.suppress(Fault):
        _compare(written, read)  # a file that is not needed may be missing
        return
    msg = f"where {words}, read says nothing and the variables are wrong"
    raise Fault(msg)


@contract(
    "checkpointer-no-code",
    "checkpointer",
    why="reading a pickle runs whatever code it holds: nobody could open a stranger's run",
    fix="use a format of plain numbers: tf.train.Checkpoint, .npz with allow_pickle=False, JSON, safetensors",
    weight=2,
)
def no_code(subject: Subject) -> None:
    """No file is a pickle."""
    _require_kept(subject)
    with _directory() as directory:
        subject.make().write(directory, _small(1.0))
        for path in (path for path in directory.rglob("*") if path.is_file()):
            require(not _is_pickle(path.read_bytes()), f"{path.relative_to(directory)} is a pickle")


def _is_pickle(content: bytes) -> bool:
    begin = content.find(b"\x80", 0, 4096)
    while begin != -1:
        with contextlib.suppress(Exception):
            if content[begin + 1] in range(2, 6) and len([*pickletools.genops(content[begin:])]) > 3:  # noqa: PLR2004
                return True
        begin = content.find(b"\x80", begin + 1, 4096)
    return False


def _require_kept(subject: Subject) -> None:
    if getattr(subject.make(), "keeps_nothing", False):
        msg = "it says that it keeps nothing"
        raise NotApplicable(msg)


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="eagerloop-check-") as directory:
        yield Path(directory)


def _store(directory: Path) -> Any:
    from eagerloop.store import Store  # noqa: PLC0415

    return Store(directory / "checkpoints")


def _read(subject: Subject, store: Any) -> State:
    checkpoint = store.newest()
    if checkpoint is None:
        msg = "there is no checkpoint"
        raise Fault(msg)
    read = _blank(_small(0.0))
    try:
        subject.make().read(checkpoint.directory, read)
    except Exception as error:
        msg = f"what write wrote cannot be read after the directory was renamed: {told(error)}"
        raise Fault(msg) from error
    return read


def _small(value: float) -> State:
    import tensorflow as tf  # noqa: PLC0415

    return {
        "model/0000/dense/kernel": tf.Variable([value, value + 0.1]),
        "model/0001/dense/bias": tf.Variable(value / 3),
        "optimizer/0000/iteration": tf.Variable(int(value), dtype=tf.int64),
    }


def _every_kind() -> State:
    """A variable of every dtype and shape, with the numbers that are lost first: the smallest, the largest, -0.0, 1/3."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    state = {}
    for dtype in map(tf.as_dtype, DTYPES):
        whole = not dtype.is_floating
        limits = (False, True) if dtype == tf.bool else (dtype.min, dtype.max)
        odd = (
            [limits[1], limits[0], 1, 0]
            if whole
            else [1 / 3, limits[1], -0.0, 1e-7, limits[0], 1e-40 if dtype.size > 2 else 6e-8]
        )  # noqa: PLR2004
        for shape in SHAPES:
            size = int(np.prod(shape))
            values = np.array([odd[place % len(odd)] for place in range(size)], dtype.as_numpy_dtype).reshape(shape)
            owner = ("model", "optimizer", "metric")[len(state) % 3]
            name = f"{owner}/{len(state):04d}/{dtype.name}/{'x'.join(map(str, shape)) or 'scalar'}"
            state[name] = tf.Variable(values, dtype=dtype)
    return state


def _blank(state: State) -> State:
    """Variables of the same names, shapes and dtypes, with other values."""
    import tensorflow as tf  # noqa: PLC0415

    return {
        name: tf.Variable(tf.ones_like(variable) if variable.dtype != tf.bool else ~variable)
        for name, variable in state.items()
    }


def _compare(expected: State, got: State, untouched: State | None = None) -> None:
    for name, variable in expected.items():
        one, other = variable.numpy(), got[name].numpy()
        shape = f"{variable.dtype.name} of shape {tuple(variable.shape)}"
        require(
            one.shape == other.shape and one.dtype == other.dtype, f"'{name}', {shape}, comes back with shape {other.shape}"
        )
        left = untouched is not None and one.tobytes() != other.tobytes() == untouched[name].numpy().tobytes()
        require(not left, f"'{name}', {shape}, is as it was before: read assigns nothing to it")
        require(one.tobytes() == other.tobytes(), f"'{name}', {shape}, was {_few(one)} and comes back as {_few(other)}")


def _few(array: Any) -> str:
    return str(array.reshape(-1)[:3].tolist())
