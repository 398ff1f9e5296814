"""What is done with a run that exists, a function for each command: predicting, evaluating, exporting, drawing, verifying.

And looking at a past step, listing and removing runs.

Nothing heavy is imported before one of them is asked for; what needs no TensorFlow (`find_runs`, `read_run`, `best_of_each`,
`remove_runs`) imports none.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eagerloop.afterwards.evaluation import evaluate_table
    from eagerloop.afterwards.exporting import export
    from eagerloop.afterwards.prediction import write_predictions
    from eagerloop.afterwards.replaying import record_of_step
    from eagerloop.afterwards.reporting import report
    from eagerloop.afterwards.runs import best_of_each, find_runs, read_run, remove_runs
    from eagerloop.afterwards.verifying import verify
    from eagerloop.inspection.step_record import read_step

_LATER = {
    **dict.fromkeys(("best_of_each", "find_runs", "read_run", "remove_runs"), "afterwards.runs"),
    "evaluate_table": "afterwards.evaluation",
    "export": "afterwards.exporting",
    "read_step": "inspection.step_record",
    "record_of_step": "afterwards.replaying",
    "report": "afterwards.reporting",
    "verify": "afterwards.verifying",
    "write_predictions": "afterwards.prediction",
}

__all__ = [
    "best_of_each",
    "evaluate_table",
    "export",
    "find_runs",
    "read_run",
    "read_step",
    "record_of_step",
    "remove_runs",
    "report",
    "verify",
    "write_predictions",
]


def __getattr__(name: str) -> Any:
    """Imports the module of a name when the name is first asked for."""
    if name in _LATER:
        from eagerloop.process.screen import quiet_import  # noqa: PLC0415 - needed once, by few programs

        with quiet_import():
            return getattr(import_module(f"eagerloop.{_LATER[name]}"), name)
    msg = f"module 'eagerloop.afterwards' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return [*__all__]
