"""Damaged files: 20 of the 1000 flips and truncations of `benchmarks/flips.py`; `.ci/run` tries 100."""

import flips


def test_no_damage_goes_unnoticed(tmp_path):
    """Whatever bit flips and wherever a file ends: exact values or a refusal, and the file is named."""
    tally = flips.flip_again_and_again(tmp_path, 20, seed=1)
    assert not tally.faults
    assert sum(tally.outcomes.values()) == 20
    assert tally.outcomes.keys() >= {"fell back, said aloud", "loaded, nothing lost", "refused"}
