"""Damages tables and reads them; `--count 100000` is the long proof.

    python benchmarks/fuzzed_tables.py --help

The proof stands in `tests/proofs/fuzzed_tables.py`, of which the tests run a part.
"""

import runpy
import sys
from pathlib import Path

PROOFS = Path(__file__).resolve().parents[1] / "tests" / "proofs"

if __name__ == "__main__":
    sys.path.insert(0, str(PROOFS))
    runpy.run_path(str(PROOFS / "fuzzed_tables.py"), run_name="__main__")
