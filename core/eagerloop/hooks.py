"""The hooks that plugins implement (pluggy, entry-point group `eagerloop`).

A plugin is a module, or any object, with functions marked `@eagerloop.hookimpl`. The provider hooks offer parts by name:

    import eagerloop

    @eagerloop.hookimpl
    def provide_losses():
        return {"pinball": pinball}

The lifecycle hooks are methods of an observer, which acts only in the runs that were told to use it; there, the marker may
be left out. A run calls them in the order that is written here, and observers in the order that the user gave.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

from eagerloop.errors import PluginError, did_you_mean

if TYPE_CHECKING:
    from eagerloop.loop import Step
    from eagerloop.standing import ObservedRun

GROUP = "eagerloop"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)

Factories = Mapping[str, Callable[..., Any]]


class ProviderHooks:
    """Called once each, when the catalog is read; each returns `{name: factory}` and must not import TensorFlow."""

    @hookspec
    def provide_datasets(self) -> Factories:  # type: ignore[empty-body]
        """Factories of `Dataset`s, or of `(train, test)` pairs of batched `tf.data.Dataset`s of `(x, y)`."""

    @hookspec
    def provide_models(self) -> Factories:  # type: ignore[empty-body]
        """Factories of callables `model(x, training) -> predictions` with variables."""

    @hookspec
    def provide_losses(self) -> Factories:  # type: ignore[empty-body]
        """Factories of callables `loss(y_true, y_pred) -> scalar`."""

    @hookspec
    def provide_schedules(self) -> Factories:  # type: ignore[empty-body]
        """Factories of callables `schedule(step) -> learning rate`."""

    @hookspec
    def provide_optimizers(self) -> Factories:  # type: ignore[empty-body]
        """Factories of objects with `apply_gradients` and `variables`."""

    @hookspec
    def provide_steps(self) -> Factories:  # type: ignore[empty-body]
        """Factories of callables `step(model, loss, optimizer, x, y) -> eagerloop.Step`."""

    @hookspec
    def provide_checkpointers(self) -> Factories:  # type: ignore[empty-body]
        """Factories of objects with `write(directory, state)` and `read(directory, state)`."""

    @hookspec
    def provide_metrics(self) -> Factories:  # type: ignore[empty-body]
        """Factories of objects with `update_state`, `result` and `reset_state`."""

    @hookspec
    def provide_observers(self) -> Factories:  # type: ignore[empty-body]
        """Factories of objects with any of the lifecycle hooks."""


class LifecycleHooks:
    """Called by the loop, in this order, on the observers of a run."""

    @hookspec
    def on_train_begin(self, run: "ObservedRun") -> None:
        """Before the first epoch, when every part is built and, on a resume, restored."""

    @hookspec
    def on_epoch_begin(self, run: "ObservedRun", epoch: int) -> None:
        """Before the first batch of an epoch (counted from 1), or before the first batch after a resume."""

    @hookspec
    def on_step_end(self, run: "ObservedRun", step: "Step") -> None:
        """After each update. `step` holds x, y, predictions, loss and gradients."""

    @hookspec
    def on_epoch_end(self, run: "ObservedRun", epoch: int, metrics: Mapping[str, float]) -> None:
        """After the last batch of an epoch and the validation. `metrics` is the new row of the history."""

    @hookspec
    def on_train_end(self, run: "ObservedRun") -> None:
        """After the last epoch, or after `run.stop(reason)`."""

    @hookspec
    def on_exception(self, run: "ObservedRun", error: BaseException) -> None:
        """When an error ends the run, before it is raised."""


LIFECYCLE = tuple(name for name in vars(LifecycleHooks) if name.startswith("on_"))
PROVIDERS = {name.removeprefix("provide_"): name for name in vars(ProviderHooks) if name.startswith("provide_")}


class Observers(pluggy.PluginManager):
    """The observers of one run, called in the order in which they are given.

    Args:
        observers: Objects with any of the lifecycle hooks, marked or not.

    Raises:
        PluginError: An object has no lifecycle hook, a misspelt one, or one with arguments that the loop does not pass.
    """

    def __init__(self, observers: Iterable[object]) -> None:
        super().__init__(GROUP)
        self.add_hookspecs(LifecycleHooks)
        for number, observer in reversed(list(enumerate(observers, 1))):  # pluggy calls the last registered first
            name = type(observer).__name__
            public = [key for key in dir(observer) if key.startswith("on_")]
            for key in public:
                if key not in LIFECYCLE:
                    msg = f"observer {name} has a hook '{key}' that nobody calls; {did_you_mean(key, LIFECYCLE)}"
                    raise PluginError(msg)
            if not public:
                msg = f"observer {name} has no lifecycle hook; give it one of {', '.join(LIFECYCLE)}"
                raise PluginError(msg)
            try:
                self.register(observer, name=f"{name} (observer {number})")
            except (pluggy.PluginValidationError, ValueError) as error:
                msg = f"observer {name}: {' '.join(str(error).split())}"
                raise PluginError(msg) from error

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        """Takes a method by its name alone: an observer need not know pluggy."""
        if name in LIFECYCLE and callable(getattr(plugin, name)):
            return super().parse_hookimpl_opts(plugin, name) or dict.fromkeys(
                ("hookwrapper", "wrapper", "optionalhook", "tryfirst", "trylast"), False
            ) | {"specname": None}
        return None
