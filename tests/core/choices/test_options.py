"""Options: what a signature says, what a user may give, and what an error says."""

import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
import typer

from eagerloop.choices.options import REQUIRED, options_of, reserved, resolve, summary_of
from eagerloop.choices.sources import import_file
from eagerloop.errors import ConfigError, PluginError


def factory_of(annotation, default=REQUIRED):
    """A factory with the one option `value` of the given type."""

    def factory(*, value): ...

    factory.__annotations__["value"] = annotation
    factory.__kwdefaults__ = None if default is REQUIRED else {"value": default}
    return factory


def given(annotation, value):
    """What becomes of a value for an option of a type."""
    return resolve(options_of(factory_of(annotation)), {"value": value}, "model 'm'")["value"]


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (int, 3, 3),
        (float, 0.5, 0.5),
        (float, 2, 2.0),
        (bool, True, True),
        (str, "relu", "relu"),
        (Path, "data.csv", Path("data.csv")),
        (Path, Path("data.csv"), Path("data.csv")),
        (Literal["guide", "random"], "random", "random"),
        (Literal[1, 2], 2, 2),
        (int | None, None, None),
        (int | None, 3, 3),
        (Optional[float], 1, 1.0),  # noqa: UP045 - plugin authors write it
        (list[int], [64, 32], [64, 32]),
        (list[int], (64, 32), [64, 32]),
        (list[int], [], []),
        (list[float], [1, 0.5], [1.0, 0.5]),
        (list[Path], ["a"], [Path("a")]),
        (list[str] | None, None, None),
        (list[Literal["a", "b"]], ["b"], ["b"]),
        (Annotated[int, "units"], 3, 3),
    ],
)
def test_values_of_every_type_are_taken(annotation, value, expected):
    """A value of the option's type is taken; an int stands for a float, a text for a path, a tuple for a list."""
    taken = given(annotation, value)
    assert taken == expected
    assert type(taken) is type(expected)
    assert [type(item) for item in taken] == [type(item) for item in expected] if isinstance(expected, list) else True


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (int, "3", r"must be int, got '3' \(str\)"),
        (int, 3.0, r"must be int, got 3\.0 \(float\)"),
        (int, True, r"must be int, got True \(bool\)"),
        (float, "0.1", r"must be float, got '0\.1' \(str\)"),
        (float, True, r"must be float, got True \(bool\)"),
        (float, None, r"must be float, got None \(NoneType\)"),
        (bool, 1, r"must be bool, got 1 \(int\)"),
        (str, 1, r"must be text, got 1 \(int\)"),
        (Path, 1, r"must be path, got 1 \(int\)"),
        (Literal["guide", "random"], "gide", r"must be one of guide, random, got 'gide' \(str\)"),
        (Literal[1, 2], True, r"must be one of 1, 2, got True \(bool\)"),
        (int | None, "none", r"must be int or none, got 'none' \(str\)"),
        (list[int], 64, r"must be list of int, got 64 \(int\)"),
        (list[int], ["64"], r"must be list of int, got \['64'\] \(list\)"),
        (list[str], "relu", r"must be list of text, got 'relu' \(str\)"),
    ],
)
def test_values_of_another_type_are_refused(annotation, value, message):
    """The error says where, which option, which type was wanted, and what came."""
    with pytest.raises(ConfigError, match=rf"model 'm': option 'value' {message}"):
        given(annotation, value)


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (Annotated[int, typer.Option(min=1)], 0, r"must be int \(at least 1\), got 0"),
        (Annotated[int, typer.Option(max=8)], 9, r"must be int \(at most 8\), got 9"),
        (Annotated[float, typer.Option(min=0, max=1)], 1.5, r"must be float \(at least 0, at most 1\), got 1\.5"),
        (Annotated[float | None, typer.Option(min=0)], -1, r"must be float or none \(at least 0\), got -1\.0"),
        (Annotated[list[int], typer.Option(min=1)], [4, 0], r"must be list of int \(at least 1\), got 0"),
        (float, float("nan"), r"must be float, got nan"),
        (float, float("inf"), r"must be float, got inf"),
        (float, -float("inf"), r"must be float, got -inf"),
        (list[float], [1.0, float("nan")], r"must be list of float, got nan"),
    ],
)
def test_values_out_of_range_are_refused(annotation, value, message):
    """Ranges are typer's, ends included; nan and the infinities are no values for any option."""
    with pytest.raises(ConfigError, match=rf"model 'm': option 'value' {message}$"):
        given(annotation, value)


@pytest.mark.parametrize("value", [0, 0.0, 1, 1.0])
def test_ends_of_a_range_belong_to_it(value):
    """Both ends are allowed."""
    assert given(Annotated[float, typer.Option(min=0, max=1)], value) == value


def test_signature_tells_names_types_defaults_help_and_range():
    """What `show` and `--help` print comes from the signature alone."""

    def mlp(
        *,
        hidden_units: Annotated[int, typer.Option(min=1, max=9, help="units a layer")] = 4,
        activation: Annotated[str | None, "of the hidden units"] = None,
        rate: float,
    ): ...

    units, activation, rate = options_of(mlp).values()
    assert (units.name, units.flag, units.type, units.default, units.help) == (
        "hidden_units",
        "hidden-units",
        int,
        4,
        "units a layer",
    )
    assert (units.minimum, units.maximum, units.type_name) == (1, 9, "int (at least 1, at most 9)")
    assert (activation.help, activation.type_name, activation.default) == ("of the hidden units", "text or none", None)
    assert (rate.default, rate.help, rate.minimum) == (REQUIRED, "", None)


def test_seed_and_dataset_are_no_options():
    """The engine fills `seed` and `dataset` in: they need no annotation and cannot be given."""

    def factory(*, units: int = 4, seed, dataset): ...

    assert list(options_of(factory)) == ["units"]
    assert reserved(factory) == {"seed", "dataset"}
    assert reserved(factory_of(int)) == set()
    with pytest.raises(ConfigError, match=r"model 'm' has no option 'seed'; Known: units"):
        resolve(options_of(factory), {"seed": 1}, "model 'm'")


def test_dash_and_underscore_are_the_same():
    """An option is found however its name is written."""

    def factory(*, batch_size: int = 1): ...

    assert (
        resolve(options_of(factory), {"batch-size": 7}, "d")
        == resolve(options_of(factory), {"batch_size": 7}, "d")
        == {"batch_size": 7}
    )


def test_defaults_complete_what_was_given():
    """Every option has a value in the end, in the order of the signature."""

    def factory(*, one: int = 1, two: float = 2.0, three: str = "3"): ...

    assert list(resolve(options_of(factory), {"two": 5}, "m").items()) == [("one", 1), ("two", 5.0), ("three", "3")]


def test_unknown_option_is_answered_with_the_nearest():
    """A typo is no silent nothing."""

    def factory(*, learning_rate: float = 0.1, momentum: float = 0.0): ...

    message = r"optimizer 'sgd' has no option 'learnin_rate'; did you mean 'learning_rate'\? Known: learning_rate, momentum"
    with pytest.raises(ConfigError, match=message):
        resolve(options_of(factory), {"learnin-rate": 1.0}, "optimizer 'sgd'")


def test_required_option_says_what_it_is():
    """An option without a default must be given; its help is told, or that it has none."""
    with pytest.raises(ConfigError, match=r"dataset 'csv' needs the option 'value' \(path\); the file to read"):
        resolve(options_of(factory_of(Annotated[Path, "the file to read"])), {}, "dataset 'csv'")
    with pytest.raises(ConfigError, match=r"dataset 'csv' needs the option 'value' \(int\); it has no default"):
        resolve(options_of(factory_of(int)), {}, "dataset 'csv'")


def test_classes_are_factories():
    """A class's options are the parameters of its constructor; a dataclass has one as well."""

    class Model:
        """A model."""

        def __init__(self, units: int = 3, *, rate: Annotated[float, "silenced"] = 0.5):
            """Not this line."""

    @dataclass
    class Record:
        units: int = 3

    class Bare:
        pass

    assert {name: option.default for name, option in options_of(Model).items()} == {"units": 3, "rate": 0.5}
    assert options_of(Model)["rate"].help == "silenced"
    assert list(options_of(Record)) == ["units"]
    assert options_of(Bare) == {}
    assert summary_of(Model) == "A model."


def test_partials_are_factories():
    """A `functools.partial` of a factory is a factory with another default."""

    def mlp(*, units: int = 3): ...

    assert options_of(functools.partial(mlp, units=5))["units"].default == 5


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (lambda units=3: None, r"parameter 'units' has no annotation, so its type is unknown; write 'units: float = \.\.\.'"),
        (factory_of(dict), r"parameter 'value' has the type <class 'dict'>; an option is int, float, bool, str, Path, Literal"),
        (factory_of(list), r"parameter 'value' has the type <class 'list'>"),
        (factory_of(list[dict]), r"parameter 'value' has the type list\[dict\]"),
        (factory_of(int | dict), r"parameter 'value' has the type int \| dict"),
        (factory_of(Any), r"parameter 'value' has the type typing\.Any"),
        (factory_of("NoSuchName"), r"its signature cannot be read \(name 'NoSuchName' is not defined\)"),
        (factory_of("pytest.NoSuchName"), r"its signature cannot be read \(module 'pytest' has no attribute 'NoSuchName'\)"),
        (factory_of("int |"), r"its signature cannot be read \("),
    ],
)
def test_parameters_that_are_no_options_are_the_plugins_fault(factory, message):
    """A factory whose parameters cannot become options is refused by name."""
    with pytest.raises(PluginError, match=rf"^model 'm': {message}"):
        options_of(factory, "model 'm'")


def test_parameters_that_cannot_be_named_are_refused():
    """Neither `*args` nor `**kwargs` nor positional-only parameters can be given by name."""

    def star(*layers: int): ...
    def stars(**options: int): ...
    def positional(units: int = 1, /): ...

    for factory, shown in ((star, r"\*layers: int"), (stars, r"\*\*options: int"), (positional, r"units: int = 1")):
        with pytest.raises(
            PluginError, match=rf"parameter '{shown}' cannot be given by name; use annotated keyword parameters"
        ):
            options_of(factory, "m")


def test_what_has_no_signature_is_refused():
    """Some callables of C have no signature to read."""
    with pytest.raises(PluginError, match=r"model 'm': its signature cannot be read"):
        options_of(dict, "model 'm'")


@pytest.mark.parametrize("future", ["from __future__ import annotations\n", ""])
def test_annotations_may_be_text_and_return_types_unknown(tmp_path, future):
    """String annotations are read with the factory's own globals; a return type for type checkers only is never looked at."""
    quote = "" if future else '"'
    path = tmp_path / "part.py"
    path.write_text(
        f"{future}from typing import TYPE_CHECKING, Annotated\n"
        "from pathlib import Path as P\n"
        "if TYPE_CHECKING:\n    import keras\n"
        f"def model(*, file: {quote}P{quote}, units: {quote}Annotated[int, 'units a layer']{quote} = 2,"
        f" dataset: {quote}keras.Nope{quote} = None)"
        f" -> {quote}keras.Model{quote}: ...\n"
    )
    options = options_of(import_file(path).model)
    assert (options["file"].type, options["units"].type, options["units"].help) == (Path, int, "units a layer")


def test_text_annotations_of_a_class(tmp_path):
    """The constructor's own globals count, not those of the module that asks."""
    path = tmp_path / "part.py"
    path.write_text("from pathlib import Path as P\nclass Model:\n    def __init__(self, file: 'P' = P()): ...\n")
    assert options_of(import_file(path).Model)["file"].type is Path


@pytest.mark.parametrize(
    ("text", "summary"),
    [("First.\n\nSecond.", "First."), ("\n    First line\n    of two.", "First line"), ("", ""), (None, "")],
)
def test_summary_is_the_first_line(text, summary):
    """`plugins` shows the first line of the docstring, if there is one."""

    def factory(): ...

    factory.__doc__ = text
    assert summary_of(factory) == summary


def test_reading_options_imports_no_typer_into_the_engine():
    """The metadata is read by its attributes: any object with help, min and max will do."""

    class Note:
        help, min, max = "a note", 2, 3

    option = options_of(factory_of(Annotated[int, Note()]))["value"]
    assert (option.help, option.minimum, option.maximum) == ("a note", 2, 3)
    assert "typer" not in vars(sys.modules["eagerloop.choices.options"])
