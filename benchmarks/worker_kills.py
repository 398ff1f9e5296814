"""Kills workers of a launch; `--count 20` is the long proof.

    python benchmarks/worker_kills.py --help

The proof stands in `tests/proofs/worker_kills.py`, of which the tests run a part.
"""

import runpy
import sys
from pathlib import Path

PROOFS = Path(__file__).resolve().parents[1] / "tests" / "proofs"

if __name__ == "__main__":
    sys.path.insert(0, str(PROOFS))
    runpy.run_path(str(PROOFS / "worker_kills.py"), run_name="__main__")
