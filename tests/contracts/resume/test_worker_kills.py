"""Workers that are killed: 1 of the 20 that `benchmarks/worker_kills.py --count 20` kills; `.ci/run` kills 3."""

import subprocess
import sys

import worker_kills


def test_a_launch_whose_worker_is_killed_stops_and_goes_on():
    """Within a minute, nobody left behind; resumed, the history is that of the workers whom nobody killed."""
    words = [sys.executable, worker_kills.__file__, "--count", "1", "--seed", "1"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert "1 kills, 0 faults" in done.stdout
