"""A run's model as a file for other programs: Keras's own format, a SavedModel, TFLite."""

import contextlib
import inspect
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from eagerloop.afterwards.serving import Serving
from eagerloop.building.blaming import blaming
from eagerloop.errors import ConfigError, reason
from eagerloop.inspection.looking.restoring import leaving_no_trace
from eagerloop.running.averaging import averaged
from eagerloop.running.run import Run
from eagerloop.storage.replacing import RUN_TOML

KERAS, LITE, ONNX, SAVED_MODEL = ".keras", ".tflite", ".onnx", ""
"""The endings of a file's name, which say what it is to be; a name without one is the directory of a SavedModel."""


class Exported(NamedTuple):
    """What was written.

    Attributes:
        path: The file, or the directory of a SavedModel.
        told: What it is, what goes in and what comes out, in one sentence.
        notes: What should be known of it.
    """

    path: Path
    told: str
    notes: list[str]


def export(run: Run, target: str | Path) -> Exported:
    """Writes a run's model for programs that know nothing of eagerloop.

    Args:
        run: A run with a trained model.
        target: Its name says what is written. `model.keras`: the model for Keras, from x to what `run.predict` answers.
            `model`, without an ending: a SavedModel, from the raw columns of the table to predictions, probabilities
            included; of data that are no table, from x. `model.tflite`: as `.keras`, for TensorFlow Lite.

    Returns:
        What was written.

    Raises:
        ConfigError: The name has another ending, the place is taken or cannot be written, the model cannot be written in this
            form, or what it needs is not installed.

    Example:
        >>> import eagerloop, pathlib, tempfile
        >>> place = pathlib.Path(tempfile.mkdtemp())
        >>> run = eagerloop.train(epochs=1, directory=place / "run")
        >>> export(run, place / "iris.keras").path.name
        'iris.keras'
    """
    target = Path(target)
    writers = {KERAS: _write_keras, LITE: _write_lite, SAVED_MODEL: _write_saved_model}
    refuse_target(target)
    with averaged(run.parts), leaving_no_trace(run.parts), blaming(f"{run.place} cannot be exported to {target}"):
        return writers[target.suffix.lower()](run, target)


def refuse_target(target: Path) -> None:
    """Refuses what cannot be written, before anything that takes time.

    Raises:
        ConfigError: With what to name instead.
    """
    ending = target.suffix.lower()
    if (target / RUN_TOML).exists():
        msg = f"{target} is a run, not a file to write; name one as well: eagerloop export {target} model.keras"
        raise ConfigError(msg)
    if ending == ONNX:
        ways = f"export a SavedModel and convert that: python -m tf2onnx.convert --saved-model DIRECTORY --output {target}"
        msg = f"{target}: ONNX needs the package tf2onnx, which is not part of eagerloop; {ways}"
        raise ConfigError(msg)
    if ending not in (KERAS, LITE, SAVED_MODEL):
        msg = f"{target} ends in '{target.suffix}'; expected .keras, .tflite, or no ending for the directory of a SavedModel"
        raise ConfigError(msg)
    if target.is_dir() and (ending or any(target.iterdir())):
        msg = f"{target} is a directory that is there already; remove it, or name another place"
        raise ConfigError(msg)
    if not target.absolute().parent.is_dir():
        msg = f"{target}: there is no directory {target.parent}; make it first, or name another place"
        raise ConfigError(msg)


@contextlib.contextmanager
def _complete(target: Path) -> Iterator[Path]:
    """A name to write to, which becomes the target's in the end: a fault on the way leaves what was there before."""
    temporary = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Keras hands variables to NumPy 2 in the old way
            yield temporary
        temporary.replace(target)
    except OSError as error:
        msg = f"{target} cannot be written: {reason(error)}; choose another place"
        raise ConfigError(msg) from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        temporary.unlink(missing_ok=True)


def _write_keras(run: Run, target: Path) -> Exported:
    """The model as Keras writes it: layers and weights."""
    model = plain_model(run)
    with _complete(target) as path:
        model.save(path)
    strangers = sorted({type(layer).__name__ for layer in model.layers if not _of_keras(layer)})
    notes = [f"to load it, Keras needs the classes {', '.join(strangers)} beside it"] if strangers else []
    shapes = f"x {_shape_words(model.inputs[0].shape)} to what run.predict answers"
    return Exported(target, f"a Keras model, from {shapes}; keras.models.load_model({target.name!r})", notes)


def plain_model(run: Run) -> Any:
    """The run's model as layers of Keras that need no class of anybody's: what its `call` does with the layers, drawn once.

    Raises:
        ConfigError: It is no Keras model, or computes with more than Keras's layers and operations.
    """
    model, name = run.model, run.parts.names["model"]
    if not isinstance(model, keras.Model):
        msg = f"model '{name}' is no Keras model, so no .keras file can hold it; export a SavedModel: a name without an ending"
        raise ConfigError(msg)
    if _of_keras(model) and hasattr(model, "inputs"):
        return model
    like = run.parts.first_batch[0]
    inputs = keras.Input(like.shape[1:], dtype=like.dtype.name, name="x")
    training = {"training": False} if "training" in inspect.signature(model.call).parameters else {}
    try:
        return keras.Model(inputs, model.call(inputs, **training), name=model.name)
    except Exception as error:  # TensorFlow's operations take no symbol of Keras's, and say so in many ways
        cause = " ".join(str(error).split())[:120]
        ways = "export a SavedModel (a name without an ending), or compute with keras.layers and keras.ops alone"
        msg = f"model '{name}' cannot be written as plain Keras layers ({type(error).__name__}: {cause}); {ways}"
        raise ConfigError(msg) from error


def _of_keras(layer: Any) -> bool:
    return type(layer).__module__.startswith("keras.")


def _shape_words(shape: Any) -> str:
    return f"({', '.join(['n', *map(str, shape[1:])])})"


def _write_saved_model(run: Run, target: Path) -> Exported:
    """The model with what stands before and behind it, as operations of TensorFlow."""
    serving = Serving(run)
    signatures = serving.signatures()
    with _complete(target) as path:
        tf.saved_model.save(serving, str(path), signatures=signatures)
    outputs = ", ".join(sorted(signatures["serving_default"].structured_outputs))
    inputs = ", ".join(serving.inputs.values())
    classes = f" (of {', '.join(run.dataset.classes[:10])}{', ...' if len(run.dataset.classes) > 10 else ''})"  # noqa: PLR2004
    told = f"a SavedModel, from {inputs} to {outputs}{classes if run.dataset.classes else ''}"
    renamed = [f"{column!r} is {name}" for column, name in serving.inputs.items() if column != name]
    notes = [f"names that a signature cannot have: {', '.join(renamed[:5])}{', ...' if renamed[5:] else ''}"] if renamed else []
    return Exported(target, told, notes)


def _write_lite(run: Run, target: Path) -> Exported:
    """The model alone, for TensorFlow Lite."""
    lite: Any = getattr(tf, "lite", None)
    if not hasattr(lite, "TFLiteConverter"):
        msg = f"{target}: this TensorFlow has no converter for TFLite; export a SavedModel and convert that elsewhere"
        raise ConfigError(msg)
    like = run.parts.first_batch[0]
    spec = tf.TensorSpec([None, *like.shape[1:]], like.dtype, name="x")
    function = tf.function(lambda x: run.model(x, training=False)).get_concrete_function(spec)
    written = lite.TFLiteConverter.from_concrete_functions([function], Serving(run)).convert()
    with _complete(target) as path:
        path.write_bytes(written)
    note = "TensorFlow Lite rounds in its own way: its numbers may differ from run.predict by some millionths"
    return Exported(target, f"a TFLite model, from x {_shape_words(like.shape)} to what run.predict answers", [note])
