"""The long proofs stand in `benchmarks/`; these tests run a part of them, and use what they are made of."""

import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "benchmarks"
sys.path.append(str(SCRIPTS))


@pytest.fixture
def scripts():
    """The directory of the long proofs."""
    return SCRIPTS
