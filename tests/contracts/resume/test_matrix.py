"""What keeps state, however a run advances and however it gets to its end: a part of `tests/proofs/matrix.py`."""

import subprocess
import sys

import matrix
import pytest


@pytest.mark.long
def test_every_way_to_the_end_has_the_same_bits():
    """Three subjects that graphs and checkpoints used not to see, in all three grains."""
    words = ["--only", "stateful GRU", "thawed layer", "pair", "--ways", "as it is", "resumed", "looked into"]
    done = subprocess.run([sys.executable, matrix.__file__, *words], check=False, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    assert "27 cells, 0 with other bits" in done.stdout
