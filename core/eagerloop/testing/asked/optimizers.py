"""What is asked of an optimizer. It is tried on sums of squares, of three variables of different shapes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from eagerloop.testing.checks import NotApplicable, Subject, contract, require
from eagerloop.testing.trying.optimizing import STARTS, STEPS, attributes_of, built, keras_one, native, steps


@contract(
    "optimizer-variables",
    "optimizer",
    why="what stands in `variables` after `build` is saved and restored; what appears later, or is exchanged, is lost",
    fix="make all state in build(variables), as tf.Variables in the list `variables`, and assign to them afterwards",
    weight=2,
)
def variables_kept(subject: Subject) -> None:
    """After `build` there are the variables that there will be: the same objects, step after step."""
    optimizer, trained = built(subject)
    require(not callable(optimizer.variables), "`variables` is a method, and must be a property or a list")
    before = list(optimizer.variables)
    copies = any(one is not other for one, other in zip(before, optimizer.variables, strict=False))
    require(not copies, "`variables` gives copies, other objects each time: what is restored into them has no effect")
    for variable in before:
        require(hasattr(variable, "assign"), f"`variables` holds {type(variable).__name__}, which is no variable")
    steps(optimizer, trained, 2)
    after = list(optimizer.variables)
    require(
        len(after) == len(before), f"`variables` has {len(before)} entries after build, and {len(after)} after the first step"
    )
    same = all(one is other for one, other in zip(before, after, strict=True))
    require(same, "`variables` holds other objects after a step than before: what is restored into them has no effect")


@contract(
    "optimizer-lowers",
    "optimizer",
    why="that is what it is for",
    fix="move every variable against its gradient; take the pairs as they come, an iterator can be gone through once",
    weight=2,
)
def lowers(subject: Subject) -> None:
    """A sum of squares is lower after some steps, in each of the variables."""
    import numpy as np  # noqa: PLC0415

    optimizer, trained = built(subject)
    steps(optimizer, trained, 1)
    begin, now = (sum(float(np.sum(np.square(array))) for array in arrays) for arrays in (STARTS, [v.numpy() for v in trained]))
    require(
        not now > begin * 1.000001,
        f"its first step raises a sum of squares from {begin:.4g} to {now:.4g}: it goes up the gradient",
    )
    steps(optimizer, trained, STEPS - 1)
    still = all(np.array_equal(variable.numpy(), start) for start, variable in zip(STARTS, trained, strict=True))
    require(not still, "no variable has moved: the pairs come as an iterator, which can be gone through once")
    for start, variable in zip(STARTS, trained, strict=True):
        first, last = float(np.sum(np.square(start))), float(np.sum(np.square(variable.numpy())))
        shape = tuple(variable.shape)
        require(np.isfinite(last), f"after {STEPS} steps on a sum of squares, the variable of shape {shape} is not finite")
        require(last != first, f"after {STEPS} steps on a sum of squares, the variable of shape {shape} has not moved")
        require(last < first, f"it diverges: after {STEPS} steps, a sum of squares has risen from {first:.4g} to {last:.4g}")


@contract(
    "optimizer-restores",
    "optimizer",
    why="a resumed run must go on bit for bit as the killed one would have",
    fix="keep step counters, means and rates as tf.Variables in `variables`, not as Python or NumPy values",
    weight=2,
    needs=("made", "optimizer-variables"),
)
def restores(subject: Subject) -> None:
    """A new optimizer with the old one's variables takes the old one's next steps."""
    import numpy as np  # noqa: PLC0415

    optimizer, trained = built(subject)
    steps(optimizer, trained, 4)
    kept = [np.array(variable.numpy()) for variable in optimizer.variables]
    places = [variable.numpy() for variable in trained]
    fresh, others = built(subject, [np.array(place) for place in places])
    require(len(kept) == len(fresh.variables), "a new optimizer has another number of variables")
    for variable, value in zip(fresh.variables, kept, strict=True):
        variable.assign(value)
    attributes = attributes_of(optimizer)
    steps(optimizer, trained, 3)
    steps(fresh, others, 3)
    changing = [name for name, value in attributes_of(optimizer).items() if attributes.get(name) != value]
    named = f"`{'`, `'.join(changing[:3])}` changes with the steps and" if changing else "something that it keeps or draws"
    for one, other in zip(trained, others, strict=True):
        same = np.array_equal(one.numpy(), other.numpy())
        require(same, f"restored after step 4, it goes another way: {named} is not in `variables`")


@contract(
    "same-seed",
    "optimizer",
    why="the same seed must give the same run, and a second run in one process must not inherit from the first",
    fix="keep state on the instance, not on the class or the module; draw numbers from a seeded generator",
)
def same_seed(subject: Subject) -> None:
    """Two optimizers, made one after the other, take the same steps."""
    import numpy as np  # noqa: PLC0415

    ends = []
    for _time in range(2):
        optimizer, trained = built(subject)
        steps(optimizer, trained, 5)
        ends.append([variable.numpy() for variable in trained])
    same = all(np.array_equal(one, other) for one, other in zip(*ends, strict=True))
    require(
        same, "a second optimizer, made with the same seed, takes other steps: it draws numbers, or shares state with the first"
    )


@contract(
    "optimizer-either-variable",
    "optimizer",
    why="a Keras model's variables are keras.Variables, those of a tf.Module tf.Variables",
    fix="use only assign, assign_sub, shape and dtype of a variable; take v.value where a tf.Variable is needed",
    needs=("made", "optimizer-lowers"),
)
def either_variable(subject: Subject) -> None:
    """It takes the same steps on both kinds of variable."""
    import numpy as np  # noqa: PLC0415

    ends = []
    for make in (native, keras_one):
        optimizer, trained = built(subject, make=make)
        steps(optimizer, trained, 3)
        ends.append([np.array(variable.numpy()) for variable in trained])
    for one, other in zip(*ends, strict=True):
        require(
            np.allclose(one, other, rtol=1e-4, atol=1e-6),
            f"it moves a keras.Variable of shape {one.shape} otherwise than a tf.Variable",
        )


@contract(
    "optimizer-zero-gradient",
    "optimizer",
    why="units that are off, and layers before them, have gradients of exactly 0",
    fix="add an epsilon to what you divide by",
    needs=("made", "optimizer-lowers"),
)
def zero_gradient(subject: Subject) -> None:
    """A gradient of 0 leaves the variables finite."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    optimizer, trained = built(subject)
    for _time in range(2):
        optimizer.apply_gradients(zip([tf.zeros(variable.shape) for variable in trained], trained, strict=True))
    for variable in trained:
        require(np.isfinite(variable.numpy()).all(), f"a gradient of 0 makes the variable of shape {tuple(variable.shape)} nan")


@contract(
    "optimizer-same-names",
    "optimizer",
    why="two layers may give their variables the same name",
    fix="keep slots by the variable's place in build(variables), not by its name",
    needs=("made", "optimizer-lowers"),
)
def same_names(subject: Subject) -> None:
    """Variables of one name are moved as others are."""
    import numpy as np  # noqa: PLC0415

    ends = []
    make = keras_one if subject.trial.keras_variables else native
    for names in (("one", "two"), ("kernel", "kernel")):
        called = dict(zip(("variable0", "variable1"), names, strict=True))
        optimizer, trained = built(subject, ((3.0, -2.0), (1.0, 5.0)), partial(_renamed, make, called))
        steps(optimizer, trained, 4)
        ends.append([variable.numpy() for variable in trained])
    same = all(np.array_equal(one, other) for one, other in zip(*ends, strict=True))
    require(same, "two variables of the same name are moved otherwise than two of different names")


def _renamed(make: Callable[..., Any], called: Mapping[str, str], start: Any, name: str) -> Any:
    return make(start, called[name])


@contract(
    "optimizer-learning-rate",
    "optimizer",
    why="an option that does nothing misleads whoever turns it",
    fix="use the option `learning_rate` in the update",
    needs=("made", "optimizer-lowers"),
)
def learning_rate(subject: Subject) -> None:
    """Another `learning_rate` gives other steps."""
    import numpy as np  # noqa: PLC0415

    from eagerloop.choices.options import options_of  # noqa: PLC0415

    option = options_of(subject.factory).get("learning_rate")
    if option is None:
        msg = "it has no option learning_rate"
        raise NotApplicable(msg)
    ends = []
    for rate in (0.0005, 0.005):
        optimizer, trained = built(subject, options={"learning_rate": rate})
        steps(optimizer, trained, 3)
        ends.append([np.array(variable.numpy()) for variable in trained])
    same = all(np.array_equal(one, other) for one, other in zip(*ends, strict=True))
    require(not same, "the option learning_rate does nothing: 0.0005 and 0.005 give the same steps")
