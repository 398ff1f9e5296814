"""Damaged files: 100 of the 1000 flips and truncations of `tests/proofs/flips.py`."""

import flips
import pytest


@pytest.mark.long
def test_no_damage_goes_unnoticed(tmp_path):
    """Whatever bit flips and wherever a file ends: exact values or a refusal, and the file is named."""
    tally = flips.flip_again_and_again(tmp_path, 100, seed=1)
    assert not tally.faults
    assert sum(tally.outcomes.values()) == 100
    assert tally.outcomes.keys() >= {"fell back, said aloud", "loaded, nothing lost", "refused"}
