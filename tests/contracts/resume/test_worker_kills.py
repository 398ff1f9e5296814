"""Workers that are killed: 3 of the 20 that `tests/proofs/worker_kills.py --count 20` kills."""

import subprocess
import sys

import pytest
import worker_kills


@pytest.mark.long
def test_a_launch_whose_worker_is_killed_stops_and_goes_on():
    """Within a minute, nobody left behind; resumed, the history is that of the workers whom nobody killed."""
    words = [sys.executable, worker_kills.__file__, "--count", "3", "--seed", "1"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    assert "3 kills, 0 faults" in done.stdout
