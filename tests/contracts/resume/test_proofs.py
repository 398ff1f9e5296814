"""A part of the long proofs that need no more than a count."""

import subprocess
import sys
from pathlib import Path

import pytest
import supervising

PROOFS = Path(__file__).parents[2] / "proofs"


ON_LINUX = pytest.mark.skipif(not supervising.can_supervise(), reason="system calls are seen on Linux on x86-64 alone")
COUNTS = {
    "strangers": 400,
    "words": 300,
    "opens": 16,
    "moved": 11,
    "raced": 8,
    "system_calls": 12,
    "power_loss": 60,
}
GOOD = {"words": "exit code 0", "opens": "trained and opened", "moved": "trained"}
"""What some of the trials must come to: who refuses everything has no fault."""

SUPERVISED = ("system_calls", "power_loss")


@pytest.mark.long
@pytest.mark.parametrize("script", [pytest.param(each, marks=ON_LINUX if each in SUPERVISED else ()) for each in COUNTS])
def test_a_part_of_a_long_proof_has_no_fault(script):
    """The script says of each trial what became of it, and ends with 0 if there was no fault."""
    words = [sys.executable, str(PROOFS / f"{script}.py"), "--count", str(COUNTS[script])]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert GOOD.get(script, "") in done.stdout
