"""Real SIGKILLs: 24 of the 200 that `tests/proofs/kills.py --count 200` makes."""

import json
import random
import subprocess
import sys

import kills
import pytest

pytestmark = pytest.mark.long

COUNT = 24


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What became of each configuration. A process of its own runs them: one that has used TensorFlow cannot be forked."""
    answer = tmp_path_factory.mktemp("kills") / "results.json"
    words = [sys.executable, kills.__file__, "--count", str(COUNT), "--json", str(answer)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=1800)
    assert answer.exists(), done.stderr
    return {result["configuration"]: result for result in json.loads(answer.read_text())}


CONFIGURATIONS = (
    "iris-tf",
    "iris-npz",
    "csv-shuffle-tf",
    "batchnorm-dropout-adam-npz",
    "batchnorm-dropout-adam-tf",
    "save-async-tf",
    "save-every-npz",
    "compiled-tf",
)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_killed_run_is_resumed_bit_for_bit(results, name):
    """After each kill and at the end: variables, generators, metrics, observers and history of the run never killed."""
    assert not results[name]["faults"], "\n".join(results[name]["faults"])
    assert len(results[name]["kills"]) == COUNT // len(CONFIGURATIONS)


def test_every_kind_of_point_is_hit():
    """Three kills of each configuration are at each named operation, and at random times."""
    plans = (kills.points(3, random.Random(f"{name} 0")) for name in CONFIGURATIONS)  # noqa: S311 - not for secrets
    assert {point for plan in plans for point, _moment, _turn in plan} == {*kills.POINTS, "time"}


def test_these_are_the_configurations_of_the_script(tmp_path):
    """No configuration of the script is left out here."""
    assert tuple(item.name for item in kills.configurations(tmp_path)) == CONFIGURATIONS
