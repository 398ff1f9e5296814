"""What is asked of a step: the inside of the loop, from a batch to an update."""

import inspect
from typing import Any

from eagerloop.errors import PluginError
from eagerloop.structures import leaves_by_path, rows_of
from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require
from eagerloop.testing.trying.optimizing import attributes_of
from eagerloop.testing.trying.stepping import MANY, Bench, batches, bench, equal, with_nan


@contract(
    "step-result",
    "step",
    why="the history, the metrics and the observers are made from what a step returns",
    fix="return eagerloop.Step(x, y, predictions, loss, gradients): the batch, what the model answered, a scalar",
    weight=2,
)
def result(subject: Subject) -> None:
    """A `Step` with the batch, a prediction a row, a finite scalar loss, and figures that are scalars with good names."""
    import numpy as np  # noqa: PLC0415

    from eagerloop.running.tally import Tally, require_step  # noqa: PLC0415

    made = bench(subject)
    for x, y in batches(subject):
        given = made.on(x, y)
        try:
            require_step(given)
            Tally({}).require_figures(given.figures)
        except PluginError as error:
            raise Fault(str(error)) from error
        require(bool(np.isfinite(float(given.loss))), f"the loss is {float(given.loss)} for ordinary data")
        for name, returned, own in (("x", given.x, x), ("y", given.y, y)):
            require(equal(returned, own), f"the Step's {name} is not that of the batch: metrics would judge other rows")
        _require_rows(given, x, "the Step's")


@contract(
    "step-gradients",
    "step",
    why="observers and records show them beside the variables, in the order of the model's",
    fix="return the gradients in the order of model.trainable_variables, each of its variable's shape",
    needs=("made", "step-result"),
)
def gradients(subject: Subject) -> None:
    """One for each trainable variable, of its shape."""
    made = bench(subject)
    given, variables = made.on(*batches(subject)[0]).gradients, made.model.trainable_variables
    require(len(given) == len(variables), f"it returned {len(given)} gradients for {len(variables)} trainable variables")
    for place, (gradient, variable) in enumerate(zip(given, variables, strict=True)):
        shape = getattr(gradient, "shape", None)
        wanted = tuple(variable.shape)
        require(
            shape is not None and tuple(shape) == wanted,
            f"gradient {place} is {gradient if shape is None else tuple(shape)}, its variable has the shape {wanted}",
        )


@contract(
    "step-trains",
    "step",
    why="that is what it is for",
    fix="hand the gradients to optimizer.apply_gradients, in pairs with the variables",
    weight=2,
    needs=("made", "step-result"),
)
def trains(subject: Subject) -> None:
    """After some steps every trainable variable has changed, and is finite."""
    import numpy as np  # noqa: PLC0415

    made = bench(subject)
    before = made.trained()
    for number in range(MANY):
        made.on(*batches(subject)[number % 3])
    for place, (old, new) in enumerate(zip(before, made.trained(), strict=True)):
        require(bool(np.isfinite(new).all()), f"after {MANY} steps, trainable variable {place} is not finite")
        require(not np.array_equal(old, new), f"after {MANY} steps, trainable variable {place} has not changed")


@contract(
    "step-in-a-graph",
    "step",
    why="with --compile it runs in a graph: what Python does there is done once, when the graph is made",
    fix="use TensorFlow operations; keep what changes in tf.Variables that are made once, in the factory or in build",
    weight=2,
    needs=("made", "step-result"),
)
def in_a_graph(subject: Subject) -> None:
    """Inside a `tf.function`, the losses and variables of eager steps."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    eager, compiled = bench(subject), bench(subject)
    function = tf.function(compiled.on, reduce_retracing=True)
    for number in range(MANY):
        x, y = batches(subject)[number % 3]
        one, other = float(eager.on(x, y).loss), float(function(x, y).loss)
        close = np.isclose(one, other, rtol=1e-4, atol=1e-6)
        require(close, f"the loss of step {number + 1} is {one:.6g} for an eager step, and {other:.6g} in a graph")
    for place, (old, new) in enumerate(zip(eager.trained(), compiled.trained(), strict=True)):
        same = np.allclose(old, new, rtol=1e-3, atol=1e-5)
        require(same, f"after {MANY} steps, trainable variable {place} has other values in a graph than after eager steps")


@contract(
    "step-restores",
    "step",
    why="a resumed run must go on bit for bit as the killed one would have",
    fix="keep counters, sums and generators as tf.Variables in the list `variables`, made in the factory or in build",
    weight=2,
    needs=("made", "step-result"),
)
def restores(subject: Subject) -> None:
    """A new step with the old one's variables goes on as the old one does."""
    old = bench(subject)
    _some(old, subject, 0, 5)
    kept = old.values()
    fresh = bench(subject)
    require(len(kept) == len(fresh.variables), "after some steps, `variables` has another number of entries than before them")
    for variable, value in zip(fresh.variables, kept, strict=True):
        variable.assign(value)
    attributes = attributes_of(old.step)
    ends = [_some(one, subject, 5, MANY) for one in (old, fresh)]
    changing = [name for name, text in attributes_of(old.step).items() if attributes.get(name) != text]
    named = f"`{'`, `'.join(changing[:3])}` changes with the steps and" if changing else "something that it keeps or draws"
    require(_same(*ends), f"restored after step 5, it goes another way: {named} is not in `variables`")


@contract(
    "same-seed",
    "step",
    why="the same seed must give the same run, and a second run in one process must not inherit from the first",
    fix="keep state on the instance, not on the class or the module; draw numbers from a generator with the factory's seed",
    needs=("made", "step-result"),
)
def same_seed(subject: Subject) -> None:
    """Two steps, made one after the other, give the same values."""
    ends = [_some(bench(subject), subject, 0, MANY) for _time in range(2)]
    words = "it draws numbers, or shares state with the first"
    require(_same(*ends), f"a second step, made with the same seed, gives other values: {words}")


@contract(
    "step-not-finite",
    "step",
    why="one nan in the data would spread to every variable, and be saved",
    fix="finite = eagerloop.all_finite(value, gradients); update only if finite, and return it in the Step",
    needs=("made", "step-result"),
)
def not_finite(subject: Subject) -> None:
    """On a batch with a nan the update is left out, and the `Step` says that it is not finite."""
    import numpy as np  # noqa: PLC0415

    made = bench(subject)
    x, y = map(with_nan, batches(subject)[0])
    if equal(x, batches(subject)[0][0]) and equal(y, batches(subject)[0][1]):
        msg = "its data is whole numbers, which cannot be nan"
        raise NotApplicable(msg)
    before = made.trained()
    for _time in range(MANY):
        given = made.on(x, y)
        told = not bool(given.finite) or not np.isfinite(float(given.loss))
        require(told, "after a batch with nan, the Step says that it is finite")
    require(_same(before, made.trained()), "a batch with nan was trained on: the variables have changed")


@contract(
    "step-weights",
    "step",
    why="a step that takes weights of rows is given those of the data: they count in the loss, and for the metrics",
    fix="measure by eagerloop.loop.loss_of(loss, y, predictions, x, sample_weight), and return Step(..., sample_weight=...)",
    needs=("made", "step-result"),
)
def weights(subject: Subject) -> None:
    """Weights of 1 change nothing, twice the weights are twice the loss, and the `Step` has the weights."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    made = bench(subject)
    if "sample_weight" not in inspect.signature(made.step).parameters:
        msg = "it takes no weights of rows"
        raise NotApplicable(msg)
    x, y = batches(subject)[0]
    ones = tf.ones(int(rows_of(x)))
    steps = [bench(subject).on(x, y, *weight) for weight in ((), (ones,), (2 * ones,))]
    none, once, twice = (float(step.loss) for step in steps)
    require(
        np.isclose(none, once, rtol=1e-4), f"the loss is {none:.4g} without weights, and {once:.4g} with a weight of 1 each"
    )
    told = f"the loss is {once:.4g} with a weight of 1 for each row, and {twice:.4g} with 2 for each, not twice as much"
    require(np.isclose(2 * once, twice, rtol=1e-4), told)
    kept = steps[2].sample_weight
    same = kept is not None and np.array_equal(np.asarray(kept), np.asarray(2 * ones))
    require(same, f"the Step's sample_weight is {'None' if kept is None else 'another'}: metrics would count all rows alike")


@contract(
    "step-measure",
    "step",
    why="an evaluation must change nothing, and its loss and metrics are made from what measure returns",
    fix="predict with training=False, update nothing, and return eagerloop.Step(x, y, predictions, loss, ())",
    needs=("made", "step-result"),
)
def measure(subject: Subject) -> None:
    """`measure`, if there is one, returns a `Step` of the batch with a scalar loss, and changes no variable."""
    from eagerloop.running.tally import require_step  # noqa: PLC0415

    made = bench(subject)
    if not hasattr(made.step, "measure"):
        msg = "it has no `measure`: an evaluation predicts and calls the loss"
        raise NotApplicable(msg)
    x, y = batches(subject)[0]
    before = made.values()
    given = made.step.measure(made.model, made.loss, x, y)
    try:
        require_step(given)
    except PluginError as error:
        raise Fault(f"measure: {error}") from error  # noqa: EM102, TRY003 - as above
    require(_same(before, made.values()), "measure has changed variables: an evaluation would train, or count")
    _require_rows(given, x, "measure's")


def _require_rows(given: Any, x: Any, whose: str) -> None:
    """There is a prediction for each row of the batch."""
    rows = int(rows_of(x))
    for path, answer in leaves_by_path(given.predictions).items():
        shape = tuple(getattr(answer, "shape", ()))
        where = f" at {path}" if path else ""
        require(shape and shape[0] == rows, f"{whose} predictions have the shape {shape}{where} for {rows} rows")


def _some(made: Bench, subject: Subject, first: int, end: int) -> list[Any]:
    """The values after the steps from one number to another."""
    for number in range(first, end):
        made.on(*batches(subject)[number % 3])
    return made.values()


def _same(some: list[Any], others: list[Any]) -> bool:
    import numpy as np  # noqa: PLC0415

    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))
