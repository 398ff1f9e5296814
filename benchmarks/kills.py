"""Kills real processes and resumes them; `--count 200` is the long proof.

    python benchmarks/kills.py --help

The proof stands in `tests/proofs/kills.py`, of which the tests run a part.
"""

import runpy
import sys
from pathlib import Path

PROOFS = Path(__file__).resolve().parents[1] / "tests" / "proofs"

if __name__ == "__main__":
    sys.path.insert(0, str(PROOFS))
    runpy.run_path(str(PROOFS / "kills.py"), run_name="__main__")
