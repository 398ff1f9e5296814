"""Checkpoints that somebody made, all checksums right: 100 of the 1,200 of `tests/proofs/strangers.py`; `.ci/run` reads 400."""

import subprocess
import sys

import pytest
import strangers
import tensorflow as tf

from eagerloop.errors import CheckpointError
from eagerloop_plugins.checkpointer.tf import tf as tensorflow_checkpointer


@pytest.mark.long
def test_no_checkpoint_ends_the_process():
    """A value or one line. A process of its own reads them: one that has used TensorFlow cannot be forked."""
    words = [sys.executable, strangers.__file__, "--count", "100"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "100 changes, 0 faults" in done.stdout


def changed(tmp_path, change):
    """A checkpoint of a matrix and of two words, whose entry of the matrix or of the words is another."""
    from tensorflow.core.protobuf import tensor_bundle_pb2 as bundle

    state = {"matrix": tf.Variable(tf.ones((2, 3))), "words": tf.Variable(["one", "two"])}
    tensorflow_checkpointer().write(tmp_path, state)
    path = tmp_path / strangers.INDEX
    rows = list(strangers.read_table(path.read_bytes()))
    name, edit = change
    for place, (key, value) in enumerate(rows):
        if key.decode().startswith(name) and bool(key) == bool(name):
            entry = bundle.BundleEntryProto() if key else bundle.BundleHeaderProto()
            entry.ParseFromString(value)
            edit(entry)
            rows[place] = key, entry.SerializeToString()
    path.write_bytes(strangers.table(rows))
    return state


CHANGES = [
    (("matrix", lambda entry: entry.shape.dim[0].__setattr__("size", -1)), "its shape is none"),
    (("matrix", lambda entry: entry.shape.dim[0].__setattr__("size", 2**61)), "it has more elements than there can be"),
    (("matrix", lambda entry: entry.shape.dim[0].__setattr__("size", 3)), "24 bytes are not 9 elements of float32"),
    (("matrix", lambda entry: entry.__setattr__("dtype", 20)), "resource is not what a variable holds"),
    (("matrix", lambda entry: entry.__setattr__("dtype", 101)), "is not what a variable holds"),
    (("matrix", lambda entry: entry.__setattr__("dtype", 99)), "99 to a TensorFlow DType"),
    (("matrix", lambda entry: entry.__setattr__("shard_id", 1)), "it lies nowhere"),
    (("matrix", lambda entry: entry.__setattr__("offset", 10**6)), "it lies outside of its file"),
    (("matrix", lambda entry: entry.slices.add()), "its shape is none"),
    (("words", lambda entry: entry.shape.dim[0].__setattr__("size", 10**9)), "cannot be 1000000000 strings"),
    (("words", lambda entry: entry.__setattr__("size", 11)), "the lengths of its 2 strings do not add up to 11 bytes"),
    (("", lambda entry: entry.__setattr__("num_shards", -1)), "its header is none"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=[told for _change, told in CHANGES])
def test_an_entry_that_no_checkpointer_has_written(tmp_path, change, told):
    """It is named, before TensorFlow looks at it, and no variable is touched."""
    state = changed(tmp_path, change)
    with pytest.raises(CheckpointError, match=rf"cannot be read: .*{told}.*take an older one"):
        tensorflow_checkpointer().read(tmp_path, state)
    assert state["matrix"].numpy().sum() == 6


def test_a_table_that_is_written_otherwise_is_read(tmp_path):
    """Every key in full and in one block: the values are the same ones."""
    state = changed(tmp_path, ("matrix", lambda entry: None))
    blank = {name: tf.Variable(tf.zeros_like(variable)) for name, variable in state.items()}
    tensorflow_checkpointer().read(tmp_path, blank)
    assert (blank["matrix"].numpy() == 1).all()
    assert blank["words"].numpy().tolist() == [b"one", b"two"]


@pytest.mark.long
def test_many_blocks_are_read(tmp_path):
    """An index of more than one block, whose keys are written short."""
    state = {f"model/{place:05d}/kernel": tf.Variable(float(place)) for place in range(3000)}
    tensorflow_checkpointer().write(tmp_path, state)
    assert len(list(strangers.read_table((tmp_path / strangers.INDEX).read_bytes()))) == 3002
