"""Compares a run with one that was trained again from its record: bit for bit, checkpoint by checkpoint."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from eagerloop.running.comparing import changes
from eagerloop.running.run import Run
from eagerloop.storage.histories import Beginning, Histories

Figures = dict[str, Any]


class Comparison:
    """Finds the first thing that differs between two runs' checkpoints of a step.

    Args:
        run: The one that was recorded.
        again: The one that came out.
    """

    def __init__(self, run: Run, again: Run) -> None:
        self._run, self._again = run, again
        self._histories = Histories(), Histories()
        self._alike: tuple[Sequence[Figures], Sequence[Figures]] = (), ()

    def __call__(self, step: int) -> str:
        """What differs in a step, or nothing."""
        old, new = (_content(run, step, rows) for run, rows in zip((self._run, self._again), self._histories, strict=True))
        place = f"epoch {old['position']['epoch']}, step {step}"
        for name, value in old["values"].items():
            different = first_difference(value, new["values"][name])
            if different:
                return f"{name} differs first in {place}: {different}"
        different = self._of_rows(old["history"], new["history"])
        if different:
            return different
        for key in ("position", "tally", "random"):
            for where, value, other in changes(old[key], new[key], key):
                if same(value, other):
                    continue
                return f"{where} differs first in {place}: {value!r:.80} was recorded, {other!r:.80} came out"
        return ""

    def _of_rows(self, old: Sequence[Figures], new: Sequence[Figures]) -> str:
        """The first figure that differs; rows that were compared for the checkpoint before are not looked at again."""
        begin = 0
        if all(isinstance(now, Beginning) and now.goes_on_from(was) for now, was in zip((old, new), self._alike, strict=True)):
            begin = min(map(len, self._alike))
        rows: Iterator[tuple[Figures, Figures]] = itertools.zip_longest(old[begin:], new[begin:], fillvalue={})
        for row, other in rows:
            for key in dict.fromkeys([*row, *other]):
                if key != "seconds" and not same(row.get(key), other.get(key)):
                    epoch = (row or other)["epoch"]
                    return f"{key} of epoch {epoch} differs: {row.get(key)!r} was recorded, {other.get(key)!r} came out"
        self._alike = old, new
        return ""

    def elsewhere(self, step: int) -> str:
        """What may have made the bits others: the checkpoint comes from other versions, threads or devices."""
        changed = self._run.take_up(self._run.store.read(step))
        return f"; it was made where rounding may differ: {'; '.join(changed)}" if changed else ""


def _content(run: Run, step: int, histories: Histories) -> dict[str, Any]:
    checkpoint = run.store.read(step, histories)
    run.take_up(checkpoint)
    values = {name: np.asarray(variable.numpy()) for name, variable in run.variables().items()}
    return {**checkpoint.manifest, "values": values}


def same(one: Any, other: Any) -> bool:
    """Whether two figures are equal; one that is not a number is equal to another such."""
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - nan alone is not itself


def first_difference(old: Any, new: Any) -> str:
    """The first element whose bits differ: -0.0 is not 0.0 here, and a nan can be the same nan."""
    if old.dtype == object:
        unlike = np.asarray(old != new)
    else:
        bits = [np.frombuffer(array.tobytes(), np.uint8).reshape(-1, array.itemsize) for array in (old, new)]
        unlike = (bits[0] != bits[1]).any(axis=1)
    if not unlike.any():
        return ""
    index = np.unravel_index(int(np.argmax(unlike)), old.shape)
    return f"{old[index]!r} was recorded, {new[index]!r} came out at {[int(part) for part in index]}"
