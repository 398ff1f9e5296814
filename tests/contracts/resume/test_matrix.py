"""What keeps state, however a run advances and however it gets to its end: a part of `tests/proofs/matrix.py`."""

import subprocess
import sys

import matrix


def test_every_way_to_the_end_has_the_same_bits():
    """Two subjects that graphs and checkpoints used not to see, in compiled stretches; `.ci/run` tries all three grains."""
    words = ["--only", "thawed layer", "pair", "--modes", "stretch", "--ways", "as it is", "resumed", "looked into"]
    done = subprocess.run([sys.executable, matrix.__file__, *words], check=False, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    assert "6 cells, 0 with other bits" in done.stdout
