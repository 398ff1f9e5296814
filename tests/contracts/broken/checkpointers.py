"""Checkpointers with one fault each, named after it."""

import io
import json
import pickle
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf


class Bytes:
    """One file with the bytes of all variables, as it should be; each fault changes one thing."""

    file = "variables.bin"

    def write(self, directory, state):
        (directory / self.file).write_bytes(b"".join(self.encode(name, v.numpy()) for name, v in state.items()))

    def encode(self, name, array):
        return array.tobytes()

    def read(self, directory, state):
        content = io.BytesIO((directory / self.file).read_bytes())
        for variable in state.values():
            kind = np.dtype(variable.dtype.as_numpy_dtype)
            size = int(np.prod(variable.shape)) * kind.itemsize
            taken = content.read(size)
            if len(taken) != size:
                msg = "the file is too short"
                raise ValueError(msg)
            variable.assign(np.frombuffer(taken, kind).reshape(variable.shape))


def _part(**changes):
    return type("Bytes", (Bytes,), changes)()


def six_digits():
    """Writes text with six digits."""

    def encode(self, name, array):
        return np.array([float(f"{value:.6g}") for value in array.reshape(-1).astype("float64")]).astype(array.dtype).tobytes()

    return _part(encode=encode)


def halved_doubles():
    """Saves everything as float32, and so rounds float64."""

    def encode(self, name, array):
        return (array.astype("float32").astype("float64") if array.dtype == np.float64 else array).tobytes()

    return _part(encode=encode)


def whole_numbers_as_floats():
    """Saves whole numbers as float64, and so loses those above 2**53."""

    def encode(self, name, array):
        if array.dtype.kind not in "iu" or array.dtype.itemsize < 8:
            return array.tobytes()
        below = np.clip(array.astype("float64"), -(2.0**62), 2.0**62)
        return below.astype(array.dtype).tobytes()

    return _part(encode=encode)


def scalars_become_vectors():
    """Reads every variable with at least one axis."""

    def read(self, directory, state):
        arrays = np.load(directory / "v.npz", allow_pickle=False)
        for place, variable in enumerate(state.values()):
            variable.assign(np.atleast_1d(arrays[f"arr_{place}"]).view(variable.dtype.as_numpy_dtype))

    def write(self, directory, state):
        arrays = [
            np.atleast_1d(v.numpy()).view(f"u{v.dtype.size}") if v.dtype == tf.bfloat16 else v.numpy() for v in state.values()
        ]
        np.savez(directory / "v.npz", *arrays)

    return _part(read=read, write=write)


def bfloat16_as_void():
    """Leaves bfloat16 to np.savez, which knows no such type."""

    def write(self, directory, state):
        np.savez(directory / "v.npz", *[variable.numpy() for variable in state.values()])

    def read(self, directory, state):
        arrays = np.load(directory / "v.npz", allow_pickle=False)
        for place, variable in enumerate(state.values()):
            variable.assign(arrays[f"arr_{place}"])

    return _part(read=read, write=write)


class _Files(Bytes):
    """A file for each variable."""

    def name_of(self, name):
        return name.replace("/", "%")

    def write(self, directory, state):
        for name, variable in state.items():
            (directory / self.name_of(name)).write_bytes(variable.numpy().tobytes())

    def read(self, directory, state):
        for name, variable in state.items():
            content = (directory / self.name_of(name)).read_bytes()
            variable.assign(np.frombuffer(content, variable.dtype.as_numpy_dtype).reshape(variable.shape))


def slashes_to_underscores():
    """Gives `a/b` and `a_b` one file."""
    return type("Files", (_Files,), {"name_of": lambda self, name: name.replace("/", "_")})()


def one_place_for_all():
    """Writes to a directory of its own, whatever directory it is given."""
    place = Path(tempfile.gettempdir()) / "eagerloop-broken-checkpointer"
    place.mkdir(exist_ok=True)

    def write(self, directory, state):
        Bytes.write(self, place, state)
        (directory / "where.txt").write_text(str(place), encoding="utf-8")

    return _part(write=write, read=lambda self, directory, state: Bytes.read(self, place, state))


def path_remembered():
    """Writes the absolute path into an index; the directory is renamed afterwards."""

    def write(self, directory, state):
        Bytes.write(self, directory, state)
        (directory / "index.json").write_text(json.dumps({"data": str(directory)}), encoding="utf-8")

    def read(self, directory, state):
        index = json.loads((directory / "index.json").read_text(encoding="utf-8"))
        Bytes.read(self, Path(index["data"]), state)

    return _part(write=write, read=read)


def kept_in_memory():
    """Keeps the values in itself, and an empty file on the disk."""

    class Memory:
        def write(self, directory, state):
            self.kept = {name: variable.numpy() for name, variable in state.items()}
            (directory / "variables").touch()

        def read(self, directory, state):
            for name, variable in state.items():
                variable.assign(self.kept[name])

    return Memory()


def pickled():
    """Writes a pickle, which runs code when it is read."""

    def write(self, directory, state):
        (directory / self.file).write_bytes(pickle.dumps({name: v.numpy() for name, v in state.items()}))

    def read(self, directory, state):
        for name, value in pickle.loads((directory / self.file).read_bytes()).items():  # noqa: S301 - the fault
            state[name].assign(value)

    return _part(write=write, read=read)


def damage_swallowed():
    """Goes on with the first weights where the file cannot be read."""

    def read(self, directory, state):
        try:
            Bytes.read(self, directory, state)
        except (OSError, ValueError):
            self.warned = True

    return _part(read=read)


def failed_write_swallowed():
    """Prints a warning where the disk is full, and goes on."""

    def write(self, directory, state):
        try:
            Bytes.write(self, directory, state)
        except OSError:
            self.warned = True

    return _part(write=write)


def rounds_while_saving():
    """Casts the variables themselves before it saves them."""

    def write(self, directory, state):
        for variable in state.values():
            if variable.dtype.is_floating and variable.shape.rank:
                variable.assign(tf.round(variable))
        Bytes.write(self, directory, state)

    return _part(write=write)


def nothing_assigned():
    """Puts new variables into the mapping instead of assigning to those in it."""

    def read(self, directory, state):
        fresh = {name: tf.Variable(variable) for name, variable in state.items()}
        Bytes.read(self, directory, fresh)
        for name in list(state):
            state[name] = fresh[name]

    class Unassigned(Bytes):
        def read(self, directory, state):
            read(self, directory, dict(state))

    return Unassigned()


def only_the_model():
    """Saves the model and leaves the optimizer out."""

    class ModelOnly(_Files):
        def write(self, directory, state):
            _Files.write(self, directory, {name: v for name, v in state.items() if name.startswith("model")})

        def read(self, directory, state):
            _Files.read(self, directory, {name: v for name, v in state.items() if name.startswith("model")})

    return ModelOnly()


def only_what_changed():
    """Writes only variables that have changed since its last write."""

    class Changes(_Files):
        def __init__(self):
            self.last = {}

        def write(self, directory, state):
            values = {name: variable.numpy().tobytes() for name, variable in state.items()}
            changed = {name: v for name, v in state.items() if self.last.get(name) != values[name]}
            self.last = values
            _Files.write(self, directory, changed)

    return Changes()


def link_to_the_newest():
    """Leaves a symbolic link in the directory, which may lead anywhere."""

    def write(self, directory, state):
        Bytes.write(self, directory, state)
        (directory / "newest").symlink_to(directory / self.file)

    return _part(write=write)
