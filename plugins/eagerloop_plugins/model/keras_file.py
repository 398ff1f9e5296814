"""A model that was saved by Keras."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eagerloop.errors import DataError

if TYPE_CHECKING:
    import keras


def keras_file(*, path: Annotated[Path, typer.Option(help="a .keras file, as model.save() writes it")]) -> "keras.Model":
    """A model from a `.keras` file, with its weights; files that hold code (lambdas) are refused.

    Args:
        path: What `model.save("name.keras")` wrote.

    Returns:
        The model, built, from what it was trained on to what it gives. It is not compiled: loss and optimizer are the run's.

    Raises:
        DataError: The file is missing, has another format, is damaged, or needs code that is not in it.

    Source: `keras.models.load_model(path, safe_mode=True, compile=False)`.
    """
    _require_keras_archive(path)
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    try:
        return keras.models.load_model(path, safe_mode=True, compile=False)
    except Exception as error:  # a damaged file makes Keras raise almost anything
        cause = next(iter(str(error).strip().splitlines()), "") or "no reason given"
        msg = f"model file {path} cannot be loaded in safe mode: {type(error).__name__}: {cause}"
        if "lambda" in cause.lower():
            msg += "; a lambda is code, so save the model without it, or write the model as a part in a .py file"
        raise DataError(msg) from error


def _require_keras_archive(path: Path) -> None:
    """Says in plain words what Keras would say in three paragraphs, and keeps other formats from its other readers."""
    if not path.is_file():
        msg = f"model file {path} does not exist or is no file; give the path of a .keras file"
        raise DataError(msg)
    if path.suffix != ".keras":
        msg = f"model file {path} must end in .keras, got '{path.suffix}'; save it again with model.save('{path.stem}.keras')"
        raise DataError(msg)
    if not zipfile.is_zipfile(path):
        msg = f"model file {path} is not a .keras archive, or it is truncated ({path.stat().st_size} bytes); save it again"
        raise DataError(msg)
