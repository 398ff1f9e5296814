"""Several optimizers, each for what an attribute of the model holds: by hand, saved, resumed, looked into, refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop import use
from eagerloop.building.optimizer_by_path import OptimizerByPath
from eagerloop.errors import CheckpointError, ConfigError

MODES = pytest.mark.parametrize("compiled", [False, True])
BOTH = {"dense1": use("adam", learning_rate=0.01), "rest": use("sgd", learning_rate=0.001, momentum=0.9)}


def bits(run):
    """The bytes of every variable of a run."""
    return {name: variable.numpy().tobytes() for name, variable in run.variables().items()}


def weights(run):
    """The bytes of the model's weights."""
    return [array.tobytes() for array in run.model.get_weights()]


@pytest.mark.sweep(1)
@MODES
def test_one_for_the_rest_has_the_bits_of_one_alone(tmp_path, compiled):
    """`rest=adam` is `adam`."""
    options = {"epochs": 2, "compile": compiled, "checkpointer": "none"}
    alone = eagerloop.train(optimizer="adam", directory=tmp_path / "alone", **options)
    rest = eagerloop.train(optimizer={"rest": "adam"}, directory=tmp_path / "rest", **options)
    assert weights(rest) == weights(alone)


@MODES
def test_each_makes_the_update_of_its_own_variables(stops_at, tmp_path, compiled):
    """A loop by hand with two optimizers of Keras has the same bits."""
    chosen = {"dense1": use("keras_adam", learning_rate=0.01), "rest": BOTH["rest"]}
    run = eagerloop.train(optimizer=chosen, epochs=1, compile=compiled, observers=[stops_at(99)], directory=tmp_path / "run")
    keras.utils.set_random_seed(0)
    model = run.parts.again("model")
    model(run.parts.first_batch[0], training=False)
    adam, sgd = keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.001, momentum=0.9)
    adam.build(model.trainable_variables[:2])
    sgd.build(model.trainable_variables[2:])

    def step(x, y):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(tf.square(y - model(x, training=True)))
        gradients = tape.gradient(value, model.trainable_variables)
        adam.apply_gradients(zip(gradients[:2], model.trainable_variables[:2], strict=True))
        sgd.apply_gradients(zip(gradients[2:], model.trainable_variables[2:], strict=True))

    step = tf.function(step, reduce_retracing=True) if compiled else step
    for x, y in run.dataset.train(1):
        step(x, y)
    assert weights(run) == [array.tobytes() for array in model.get_weights()]


@pytest.mark.sweep(1)
@MODES
def test_a_run_is_resumed_exactly(stops_at, tmp_path, compiled):
    """After 7 of 12 steps of the first epoch; the checkpoint names each optimizer's variables by its path."""
    options = {"optimizer": BOTH, "epochs": 2, "compile": compiled}
    whole = eagerloop.train(observers=[stops_at(99)], directory=tmp_path / "whole", **options)
    eagerloop.train(observers=[stops_at(7)], directory=tmp_path / "stopped", **options)
    again = eagerloop.resume(tmp_path / "stopped", observers=[stops_at(99)])

    assert bits(again) == bits(whole)
    own = [name for name in bits(whole) if name.startswith("optimizer/")]
    assert own[0] == "optimizer/dense1/0000/adam/iteration"
    assert own[-1] == "optimizer/rest/0003/sgd/iris_dense2_bias_momentum"


def test_one_is_asked_for_by_its_path(tmp_path):
    """Its rate may be read and changed."""
    run = eagerloop.train(optimizer=BOTH, epochs=1, directory=tmp_path / "run")
    assert run.optimizer["dense1"] is run.optimizer.by_path["dense1"]
    assert float(run.optimizer["rest"].learning_rate) == pytest.approx(0.001)
    assert run.parts.names["optimizer"] == "dense1=adam, rest=sgd"


def test_another_option_is_refused_by_a_resume(tmp_path):
    """The record has each by its path, and the fault names it."""
    eagerloop.train(optimizer=BOTH, epochs=1, directory=tmp_path / "run")
    changed = {**BOTH, "rest": use("sgd", learning_rate=0.1, momentum=0.9)}
    with pytest.raises(CheckpointError, match=r"optimizer.rest.options.learning_rate: 0.001 was saved, 0.1 now"):
        eagerloop.resume(tmp_path / "run", optimizer=changed, epochs=2)


def test_objects_must_be_given_again(tmp_path):
    """And as before: by their paths."""
    objects = {"dense1": keras.optimizers.Adam(0.01), "rest": "sgd"}
    eagerloop.train(optimizer=objects, epochs=1, directory=tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"the optimizer of .* was given as an object.*: optimizer=\{PATH: ...\}"):
        eagerloop.resume(tmp_path / "run", epochs=2)
    again = eagerloop.resume(tmp_path / "run", epochs=2, optimizer={**objects, "dense1": keras.optimizers.Adam(0.01)})
    assert len(again.history) == 2


def test_a_step_is_looked_into(tmp_path):
    """Each optimizer's numbers, each variable's own slots; nothing is taken for a mistake."""
    run = eagerloop.train(optimizer=BOTH, epochs=1, directory=tmp_path / "run")
    before = bits(run)
    record = run.inspect(*run.parts.first_batch)

    assert bits(run) == before
    assert record.findings == ()
    assert record.optimizer["class"] == "dense1=Adam, rest=SGD"
    assert (record.optimizer["dense1.learning_rate"], record.optimizer["rest.momentum"]) == (0.01, 0.9)
    slots = {variable.name: [*variable.slots] for variable in record.variables if variable.trainable}
    assert slots["dense1/kernel"] == ["momentum", "velocity"]
    assert slots["dense2/kernel"] == ["momentum"]
    assert "one weight through dense1=Adam, rest=SGD" in str(record)
    record.save_html(tmp_path / "step.html")


def test_several_accumulate(tmp_path):
    """A step that makes the update later hands each its gradients then."""
    run = eagerloop.train(optimizer=BOTH, step=use("accumulate", batches=3), epochs=1, directory=tmp_path / "run")
    assert [int(one.iterations) for one in run.optimizer.by_path.values()] == [4, 4]


def test_what_a_module_holds():
    """Variables and lists of layers are attributes, too; what is frozen now may be thawed."""

    class Mine(tf.Module):
        def __init__(self):
            super().__init__()
            self.scale = tf.Variable(1.0)
            self.layers = [Holder(), Holder()]

    class Holder(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(2.0)

    model = Mine()
    several = OptimizerByPath({"scale": keras.optimizers.SGD(0.5), "layers": keras.optimizers.SGD(0.1)}, model)
    several.build(model.trainable_variables)

    assert [several.owner_of(variable) for variable in model.trainable_variables].count("layers") == 2
    several.apply_gradients([(tf.constant(1.0), model.scale)])
    assert float(model.scale) == 0.5
    with pytest.raises(ConfigError, match=r"no optimizer was built with Variable, which is to be trained now"):
        several.apply_gradients([(tf.constant(1.0), tf.Variable(0.0))])


class Scaling:
    """An optimizer that wants the loss scaled."""

    variables, loss_scale_factor = (), 8.0

    def apply_gradients(self, pairs):
        pass


def one_object():
    """The same optimizer twice."""
    sgd = keras.optimizers.SGD()
    return {"dense1": sgd, "rest": sgd}


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (
            {"optimizer": {"dense3": "adam", "rest": "sgd"}},
            r"optimizer 'dense3': the model has no attribute or layer of that name.*mean 'dense2'\? Known: d",
        ),
        (
            {"optimizer": {"dense1": "adam"}},
            r"no optimizer has iris/dense2/kernel, iris/dense2/bias; add one for 'rest', or .*: dense1, dense2$",
        ),
        (
            {"optimizer": {"dense1": "adam", "dense2": "sgd", "rest": "sgd"}},
            r"optimizer 'rest': no variable that can be ",
        ),
        ({"optimizer": one_object}, r"optimizers dense1, rest: two of them are one object"),
        ({"optimizer": {"rest": Scaling()}}, r"optimizer 'rest' scales the loss, which all of them share"),
        (
            {"optimizer": BOTH, "precision": "mixed_float16"},
            r"mixed_float16 scales the loss for one optimizer, and here ",
        ),
        (
            {"optimizer": BOTH, "schedule": lambda step: 0.1},
            r"a schedule sets .* several, dense1=adam, rest=sgd",
        ),
        ({"optimizer": {"dense1": "adm", "rest": "sgd"}}, r"there is no optimizer 'adm'; did you mean 'adam'"),
        (
            {"optimizer": {"rest": use("sgd", momentun=1.0)}},
            r"optimizer 'sgd' at 'rest' has no option 'momentun'; did ",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path, options, match):
    """Before the first step, with the nearest name where there is one."""
    options = {name: value() if value is one_object else value for name, value in options.items()}
    with pytest.raises(eagerloop.errors.EagerloopError, match=match):
        eagerloop.train(**options, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_two_paths_that_share_a_variable():
    """A layer inside another one is the other's as well."""
    model = keras.Sequential([keras.Input((2,)), keras.Sequential([keras.layers.Dense(1, name="inner")], name="outer")])
    several = OptimizerByPath({"outer": keras.optimizers.SGD(), "outer/inner": keras.optimizers.SGD()}, model)
    with pytest.raises(ConfigError, match=r"optimizers 'outer' and 'outer/inner' would both update \S*inner/kernel"):
        several.build(model.trainable_variables)


def test_the_rates_of_all_are_lowered_on_a_plateau(tmp_path):
    """Nothing is good enough: after an epoch each rate is a tenth."""
    plateau = use("reduce-on-plateau", patience=1, min_delta=1e9, cooldown=9)
    run = eagerloop.train(optimizer=BOTH, observers=[plateau], epochs=2, directory=tmp_path / "run")
    rates = [float(one.learning_rate) for one in run.optimizer.by_path.values()]
    np.testing.assert_allclose(rates, [0.001, 0.0001], rtol=1e-6)
