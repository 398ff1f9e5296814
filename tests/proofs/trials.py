"""What the proofs of numbered trials have in common: one after the other, told with what is wrong, and counted."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn


def run(numbers: Sequence[int], trial: Callable[[int], tuple[str, Iterable[str]]], what: str) -> NoReturn:
    """Runs the trials, prints what came of them, and ends with 1 if anything was wrong.

    Args:
        numbers: One for each trial: the same number is the same trial.
        trial: Says what was done and how it ended, and what is wrong.
        what: What the trials are called.
    """
    outcomes: Counter[str] = Counter()
    faults = 0
    for number in numbers:
        outcome, wrong = trial(number)
        outcomes[outcome] += 1
        faults += bool(wrong)
        for line in wrong:
            print(f"{number}, {outcome}: {line}", file=sys.stderr, flush=True)
    os.chdir("/")  # out of the directory of the trials, which is removed
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:6} {outcome}")
    print(f"{len(numbers)} {what}, {faults} faults")
    sys.exit(bool(faults))
