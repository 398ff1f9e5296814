"""The built-in checkpointers: what is written comes back, bit for bit, and damage is told from health."""

import errno
import resource

import numpy as np
import pytest
import tensorflow as tf

from eagerloop.errors import CheckpointError
from eagerloop_plugins.checkpointer.none import none
from eagerloop_plugins.checkpointer.npz import npz
from eagerloop_plugins.checkpointer.tf import tf as tensorflow_checkpointer

BOTH = pytest.mark.parametrize("make", [tensorflow_checkpointer, npz], ids=["tf", "npz"])
FILES = [
    pytest.param(tensorflow_checkpointer, "variables.data-00000-of-00001", id="tf"),
    pytest.param(npz, "variables.npz", id="npz"),
]
NUMBERS = [
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int8",
    "int32",
    "int64",
    "uint8",
    "uint32",
    "bool",
    "complex64",
    "complex128",
]


def values(dtype):
    """Two values of a dtype, one of them odd."""
    if dtype == "bool":
        return [True, False]
    return tf.cast(tf.constant([1.0, 3.140625]), dtype).numpy()


def example():
    """A state with every dtype, a scalar, an empty variable, strings, and a NaN whose bits are its own."""
    odd = np.array([0x7FC01234, 0x80000000], np.uint32).view(np.float32)  # NaN with a payload, minus zero
    state = {f"model/0000/{dtype}": tf.Variable(values(dtype), dtype=dtype) for dtype in NUMBERS}
    state["model/0001/odd"] = tf.Variable(odd)
    state["optimizer/iteration"] = tf.Variable(7, dtype=tf.int64)
    state["model/empty"] = tf.Variable(np.zeros((0, 3), "float32"))
    state["model/matrix"] = tf.Variable(np.arange(6, dtype="float32").reshape(2, 3))
    state["vocabulary"] = tf.Variable([["a", ""], ["\0b\0", "é"]])
    return state


def blank(state):
    """Variables of the same shapes and dtypes with other values."""
    return {name: tf.Variable(tf.zeros_like(variable)) for name, variable in state.items()}


def bits(state):
    """What the variables hold, comparable; strings as they are."""
    values = {name: variable.numpy() for name, variable in state.items()}
    return {
        name: (value.shape, value.dtype.name, value.tolist() if value.dtype == object else value.tobytes())
        for name, value in values.items()
    }


def matrix(value=1.0):
    """The smallest state."""
    return {"model/kernel": tf.Variable(np.full((4, 4), value, "float32"))}


@BOTH
def test_every_dtype_and_shape_comes_back_bit_for_bit(tmp_path, make):
    """By a checkpointer of another process's making, in effect: a new one reads."""
    state = example()
    make().write(tmp_path, state)
    restored = blank(state)
    make().read(tmp_path, restored)

    assert bits(restored) == bits(state)
    assert bits(restored) != bits(blank(state))


@BOTH
def test_one_checkpointer_saves_what_the_variables_hold_at_each_time(tmp_path, make):
    """Whatever it keeps between saves, it is not the values; and another set of variables is another set."""
    checkpointer, state = make(), matrix()
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        state["model/kernel"].assign(tf.fill((4, 4), float(number)))
        checkpointer.write(tmp_path / str(number), state)
    for number in (1, 2):
        other = matrix(0.0)
        checkpointer.read(tmp_path / str(number), other)
        assert (other["model/kernel"].numpy() == number).all()


def test_a_tensorflow_checkpoint_is_readable_under_the_names_of_the_state(tmp_path):
    """By `tf.train.list_variables`, and no state file is written."""
    tensorflow_checkpointer().write(tmp_path, example())
    listed = dict(tf.train.list_variables(str(tmp_path / "variables")))

    assert listed["model:matrix/.ATTRIBUTES/VARIABLE_VALUE"] == [2, 3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["variables.data-00000-of-00001", "variables.index"]


def test_an_npz_checkpoint_is_readable_by_numpy(tmp_path):
    """No pickle, the names of the state; bfloat16 as the integers of its bits (1.0 is 0x3f80)."""
    npz().write(tmp_path, example())
    with np.load(tmp_path / "variables.npz", allow_pickle=False) as archive:
        assert archive["model/matrix"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert archive["model/0000/bfloat16"].tolist() == [0x3F80, 0x4049]
        assert archive["optimizer/iteration"] == 7


@pytest.mark.parametrize(("make", "file"), FILES)
def test_a_flipped_bit_is_found(tmp_path, make, file):
    """In the middle of the values."""
    make().write(tmp_path, matrix())
    content = bytearray((tmp_path / file).read_bytes())
    content[content.index(np.float32(1).tobytes() * 4) + 8] ^= 1
    (tmp_path / file).write_bytes(content)

    with pytest.raises(CheckpointError, match=r"cannot be read: .*take an older one") as caught:
        make().read(tmp_path, matrix())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("make", "file"), [*FILES, pytest.param(tensorflow_checkpointer, "variables.index", id="tf-index")])
@pytest.mark.parametrize("length", [0, 10, -30])
def test_a_truncated_file_is_found(tmp_path, make, file, length):
    """Empty, nearly empty, or short of its end."""
    make().write(tmp_path, matrix())
    content = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(content[:length])

    with pytest.raises(CheckpointError, match="cannot be read: "):
        make().read(tmp_path, matrix())


@BOTH
def test_a_missing_checkpoint_is_found(tmp_path, make):
    """An empty directory."""
    with pytest.raises(CheckpointError, match="cannot be read: "):
        make().read(tmp_path, matrix())


@BOTH
@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"model/bias": tf.Variable([1.0])}, id="missing"),
        pytest.param({}, id="surplus"),
    ],
)
def test_other_variables_are_found(tmp_path, make, other):
    """Some that the file does not have, or too few."""
    make().write(tmp_path, matrix())
    wanted = {**matrix(), **other} if other else {}

    with pytest.raises(CheckpointError, match=r"cannot be read|does not have"):
        make().read(tmp_path, wanted)


@BOTH
@pytest.mark.parametrize("variable", [np.zeros((2, 8), "float32"), np.zeros((4, 4), "float64")], ids=["shape", "dtype"])
def test_another_shape_or_dtype_is_found(tmp_path, make, variable):
    """Though as many numbers."""
    make().write(tmp_path, matrix())

    with pytest.raises(CheckpointError, match="cannot be read: "):
        make().read(tmp_path, {"model/kernel": tf.Variable(variable)})


def test_npz_assigns_nothing_where_anything_is_wrong(tmp_path):
    """The first variable keeps its value when the second is missing."""
    npz().write(tmp_path, matrix(1.0))
    state = {**matrix(0.0), "model/bias": tf.Variable([1.0])}

    with pytest.raises(CheckpointError, match="model/bias"):
        npz().read(tmp_path, state)
    assert (state["model/kernel"].numpy() == 0).all()


def test_tf_refuses_names_that_it_cannot_tell_apart(tmp_path):
    """`a:b` and `a/b` would be one name in the file; `a` and `a/b` are two."""
    tensorflow_checkpointer().write(tmp_path, {"a": tf.Variable(1.0), "a/b": tf.Variable(2.0)})

    with pytest.raises(CheckpointError, match=r"checkpointer 'tf' cannot tell ':' from '/'.*: a:b, a/b"):
        tensorflow_checkpointer().write(tmp_path, {"a:b": tf.Variable(1.0), "a/b": tf.Variable(2.0)})


@BOTH
def test_a_limit_of_the_file_size_is_an_operating_system_error(tmp_path, make):
    """One kind of error for a full disk and the like, whatever the format."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    state = {"big": tf.Variable(tf.zeros((256, 1024)))}
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"(?i)file too large") as caught:
            make().write(tmp_path, state)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG


@BOTH
def test_a_directory_that_is_gone_is_an_operating_system_error(tmp_path, make):
    """A file stands where the directory should be."""
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match=r"(?i)not a directory"):
        make().write(tmp_path / "file", matrix())


def test_none_writes_nothing_and_says_so_when_read(tmp_path):
    """There is nothing to resume from."""
    none().write(tmp_path, matrix())

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CheckpointError, match="this run kept no checkpoints"):
        none().read(tmp_path, matrix())
