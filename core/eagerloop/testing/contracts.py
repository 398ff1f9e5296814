"""The suite as pytest classes, one for each kind. Importing this module imports pytest."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from eagerloop.testing.checks import Result
from eagerloop.testing.suite import check, checks_of


class _Contract:
    """What all the classes have: a test for each check, and one that counts them.

    Attributes:
        kind: The kind of part.
        exceptions: Reasons by the names of the checks that the part rightly breaks.
    """

    kind: ClassVar[str]
    exceptions: ClassVar[Mapping[str, str]] = {}
    _found: ClassVar[dict[int, tuple[Any, list[Result]]]] = {}

    @pytest.fixture
    def factory(self) -> Callable[..., Any]:
        """The part's factory: the one fixture that an author must write."""
        msg = f"{type(self).__name__} needs a fixture `factory` that returns the factory of a {self.kind}"
        raise NotImplementedError(msg)

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        """Values for options, where some have no default."""
        return {}

    @pytest.fixture
    def dataset(self) -> Any:
        """Data to try the part on, where the suite's own samples do not suit it."""
        return None

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Makes a test of each check."""
        if "check_name" in metafunc.fixturenames:
            metafunc.parametrize("check_name", ["exceptions", *(one.name for one in checks_of(self.kind))])

    def results(self, factory: Callable[..., Any], options: Mapping[str, Any], dataset: Any) -> list[Result]:
        """What the checks find, run once for each factory."""
        known = type(self)._found  # noqa: SLF001 - its own
        if id(factory) not in known:
            found = check(self.kind, factory, options=options, dataset=dataset, exceptions=self.exceptions)
            known[id(factory)] = (factory, found)  # holding the factory keeps its id from being given away
        return known[id(factory)][1]

    def __init_subclass__(cls) -> None:
        """Every class has findings of its own: another one may excuse other checks."""
        cls._found = {}

    def test_check(self, check_name: str, factory: Any, options: Any, dataset: Any) -> None:
        """The part does what the check asks, or it is excused with a reason."""
        for result in self.results(factory, options, dataset):
            if result.name == check_name and result.status == "failed":
                pytest.fail(
                    f"{result.name}: {result.message}\n  why it matters: {result.why}\n  what to do: {result.fix}",
                    pytrace=False,
                )
            if result.name == check_name and result.status == "skipped":
                pytest.skip(result.message)

    def test_some_checks_ran(self, factory: Any, options: Any, dataset: Any) -> None:
        """The number of checks is printed, and none is a failure: a suite that checks nothing proves nothing."""
        results = self.results(factory, options, dataset)
        counts = {status: sum(one.status == status for one in results) for status in ("ok", "failed", "skipped")}
        ran = counts["ok"] + counts["failed"]
        print(f"eagerloop.testing: {ran} checks of a {self.kind} ran: {', '.join(f'{n} {word}' for word, n in counts.items())}")  # noqa: T201
        first = next((one for one in results if one.name == "made"), None)
        if not ran or (first is not None and first.status == "skipped"):
            pytest.fail(
                f"no check of what the {self.kind} does was run: {first.message if first else 'all are excused'}",
                pytrace=False,
            )


class DatasetContract(_Contract):
    """The contract of a dataset; give it a fixture `factory`."""

    kind = "dataset"


class ModelContract(_Contract):
    """The contract of a model; give it a fixture `factory`."""

    kind = "model"


class LossContract(_Contract):
    """The contract of a loss; give it a fixture `factory`, a plain function of `y_true` and `y_pred` will do."""

    kind = "loss"


class ScheduleContract(_Contract):
    """The contract of a schedule; give it a fixture `factory`, a plain function of `step` will do."""

    kind = "schedule"


class OptimizerContract(_Contract):
    """The contract of an optimizer; give it a fixture `factory`."""

    kind = "optimizer"


class StepContract(_Contract):
    """The contract of a step; give it a fixture `factory`, a plain function of `model, loss, optimizer, x, y` will do."""

    kind = "step"


class CheckpointerContract(_Contract):
    """The contract of a checkpointer; give it a fixture `factory`."""

    kind = "checkpointer"


class MetricContract(_Contract):
    """The contract of a metric; give it a fixture `factory`."""

    kind = "metric"


class ObserverContract(_Contract):
    """The contract of an observer; give it a fixture `factory`."""

    kind = "observer"
