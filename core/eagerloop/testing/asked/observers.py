"""What is asked of an observer."""

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

from eagerloop.errors import PluginError
from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require

EPOCHS = 3


@contract(
    "observer-hooks",
    "observer",
    why="a hook with a wrong name or argument is never called, or raises in the middle of a run",
    fix="use the names of the lifecycle hooks, and of their arguments only those that they have",
    weight=2,
)
def hooks(subject: Subject) -> None:
    """Every `on_...` is a hook, with arguments that the loop passes."""
    import inspect  # noqa: PLC0415

    from eagerloop.hooks import LIFECYCLE, LifecycleHooks, Observers  # noqa: PLC0415

    observer = subject.make()
    try:
        Observers([observer])
    except PluginError as error:
        raise Fault(str(error)) from error
    for name in LIFECYCLE:
        known = inspect.signature(getattr(LifecycleHooks, name)).parameters
        given = inspect.signature(getattr(observer, name)).parameters if hasattr(observer, name) else {}
        for argument, parameter in dict(given).items():
            default = parameter.default is not parameter.empty
            require(
                not (default and argument in known), f"hook {name}: argument '{argument}' has a default, so it is never passed"
            )


@contract(
    "observer-state",
    "observer",
    why="what an observer has seen is kept in the checkpoints as JSON, and given to a new one on a resume",
    fix="return a dict of numbers, texts, lists and None from state(), and set the same attributes in restore(state)",
    needs=("made", "observer-hooks"),
)
def state(subject: Subject) -> None:
    """Its state is JSON, and a new observer takes it up."""
    observer = subject.make()
    both = [hasattr(observer, name) for name in ("state", "restore")]
    if not any(both):
        msg = "it has neither state() nor restore(): it keeps nothing"
        raise NotApplicable(msg)
    require(both[0], "it has restore() alone, and never gets anything to restore")
    _trained(observer)
    kept = observer.state()
    require(both[1] or not kept, f"state() gives {kept}, and there is no restore() to take it up")
    if not both[1]:
        return
    try:
        back = json.loads(json.dumps(kept))
    except (TypeError, ValueError) as error:
        msg = f"state() gave what JSON cannot hold: {error}"
        raise Fault(msg) from error
    fresh = subject.make()
    fresh.restore(back)
    again = json.loads(json.dumps(fresh.state()))
    require(again == back, f"state() was {back}; after restore() of it, it is {again}")


@contract(
    "observer-harmless",
    "observer",
    why="whoever watches a run must not change its numbers",
    fix="change nothing of run or step, and draw from a generator of your own",
    weight=2,
    needs=("made", "observer-hooks"),
)
def harmless(subject: Subject) -> None:
    """A short run has the same losses with it as without it, as far as it lets it go."""
    alone, watched = _trained(None), _trained(subject.make())
    for one, other in zip(alone, watched, strict=False):
        require(
            one["loss"] == other["loss"],
            f"epoch {one['epoch']} has the loss {other['loss']:.7g} with it, {one['loss']:.7g} without",
        )


class _Nothing:
    """A checkpointer for runs that nobody will continue."""

    keeps_nothing = True

    def write(self, directory: Path, state: Any) -> None:
        """Writes nothing."""

    def read(self, directory: Path, state: Any) -> None:
        """Reads nothing."""


def _trained(observer: Any) -> list[dict[str, Any]]:
    """The history of a short run on a small table, watched by the observer."""
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    from eagerloop.running.opening import train  # noqa: PLC0415
    from eagerloop.testing.trying.trials import BATCHES  # noqa: PLC0415

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(4, activation="tanh"), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()):
        run = train(
            dataset=BATCHES[0]().dataset, model=model, loss=lambda y, answer: tf.reduce_mean(tf.square(y - answer)),
            optimizer=keras.optimizers.SGD(0.05), checkpointer=_Nothing(), metrics=[],
            observers=[] if observer is None else [observer], epochs=EPOCHS, directory=Path(directory) / "run",
        )  # fmt: skip
    return list(run.history)
