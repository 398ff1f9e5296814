"""Hooks: which there are, what an observer may be, in which order observers are called."""

import pytest

import eagerloop
from eagerloop.errors import PluginError
from eagerloop.hooks import GROUP, LIFECYCLE, PROVIDERS, Observers
from eagerloop.parts import KINDS


class Named:
    """An observer that writes its name down."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def on_epoch_begin(self, run, epoch):
        self.log.append((self.name, run, epoch))


def test_hooks_are_those_of_the_design():
    """One provider a kind, and six lifecycle hooks in the order in which the loop calls them."""
    assert list(PROVIDERS) == [
        "datasets",
        "models",
        "losses",
        "schedules",
        "optimizers",
        "steps",
        "checkpointers",
        "metrics",
        "observers",
    ]
    assert len(PROVIDERS) == len(KINDS)
    assert LIFECYCLE == ("on_train_begin", "on_epoch_begin", "on_step_end", "on_epoch_end", "on_train_end", "on_exception")
    assert GROUP == "eagerloop"


def test_observers_are_called_in_the_order_given():
    """First given, first called."""
    log = []
    hook = Observers([Named("a", log), Named("b", log), Named("c", log)]).hook
    hook.on_epoch_begin(run="run", epoch=2)
    assert log == [("a", "run", 2), ("b", "run", 2), ("c", "run", 2)]


def test_hooks_that_nobody_has_do_nothing():
    """The loop calls every hook, whoever listens."""
    assert Observers([]).hook.on_train_end(run=None) == []


def test_an_observer_takes_only_the_arguments_it_wants():
    """A hook may leave arguments out, and may be marked or not."""
    seen = []

    class Few:
        def on_step_end(self, step):
            seen.append(step)

        @eagerloop.hookimpl
        def on_train_end(self):
            seen.append("end")

    hook = Observers([Few()]).hook
    hook.on_step_end(run=None, step=7)
    hook.on_train_end(run=None)
    assert seen == [7, "end"]


def test_markers_may_change_the_order():
    """Who knows pluggy may ask to be called first."""
    log = []

    class First(Named):
        @eagerloop.hookimpl(tryfirst=True)
        def on_epoch_begin(self, run, epoch):
            super().on_epoch_begin(run, epoch)

    Observers([Named("a", log), First("b", log)]).hook.on_epoch_begin(run=None, epoch=1)
    assert [name for name, _run, _epoch in log] == ["b", "a"]


def test_a_misspelt_hook_is_refused():
    """A hook that nobody calls would be a silent nothing."""

    class Misspelt:
        def on_epoch_ends(self, run): ...

    message = (
        r"observer Misspelt has a hook 'on_epoch_ends' that nobody calls; did you mean 'on_epoch_end'\? Known: on_epoch_begin"
    )
    with pytest.raises(PluginError, match=message):
        Observers([Misspelt()])


def test_an_observer_without_hooks_is_refused():
    """An object that would never be called is no observer."""
    with pytest.raises(
        PluginError, match=r"observer object has no lifecycle hook; give it one of on_train_begin, on_epoch_begin"
    ):
        Observers([object()])


def test_arguments_that_the_loop_does_not_pass_are_refused():
    """The hook and its signature are named."""

    class Greedy:
        def on_epoch_end(self, run, epoch, metrics, logs): ...

    with pytest.raises(PluginError, match=r"observer Greedy: .*on_epoch_end.*'logs'"):
        Observers([Greedy()])


def test_one_object_cannot_observe_twice():
    """It would see everything twice without being asked to."""
    observer = Named("a", [])
    with pytest.raises(PluginError, match=r"observer Named: .*already registered"):
        Observers([observer, observer])
