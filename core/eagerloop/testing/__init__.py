"""The contract suite: what eagerloop asks of a part, as checks that an author, a user or a grader can run.

With pytest, one class and one fixture:

    from eagerloop.testing import LossContract
    from my_package import pinball

    class TestPinball(LossContract):
        @pytest.fixture
        def factory(self):
            return pinball

Without: `eagerloop check NAME|FILE|DISTRIBUTION`, or `eagerloop.testing.check("loss", pinball)`. Nothing here is loaded
unless it is imported: there is no pytest plugin. pytest itself is imported when one of the classes is asked for.

**Exceptions.** A part that rightly breaks a check says so, with the reason: in the class, `exceptions = {"model-overfits": "its
weights are fixed"}`, or on the factory, `pinball.contract_exceptions = {...}`. A reason that is missing is a failure.
"""

from importlib import import_module
from typing import Any

from eagerloop.testing.checks import Check, Fault, NotApplicable, Result
from eagerloop.testing.suite import check, checks_of

_CONTRACTS = {
    kind: f"{kind.capitalize()}Contract"
    for kind in ("dataset", "model", "loss", "schedule", "optimizer", "step", "checkpointer", "metric", "observer")
}

__all__ = ["Check", "Fault", "NotApplicable", "Result", "check", "checks_of", *_CONTRACTS.values()]  # noqa: PLE0604 - strings


def __getattr__(name: str) -> Any:
    """Imports the pytest classes, and with them pytest, when one is first asked for."""
    if name in _CONTRACTS.values():
        return getattr(import_module("eagerloop.testing.contracts"), name)
    msg = f"module 'eagerloop.testing' has no attribute {name!r}"
    raise AttributeError(msg)
