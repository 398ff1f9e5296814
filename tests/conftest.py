"""What all tests share: a quiet TensorFlow, and a working directory of their own."""

import gc
import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "proofs"))  # the long proofs: what they are made of, tests use too

# Read when TensorFlow is imported, which test modules do while they are collected: too early for a fixture.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

LONGEST = (
    "test_kills.py",
    "test_worker_kills.py",
    "test_interrupts.py",
    "test_builtin_parts.py",
    "test_broken_parts.py",
    "test_disk.py",
    "test_matrix.py",
    "test_answers.py",
    "test_exports.py",
    "test_new.py",
    "test_mirrored.py",
    "test_launch.py",
    "test_code_blocks.py",
    "test_plots.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item):
    """Of a sweep (one test over many parts, places or grains) the first cases run always, the others with the long ones."""
    sweep = item.get_closest_marker("sweep")
    if sweep and sum(item.callspec.indices.values()) >= sweep.args[0]:
        item.add_marker(pytest.mark.long)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The files that take longest go first: one that began last would keep one process busy, and the others waiting for it."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True, scope="session")
def own_options():
    """What `.ci/run` asks of this run (coverage, durations) is not asked of the pytest that a test starts."""
    os.environ.pop("PYTEST_ADDOPTS", None)


def pytest_collection_finish():
    """What was imported stays: the collector of cycles need not go through TensorFlow's million objects again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_directory(tmp_path, monkeypatch):
    """Runs are made below the working directory where no other is named: never in the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def program():
    """Runs a program in a process of its own: `program(code, *words)`, as `subprocess.run` of `python -c` would."""
    import warm

    programs = warm.Programs()
    yield programs
    programs.close()


class StopsAt:
    """An observer that ends its run after a step."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, run):
        if run.position.step == self.step:
            run.stop("the test wants it")


@pytest.fixture
def stops_at():
    """`stops_at(7)` is an observer that ends its run after step 7."""
    return StopsAt


@pytest.fixture(autouse=True)
def no_seed_of_another():
    """TensorFlow's global seed of the test before would seed what a test leaves to chance."""
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(None)


@pytest.fixture(autouse=True, scope="session")
def own_home(tmp_path_factory):
    """The key of the seals is drawn in a directory of the tests' own: never in the user's."""
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("config"))
