"""Interrupts real processes; `--count 100` is the long proof, `--compile` another one.

    python benchmarks/interrupts.py --help

The proof stands in `tests/proofs/interrupts.py`, of which the tests run a part.
"""

import runpy
import sys
from pathlib import Path

PROOFS = Path(__file__).resolve().parents[1] / "tests" / "proofs"

if __name__ == "__main__":
    sys.path.insert(0, str(PROOFS))
    runpy.run_path(str(PROOFS / "interrupts.py"), run_name="__main__")
