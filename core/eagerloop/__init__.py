"""One GradientTape loop that you can read, made of parts that you can swap by name.

    import eagerloop
    run = eagerloop.train(epochs=10)
    run.history, run.predict(x), run.evaluate()

This door is light: TensorFlow is imported when a run is, not before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eagerloop import errors, parts, tables
from eagerloop.hooks import hookimpl
from eagerloop.parts import use

if TYPE_CHECKING:
    from eagerloop.data.arrays import ArrayDataset
    from eagerloop.data.splitting import split_rows
    from eagerloop.loop import Step, all_finite, train_step
    from eagerloop.running.opening import load, resume, train
    from eagerloop.running.run import Run
    from eagerloop.running.watching import watch

__version__ = "0.1.0"

__all__ = [
    "ArrayDataset",
    "Run",
    "Step",
    "all_finite",
    "errors",
    "hookimpl",
    "load",
    "parts",
    "resume",
    "split_rows",
    "tables",
    "train",
    "train_step",
    "use",
    "watch",
]

_LATER = {
    "data.arrays": ("ArrayDataset",),
    "data.splitting": ("split_rows",),
    "loop": ("Step", "all_finite", "train_step"),
    "running.opening": ("load", "resume", "train"),
    "running.run": ("Run",),
    "running.watching": ("watch",),
}


def __getattr__(name: str) -> Any:
    """Imports the module of a name when the name is first asked for; TensorFlow, which comes with it, without its greetings."""
    for module, names in _LATER.items():
        if name in names:
            from eagerloop.process.screen import quiet_import  # noqa: PLC0415 - needed once, by few programs

            with quiet_import():
                return getattr(import_module(f"eagerloop.{module}"), name)
    msg = f"module 'eagerloop' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
