"""A run's model as a file for other programs: Keras's own format, a SavedModel, TFLite, ONNX."""

import contextlib
import logging
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from eagerloop.afterwards.plain_keras import needed_beside_keras, plain_model
from eagerloop.afterwards.serving import Serving, input_names, x_specs
from eagerloop.building.blaming import blaming
from eagerloop.errors import ConfigError, reason
from eagerloop.inspection.looking.restoring import leaving_no_trace
from eagerloop.running.averaging import averaged
from eagerloop.running.run import Run
from eagerloop.storage.replacing import RUN_TOML
from eagerloop.structures import leaves_by_path, map_with_path

KERAS, LITE, ONNX, SAVED_MODEL = ".keras", ".tflite", ".onnx", ""
"""The endings of a file's name, which say what it is to be; a name without one is the directory of a SavedModel."""

OPSET = 17
"""The version of ONNX's operations that is written: runtimes since 2022 know it."""

PREDICTIONS = "predictions"
"""The answer in an ONNX model."""


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
            `model`, without an ending: a SavedModel, from the raw columns of the table, or the files of pictures, to
            predictions, probabilities included; of other data from x. `model.tflite`: as `.keras`, for TensorFlow Lite.
            `model.onnx`: as `.keras`, in ONNX.

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
    writers = {KERAS: _write_keras, LITE: _write_lite, ONNX: _write_onnx, SAVED_MODEL: _write_saved_model}
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
    if ending not in (KERAS, LITE, ONNX, SAVED_MODEL):
        expected = "expected .keras, .tflite, .onnx, or no ending for the directory of a SavedModel"
        msg = f"{target} ends in '{target.suffix}'; {expected}"
        raise ConfigError(msg)
    if ending == ONNX and find_spec("tf2onnx") is None:
        msg = f"{target} needs tf2onnx, which is not installed; install it with: pip install 'eagerloop[onnx]'"
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
        strangers = needed_beside_keras(path)
    notes = [f"to load it, Keras needs beside it: {', '.join(strangers)}"] if strangers else []
    told = f"a Keras model, from {_x_words(run)} to what run.predict answers; keras.models.load_model({target.name!r})"
    return Exported(target, told, notes)


def _x_words(run: Run) -> str:
    """What goes in, with the shape of each."""
    leaves = leaves_by_path(run.parts.first_batch[0])
    shapes = [", ".join(["n", *("any" if size is None else str(size) for size in leaf.shape[1:])]) for leaf in leaves.values()]
    names = input_names([path or "x" for path in leaves]).values()
    return ", ".join(f"{name} ({shape})" for name, shape in zip(names, shapes, strict=True))


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


def _of_tensors(run: Run) -> Any:
    """The model as a function of the tensors of x, one argument each, in the order of `x_specs`."""
    like = run.parts.first_batch[0]
    paths = list(leaves_by_path(like))

    def answer(*leaves: Any) -> Any:
        given = dict(zip(paths, leaves, strict=True))
        return run.model(map_with_path(lambda path, _leaf: given[path], like), training=False)

    return answer


def _lacking(run: Run, operations: str, form: str) -> ConfigError:
    """The error for operations that a form does not have, to be raised."""
    told = f"model '{run.parts.names['model']}' computes with {operations}, which {form} does not have"
    return ConfigError(f"{told}; export a SavedModel (a name without an ending), or take other layers")


def _write_lite(run: Run, target: Path) -> Exported:
    """The model alone, for TensorFlow Lite."""
    lite: Any = getattr(tf, "lite", None)
    if not hasattr(lite, "TFLiteConverter"):
        msg = f"{target}: this TensorFlow has no converter for TFLite; export a SavedModel and convert that elsewhere"
        raise ConfigError(msg)
    if run.parts.settings.precision != "float32":
        told = f"{target}: TensorFlow Lite computes in float32, and {run.place} in {run.parts.settings.precision}"
        msg = f"{told}; export a SavedModel (a name without an ending)"
        raise ConfigError(msg)
    function = tf.function(_of_tensors(run)).get_concrete_function(*x_specs(run).values())
    try:
        written = lite.TFLiteConverter.from_concrete_functions([function], Serving(run)).convert()
    except Exception as error:  # pages of its compiler's words
        unknown = re.search(r"ops: ([\w, ]+)", str(error))
        if unknown is None:
            raise
        raise _lacking(run, unknown[1].strip(), "TensorFlow Lite") from error
    with _complete(target) as path:
        path.write_bytes(written)
    note = "TensorFlow Lite rounds in its own way: its numbers may differ from run.predict by some millionths"
    return Exported(target, f"a TFLite model, from {_x_words(run)} to what run.predict answers", [note])


@contextlib.contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Loggers that say nothing while this lasts: what they would say is checked, or concerns no user."""
    loggers = [(logger := logging.getLogger(name), logger.level) for name in names]
    try:
        for logger, _level in loggers:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in loggers:
            logger.setLevel(level)


def _write_onnx(run: Run, target: Path) -> Exported:
    """The model alone, in ONNX."""
    import onnx  # noqa: PLC0415 - an extra
    import tf2onnx  # noqa: PLC0415 - as above

    answer, specs = _of_tensors(run), [*x_specs(run).values()]

    def named(*leaves: Any) -> dict[str, Any]:
        found = leaves_by_path(answer(*leaves))
        return {"_".join([PREDICTIONS, *path.split("/")] if path else [PREDICTIONS]): leaf for path, leaf in found.items()}

    function = tf.function(named, input_signature=specs)
    with _quiet("tf2onnx", "tensorflow"):
        written, _tensors = tf2onnx.convert.from_function(function, input_signature=specs, opset=OPSET)
    unknown = sorted({node.op_type for node in written.graph.node if not onnx.defs.has(node.op_type, node.domain)})
    if unknown:  # which the converter writes all the same
        raise _lacking(run, ", ".join(unknown), "ONNX")
    with _complete(target) as path:
        path.write_bytes(written.SerializeToString())
    outputs = ", ".join(output.name for output in written.graph.output)
    return Exported(target, f"an ONNX model, from {_x_words(run)} to {outputs}, what run.predict answers", [])
