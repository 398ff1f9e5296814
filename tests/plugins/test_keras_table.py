"""The tables of Keras's losses, optimizers and metrics, compared with the Keras that is installed."""

import inspect
import json
import subprocess
import sys

import keras
import pytest
from keras.optimizers.schedules import LearningRateSchedule

from eagerloop.errors import ConfigError
from eagerloop_plugins.keras_table import factories, option
from eagerloop_plugins.loss import keras_losses
from eagerloop_plugins.metric import keras_metrics
from eagerloop_plugins.optimizer import keras_optimizers
from eagerloop_plugins.schedule import keras_schedules

TABLES = [
    pytest.param(keras_losses, keras.losses, keras.losses.Loss, id="losses"),
    pytest.param(keras_optimizers, keras.optimizers, keras.optimizers.Optimizer, id="optimizers"),
    pytest.param(keras_metrics, keras.metrics, keras.metrics.Metric, id="metrics"),
    pytest.param(keras_schedules, keras.optimizers.schedules, LearningRateSchedule, id="schedules"),
]
HEAVY = (
    "eagerloop_plugins.optimizer.fused_adam",
    "eagerloop_plugins.metric.any_width_accuracy",
    "eagerloop_plugins.metric.running_r2",
    "eagerloop_plugins.array_files.",
    "eagerloop_plugins.csv_files.",
    "eagerloop_plugins.image_files.",
)
"""Imported by a factory, never by listing."""


def parameters_of(cls: type) -> dict[str, inspect.Parameter]:
    """The options of a Keras class."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return {one.name: one for one in parameters if one.kind is not one.VAR_KEYWORD}


@pytest.mark.parametrize(("table", "module", "base"), TABLES)
def test_every_public_class_is_listed_or_left_out_with_a_reason(table, module, base):
    """A class that Keras adds or drops shows up here."""
    public = {name for name, value in vars(module).items() if inspect.isclass(value) and issubclass(value, base)}
    listed = [row[0] for row in table.TABLE.values()]

    assert set(listed) | set(table.EXCLUDED_CLASSES) == public
    assert len(listed) == len(set(listed))
    assert not set(listed) & set(table.EXCLUDED_CLASSES)


@pytest.mark.parametrize(("table", "module", "base"), TABLES)
def test_every_option_has_the_name_and_default_of_the_class(table, module, base):
    """What differs from Keras is declared in the table's module, with a reason."""
    changed = getattr(table, "CHANGED_DEFAULTS", {})
    for class_name, _, options in table.TABLE.values():
        theirs = parameters_of(getattr(module, class_name))
        ours = {one.name: one.default for one in options}

        assert set(ours) == set(theirs) - set(table.EXCLUDED_OPTIONS), class_name
        for name, default in ours.items():
            expected = list(theirs[name].default) if isinstance(theirs[name].default, tuple) else theirs[name].default
            assert (default == expected) is (name not in changed), f"{class_name}: {name}"


@pytest.mark.parametrize(("table", "module", "base"), TABLES)
def test_names_are_those_by_which_keras_finds_the_class(table, module, base):
    """What is typed here is the class in lower case, as `keras.<kind>.get` takes it, but for underscores and `keras_`."""
    for name, (class_name, _, _) in table.TABLE.items():
        assert name.removeprefix("keras_").replace("_", "") == class_name.lower()


@pytest.mark.parametrize(("table", "module", "base"), TABLES)
def test_every_factory_builds_its_class_under_its_own_name(table, module, base):
    """Called with all options as keywords, as the engine calls it."""
    needed = {
        "num_classes": 2,
        "target_class_ids": [0],
        "recall": 0.5,
        "precision": 0.5,
        "specificity": 0.5,
        "sensitivity": 0.5,
        "initial_learning_rate": 0.1,
        "decay_steps": 10,
        "first_decay_steps": 10,
        "decay_rate": 0.5,
        "boundaries": [10],
        "values": [0.1, 0.01],
    }
    for name, factory in factories(kind_of(module), table.TABLE).items():
        values = {
            one.name: needed[one.name] if one.default is one.empty else one.default
            for one in inspect.signature(factory).parameters.values()
        }
        part = factory(**values)

        assert type(part).__name__ == table.TABLE[name][0]
        assert part.name == name
        assert factory.__name__ == name
        assert f".{table.TABLE[name][0]}`" in factory.__doc__


def kind_of(module) -> str:
    """`loss` for `keras.losses`."""
    kinds = {keras.losses: "loss", keras.optimizers: "optimizer", keras.metrics: "metric"}
    return kinds.get(module, "schedule")


@pytest.mark.parametrize("table", [keras_losses, keras_metrics])
def test_aliases_mean_what_they_mean_in_keras(table):
    """`mae` here is `mae` there."""
    module = keras.losses if table is keras_losses else keras.metrics
    for alias, name in table.ALIASES.items():
        found = module.get(alias)
        assert table.TABLE[name][0] == type(found).__name__ or found.__name__ == name


def test_an_option_that_keras_refuses_becomes_one_line():
    """Two ways of clipping at once are refused by Keras's own sentence, in a ConfigError."""
    sgd = keras_optimizers.KERAS_OPTIMIZERS["sgd"]

    with pytest.raises(ConfigError, match="optimizer 'sgd': Only one of `clipnorm`, `clipvalue`") as caught:
        sgd(clipnorm=1.0, clipvalue=1.0)
    assert "\n" not in str(caught.value)


def test_the_help_of_an_option_stands_in_the_docstring():
    """`eagerloop show` has something to say about every option."""
    table = {"huber": ("Huber", "Squares small errors.", [option("delta", float, 1.0, "where the square ends")])}

    assert "    delta: where the square ends.\n" in factories("loss", table)["huber"].__doc__


def test_listing_the_built_in_parts_imports_nothing_heavy():
    """In a fresh interpreter, every other module of the plugins is imported and the whole catalog read."""
    code = f"""
import importlib, json, pkgutil, sys
import eagerloop_plugins
for found in pkgutil.walk_packages(eagerloop_plugins.__path__, "eagerloop_plugins."):
    if not found.name.startswith({HEAVY!r}):
        importlib.import_module(found.name)
from eagerloop.choices.catalog import Catalog
catalog = Catalog.load()
heavy = [name for name in ("tensorflow", "keras", "numpy") if name in sys.modules]
print(json.dumps([heavy, [str(one) for one in catalog.broken], len(catalog.entries)]))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, broken, count = json.loads(answer.stdout)

    assert heavy == []
    assert broken == []
    assert count > 80


def test_a_class_that_the_installed_keras_lacks_is_refused_in_one_line():
    """An older Keras has not all that the table lists; what it has may lack an option, which is left out at its default."""
    from eagerloop_plugins.keras_table import factories, option

    row = ("FromTheFuture", "Does what nobody knows.", [])
    with pytest.raises(ConfigError, match=r"^loss 'future': Keras [0-9.]+, which is installed here, has no FromTheFuture"):
        factories("loss", {"future": row})["future"]()

    later = option("later", int, 3, "Is not there yet")
    huber = factories("loss", {"huber": ("Huber", "Squares small errors.", [later])})["huber"]
    assert isinstance(huber(later=3), keras.losses.Huber)
    with pytest.raises(ConfigError, match="unexpected keyword argument 'later'"):
        huber(later=4)
