"""The suite itself: its pytest classes, exceptions with reasons, counting, and staying light."""

import subprocess
import sys

import pytest

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop.testing import check, checks_of

pytest_plugins = ["pytester"]

PART = '''
import pytest
from eagerloop.testing import LossContract

def scaled(*, factor: float = 1.0):
    """Mean squared error, times a factor."""
    import tensorflow as tf
    return lambda y_true, y_pred: factor * tf.reduce_mean(tf.square(y_true - y_pred))

def vector():
    """A value for each row."""
    import tensorflow as tf
    return lambda y_true, y_pred: tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)
'''

QUIET = ["-p", "no:randomly", "-p", "no:cacheprovider", "-rs", "-s"]


def test_a_class_with_one_fixture_runs_every_check(pytester):
    """A correct part passes: a test for each check, and one that prints how many there were."""
    pytester.makepyfile(
        PART + "\nclass TestScaled(LossContract):\n    @pytest.fixture\n    def factory(self):\n        return scaled\n"
    )
    done = pytester.runpytest_inprocess(*QUIET)

    ran = len(checks_of("loss")) - 1  # it takes no weights of rows
    done.assert_outcomes(passed=ran + 2, skipped=1)  # and one for the exceptions, one that counts
    done.stdout.fnmatch_lines([f"*eagerloop.testing: {ran} checks of a loss ran*"])


def test_a_fault_fails_with_reason_and_remedy(pytester):
    """What is wrong, why it matters and what to do stand in the failure; a declared exception is a skip with its reason."""
    pytester.makepyfile(
        PART
        + "\nclass TestVector(LossContract):\n    @pytest.fixture\n    def factory(self):\n        return vector\n"
        + '\nclass TestExcused(TestVector):\n    exceptions = {"loss-scalar": "reduced elsewhere"}\n'
    )
    done = pytester.runpytest_inprocess(*QUIET, "-v")

    done.stdout.re_match_lines_random(
        [r".*TestVector.*\[loss-scalar\] .*FAILED.*", r".*TestExcused.*\[loss-scalar\] .*SKIPPED.*"]
    )
    assert done.parseoutcomes()["failed"] == 1
    done.stdout.fnmatch_lines(["*loss-scalar: it gave the shape (12,)*", "*why it matters:*", "*what to do: reduce it*"])
    done.stdout.fnmatch_lines(["*excused: reduced elsewhere*"])


def test_a_part_that_cannot_be_made_fails_the_count(pytester):
    """Where an option without a default is not given, nothing was checked, and that is a failure."""
    pytester.makepyfile(
        PART.replace("factor: float = 1.0", "factor: float")
        + "\nclass TestScaled(LossContract):\n    @pytest.fixture\n    def factory(self):\n        return scaled\n"
        + "\nclass TestGiven(TestScaled):\n    @pytest.fixture\n    def options(self):\n        return {'factor': 2.0}\n"
    )
    done = pytester.runpytest_inprocess(*QUIET)

    assert done.parseoutcomes()["failed"] == 1
    done.stdout.fnmatch_lines(["*no check of what the loss does was run: the part needs the option factor*"])


def no_docstring(y_true, y_pred):
    import tensorflow as tf

    return tf.reduce_mean(tf.square(y_true - y_pred))


@pytest.mark.parametrize(
    ("exceptions", "words"),
    [
        ({"docstring": " "}, "the exception 'docstring' has no reason"),
        ({"docstrings": "a reason"}, "there is no check 'docstrings' for this kind; did you mean 'docstring'"),
    ],
)
def test_an_exception_needs_a_reason_and_a_check(exceptions, words):
    """An exception that explains nothing, or excuses nothing, is a failure itself."""
    failed = {result.name: result.message for result in check("loss", no_docstring, exceptions=exceptions)}

    assert words in failed["exceptions"]


def test_an_excused_check_keeps_its_weight():
    """A grader sees that the point was not earned; the author's own declaration on the factory counts."""
    no_docstring.contract_exceptions = {"docstring": "a test double"}
    try:
        found = {result.name: result for result in check("loss", no_docstring)}
    finally:
        del no_docstring.contract_exceptions

    assert found["docstring"].status == "skipped"
    assert found["docstring"].weight == 1
    assert "a test double" in found["docstring"].message


def test_an_unknown_kind_is_refused():
    """The nearest kind is named."""
    with pytest.raises(ConfigError, match="there is no kind 'losses'; did you mean 'loss'"):
        check("losses", no_docstring)


def test_names_of_checks_are_unique_and_explained():
    """Exceptions and graders refer to checks by name; each says why it matters and what to do."""
    for kind in ("dataset", "model", "loss", "optimizer", "checkpointer", "metric", "observer"):
        names = [one.name for one in checks_of(kind)]
        assert len(names) == len(set(names))
        assert all(one.why and one.fix and one.weight > 0 for one in checks_of(kind))


def test_importing_the_suite_imports_neither_pytest_nor_tensorflow():
    """A user without pytest can use `check`; pytest is imported with the classes, TensorFlow with the first check."""
    heavy = "[m for m in ('pytest', 'tensorflow', 'keras') if m in sys.modules]"
    code = f"import sys, eagerloop.testing as t; t.checks_of('model'); print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def weighted(rows=24):
    """Batches with weights of rows."""
    import numpy as np  # here: a loss of this file is looked at for what the file imports

    x = np.random.default_rng(0).uniform(0.1, 0.9, size=(rows, 3)).astype("float32")
    return eagerloop.ArrayDataset((x, x[:, :1], np.ones(rows)), (x, x[:, :1]), batch_size=12)


def test_a_dataset_of_ones_own_may_have_weights():
    """A loss is tried on its targets."""

    def mean_squared(y_true, y_pred):
        """Mean squared error."""
        import tensorflow as tf

        return tf.reduce_mean(tf.square(y_true - y_pred))

    found = {result.name: result.status for result in check("loss", mean_squared, dataset=weighted())}
    assert found["loss-minimal"] == "ok"
    assert "failed" not in found.values()
