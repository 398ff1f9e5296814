"""Trains on real tables with path and target alone; `--count 10` takes some of them.

    python benchmarks/tables.py --help

The proof stands in `tests/proofs/tables.py`, of which the tests run a part; the list of the tables in `real_tables.py`.
"""

import runpy
import sys
from pathlib import Path

PROOFS = Path(__file__).resolve().parents[1] / "tests" / "proofs"

if __name__ == "__main__":
    sys.path.insert(0, str(PROOFS))
    runpy.run_path(str(PROOFS / "tables.py"), run_name="__main__")
