"""What is asked of every factory, whatever it makes."""

import tomllib
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from eagerloop.choices.options import REQUIRED, Option, options_of, resolve, summary_of
from eagerloop.errors import EagerloopError
from eagerloop.parts import KINDS
from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require
from eagerloop.testing.trying.importing import heavy_import


@contract(
    "options-readable",
    *KINDS,
    why="options are read from the signature: for the help, the checks and the record",
    fix="annotate every parameter: int, float, bool, str, Path, Literal, Optional of those or list of those",
    needs=(),
)
def readable(subject: Subject) -> None:
    """Every parameter is an option, or reserved."""
    for option in options_of(subject.factory, subject.where).values():
        if option.default is not REQUIRED:
            try:
                kept = option.convert(option.default, subject.where)
            except EagerloopError as error:
                msg = f"the default of option '{option.flag}' is not one of its own values: {error}"
                raise Fault(msg) from error
            require(
                type(kept) is type(option.default) or isinstance(option.default, (int, tuple)),
                f"the default of option '{option.flag}' is {option.default!r}, which is no {option.type_name}",
            )


@contract(
    "options-round-trip",
    *KINDS,
    why="a run is repeated from run.toml and from a command line: an option that comes back changed makes another run",
    fix="keep defaults to what TOML and a command line can say: finite numbers, text without commas in lists",
    needs=("options-readable",),
)
def round_trip(subject: Subject) -> None:
    """Defaults come back from TOML, and from the text that one would type."""
    import tomli_w  # noqa: PLC0415

    options = options_of(subject.factory, subject.where)
    values = {name: option.default for name, option in options.items() if option.default is not REQUIRED}
    values |= {name.replace("-", "_"): value for name, value in subject.options.items()}
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in values.items() if value is not None}
    read = tomllib.loads(tomli_w.dumps(plain))
    required = [name for name, option in options.items() if option.default is REQUIRED and name not in values]
    if not required:
        missing = {name: None for name, value in values.items() if value is None}
        back = resolve(options, {**missing, **read}, subject.where)
        for name, value in values.items():
            require(_same(back[name], value), f"option '{name}' is {value!r}, and comes back from TOML as {back[name]!r}")
    for name, value in values.items():
        if value not in (None, [], ()):
            back = _typed(options[name], value)
            require(_same(back, value), f"option '{name}' is {value!r}, and comes back from the command line as {back!r}")


def _same(one: Any, other: Any) -> bool:
    other = list(other) if isinstance(other, tuple) else other
    return bool(one == other) or (isinstance(one, Path) and one == Path(other))


def _typed(option: Option, value: Any) -> Any:
    """The value as it is after it was written out and typed on a command line."""
    return from_text(option, ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def from_text(option: Option, text: str) -> Any:
    """The value of an option that was typed.

    Args:
        option: The option.
        text: A word; for a list, words with commas between them.

    Returns:
        A value of the option's type.

    Raises:
        ValueError: The text is no such value.

    Example:
        >>> from_text(Option("hidden", list[int]), "64,32")
        [64, 32]
    """
    kinds = get_args(option.type) if get_origin(option.type) in (Union, types.UnionType) else (option.type,)
    if type(None) in kinds and text == "none":
        return None
    kind = next(one for one in kinds if one is not type(None))
    if get_origin(kind) is list:
        return [_word(get_args(kind)[0], word.strip()) for word in text.split(",")]
    return _word(kind, text)


def _word(kind: Any, word: str) -> Any:
    if get_origin(kind) is Literal:
        return next((choice for choice in get_args(kind) if str(choice) == word), word)
    return word.lower() in ("true", "on", "yes", "1") if kind is bool else kind(word)


@contract(
    "docstring",
    *KINDS,
    why="the first line of the docstring is what `eagerloop plugins` and `show` print",
    fix='begin the factory with a docstring: """What it is, in one line."""',
    needs=(),
)
def docstring(subject: Subject) -> None:
    """There is a summary of its own."""
    summary = summary_of(subject.factory)
    require(summary, "the factory has no docstring, so nobody learns what it is for")
    require(len(summary) > 3, f"the docstring's first line says nothing: {summary!r}")  # noqa: PLR2004


@contract(
    "light-import",
    *KINDS,
    why="`eagerloop plugins`, `show` and `--help` import every plugin; TensorFlow takes them from 0.2 s to 5 s",
    fix="import TensorFlow, Keras and NumPy inside the factory, and quote annotations that name them",
    needs=(),
)
def light_import(subject: Subject) -> None:
    """A fresh interpreter imports the factory's module without TensorFlow, Keras or NumPy."""
    heavy = heavy_import(subject.factory)
    if heavy.skipped:
        raise NotApplicable(heavy.skipped)
    require(not heavy.heavy, f"importing {heavy.module} imports {heavy.heavy} ({heavy.place})")


@contract(
    "made",
    *KINDS,
    why="a run makes each part by its factory, with the options that the user gave",
    fix="return an object with what its kind must have",
    weight=2,
    needs=("options-readable",),
)
def made(subject: Subject) -> None:
    """The factory gives a part with the methods of its kind."""
    from eagerloop.building.workshop import METHODS  # noqa: PLC0415 - it imports TensorFlow

    part = subject.make()
    wanted = METHODS.get(subject.kind, ())
    missing = [name for name in wanted if not hasattr(part, name)]
    if part is None or missing:
        lacks = f" without {', '.join(missing)}" if missing else ""
        forgotten = "; is a `return` missing?" if part is None else ""
        msg = f"the factory gave {type(part).__name__}{lacks}; a {subject.kind} must have {', '.join(wanted) or 'its hooks'}"
        raise Fault(msg + forgotten)


@contract(
    "leaves-seed",
    *KINDS,
    why="a run sets all seeds once, before its parts are made: a part that sets them again decides for all the others",
    fix="draw from a generator of your own, np.random.default_rng(seed), and set no global seed",
)
def leaves_seed(subject: Subject) -> None:
    """What is drawn after the factory still depends on the run's seed."""
    import random  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    draws = []
    for seed in (1, 2):
        subject.make(seed)
        draws.append((random.random(), np.random.random(), float(tf.random.uniform(()))))  # noqa: NPY002, S311
    for name, one, other in zip(("Python's random", "NumPy", "TensorFlow"), *draws, strict=True):
        require(one != other, f"the factory sets the global seed of {name}: after it, two runs with two seeds draw the same")
