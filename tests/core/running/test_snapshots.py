"""What is compared when a run is taken up, and what an observer may keep."""

import math

import pytest

import eagerloop
from eagerloop.errors import CheckpointError, PluginError
from eagerloop.running.comparing import HARMLESS, INEXACT, compare_records
from eagerloop.running.which_checkpoint import best_step


def record(**options):
    """A record whose dataset has some options."""
    return {"seed": 0, "dataset": {"name": "mine", "owner": "me", "version": "1", "options": options}}


@pytest.mark.parametrize("name", sorted({*HARMLESS, *INEXACT}))
def test_an_option_may_be_called_like_a_harmless_setting(name):
    """`keep` of a dataset is not the run's `keep`: changed in run.toml, it makes another run, and is refused."""
    with pytest.raises(CheckpointError, match=rf"dataset\.options\.{name}: 1 was saved, 2 now"):
        compare_records(record(**{name: 1}), record(**{name: 2}), "here")


def test_the_version_of_a_part_may_change_the_rounding():
    """It is told, and no more; so are the run's own settings."""
    newer = record() | {"dataset": record()["dataset"] | {"version": "2"}, "jit": True, "epochs": 20}
    assert compare_records(record() | {"jit": False, "epochs": 10}, newer, "here") == [
        "dataset.version: '1' was saved, '2' now",
        "jit: False was saved, True now",
    ]


class Keeping:
    """An observer with a state."""

    def __init__(self, state):
        self._state = state

    def on_epoch_end(self):
        """Nothing."""

    def state(self):
        return self._state


@pytest.mark.parametrize("state", [{1: "a"}, {"deep": [{"x": {None: 2}}]}, {True: 1}])
def test_keys_that_json_would_change_are_refused(state, tmp_path):
    """JSON has texts for keys alone: 1 would come back as "1"."""
    with pytest.raises(PluginError, match=r"observer '.*Keeping': state\(\) has the key (1|None|True), which JSON"):
        eagerloop.train(observers=[Keeping(state)], epochs=1, directory=tmp_path / "run")


CASES = [([math.nan, 3.0, 2.0], 3), ([2.0, math.nan, 3.0], 1), ([math.nan], None), ([math.inf, 5.0], 2), ([1.0, 1.0], 1)]


@pytest.mark.parametrize(("losses", "best"), CASES)
def test_no_epoch_with_nan_is_the_best(losses, best):
    """Whatever is compared with nan: the lowest number counts, the first of equal ones, and nan alone is no best."""
    history = [{"steps": 1, "val_loss": loss} for loss in losses]
    assert best_step(history) == best
