"""Real SIGKILLs: 24 of the 200 that `benchmarks/kills.py --count 200` makes."""

import json
import subprocess
import sys

import kills
import pytest

COUNT = 24


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What became of each configuration. A process of its own runs them: one that has used TensorFlow cannot be forked."""
    answer = tmp_path_factory.mktemp("kills") / "results.json"
    words = [sys.executable, kills.__file__, "--count", str(COUNT), "--json", str(answer)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=500)
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
    assert len(results[name]["kills"]) >= COUNT // len(CONFIGURATIONS)


def test_every_kind_of_point_was_hit(results):
    """The kills are where they are meant to be: at each named operation, and at random times."""
    points = {kill.split()[0] for result in results.values() for kill in result["kills"]}
    assert points == {*kills.POINTS, "time"}
    assert sum(len(result["kills"]) for result in results.values()) == COUNT


def test_these_are_the_configurations_of_the_script(tmp_path):
    """No configuration of the script is left out here."""
    assert tuple(item.name for item in kills.configurations(tmp_path)) == CONFIGURATIONS
