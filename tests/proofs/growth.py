"""What becomes more while a run becomes longer or wider: nothing that should not, and what must, in proportion.

    python tests/proofs/growth.py --epochs 10000 --steps 1000000 --columns 10000 --checkpoints 2000 --looks 400

The last hundredth of a run is compared with the first: bytes written by a save, memory of the process, bytes on the disk. The
processor time of a save is that of the long run beside that of one of a hundredth of its epochs, in turns, in one process: two
moments minutes apart would compare what else the machine was doing. A table of many columns is compared with
one of a quarter of them, and `verify` of many checkpoints with that of half of them. A run that is looked into again and again
(`run.inspect`) needs no more memory for it. What is given as 0 is left out.
"""

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import warm

LIMIT = 6 * 3600
"""Seconds after which a measurement hangs."""

LONGER, WIDER = 1.2, 1.5
"""How many times as much is good: of the first hundredth, and of what is proportional."""

TURNS = 40
"""How often a long and a short run take turns."""

LOOK = 20
"""Kilobytes of memory that a look at a step may leave behind; it is less than 1 where nothing is kept."""


def bytes_written() -> int:
    """By this process so far, whatever it wrote to."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["wchar"])


def memory() -> int:
    """Bytes that are in the computer's memory for this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def size_of(directory: Path) -> int:
    """Bytes of all files below it."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


class Meter:
    """Notes what the save at the end of each epoch has cost, and what memory and disk are like after it."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._before: tuple[float, int] | None = None
        self.milliseconds: list[float] = []
        self.written: list[int] = []
        self.memory: list[int] = []
        self.disk: list[int] = []

    def on_epoch_end(self, run: Any, epoch: int) -> None:
        """The save comes next."""
        run.saver.wait()
        self._before = time.process_time(), bytes_written()

    def on_epoch_begin(self, run: Any, epoch: int) -> None:
        """It was the last thing that was done."""
        if self._before is not None:
            run.saver.wait()
            self.milliseconds.append(1e3 * (time.process_time() - self._before[0]))
            self.written.append(bytes_written() - self._before[1])
            if epoch % self._every == 1 or self._every == 1:
                self.memory.append(memory())
                self.disk.append(size_of(run.directory))

    def on_train_end(self, run: Any) -> None:
        """The last save is followed by no epoch."""
        self._before = None


def train(directory: Path, epochs: int, how: dict[str, Any], observers: Sequence[Any] = ()) -> Any:
    """A run. In a child."""
    import eagerloop

    options = {"keep": 3, "checkpointer": "npz", "model": "linear"} | how
    dataset = eagerloop.use(options.pop("part"), **options.pop("options"))
    return eagerloop.train(directory=directory, epochs=epochs, dataset=dataset, observers=observers, **options)


def train_metered(directory: Path, epochs: int, how: dict[str, Any], turns: int = 0) -> dict[str, list[Any]]:
    """A run, and what its saves cost; beside a run of a hundredth, if they are to take turns. In a child."""
    meter, short = Meter(max(1, epochs // 100)), Meter(1)
    old = train(directory, epochs, how, [meter])
    found = {name: [*value] for name, value in vars(meter).items() if isinstance(value, list)}
    if turns:
        young = train(directory.with_name(f"{directory.name}-young"), max(2, epochs // 100), how, [short])
        found["young"], found["old"] = in_turns((young, short), (old, meter), turns=turns)
    return found


def in_turns(*both: tuple[Any, Meter], turns: int) -> list[list[float]]:
    """Milliseconds of a save of one run and of the other."""
    for _run, meter in both:
        meter.milliseconds.clear()
    for _ in range(turns):
        for run, _meter in both:
            run.train(run.position.epoch + 1)  # two epochs: the save between them is measured
    return [meter.milliseconds for _run, meter in both]


def table(path: Path, rows: int, columns: int) -> Path:
    """A CSV file of numbers."""
    lines = [",".join(f"c{place}" for place in range(columns))]
    lines += [",".join(f"{(row * 7 + place * 3) % 11}.5" for place in range(columns)) for row in range(rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def read_and_train(path: Path) -> float:
    """Processor seconds of a file that is read, encoded and learnt from. In a child."""
    import eagerloop

    began = time.process_time()
    dataset = eagerloop.use("csv", path=str(path), target="c0", task="regression", batch_size=4)
    eagerloop.train(directory=path.with_suffix(""), dataset=dataset, model="linear", epochs=1)
    return time.process_time() - began


def verify(directory: Path) -> float:
    """Processor seconds of `verify`. In a child."""
    from eagerloop.afterwards.verifying import verify

    began = time.process_time()
    assert verify(directory).faults == 0
    return time.process_time() - began


def look(directory: Path, looks: int) -> list[int]:
    """Memory after each look at one step of a run. In a child."""
    import eagerloop

    run = eagerloop.train(directory=directory, epochs=1)
    x, y = run.parts.first_batch[:2]
    found = []
    for _ in range(looks):
        run.inspect(x, y)
        gc.collect()
        found.append(memory())
    return found


def measured(work: Callable[[], Any]) -> Any:
    """What a function returns in a child of its own: each measurement begins with the same memory."""
    with tempfile.NamedTemporaryFile(suffix=".json") as result, tempfile.NamedTemporaryFile() as said:

        def write() -> None:
            Path(result.name).write_text(json.dumps(work()))

        code = warm.child(write, output=Path(said.name), limit=LIMIT)
        assert code == 0, Path(said.name).read_text(errors="replace")[-2000:]
        return json.loads(Path(result.name).read_text())


def say(what: str, first: float, last: float, unit: str, bar: float | None, *, ratio: float | None = None) -> bool:
    """Prints a line of the table; whether it is above its bar."""
    ratio = last / first if ratio is None else ratio
    over = bar is not None and ratio > bar
    told = "" if bar is None else f"  bar {bar}{'  ABOVE IT' if over else ''}"
    print(f"{what:44} {first:12.2f} {last:12.2f} {unit:5} {ratio:6.2f}{told}", flush=True)
    return over


def longer(what: str, found: dict[str, list[Any]]) -> int:
    """The lines of a long run: how many are above their bars."""
    hundredth = max(1, len(found["written"]) // 100)
    ratio = statistics.median(old / young for young, old in zip(found["young"], found["old"], strict=True))
    over = say(f"{what}: a save", *(statistics.median(found[age]) for age in ("young", "old")), "ms", LONGER, ratio=ratio)
    sizes = (statistics.median(part) / 1e3 for part in (found["written"][:hundredth], found["written"][-hundredth:]))
    over += say(f"{what}: written by a save", *sizes, "kB", LONGER)
    over += say(f"{what}: memory", *(found["memory"][place] / 1e6 for place in (0, -1)), "MB", LONGER)
    begin, middle, end = (found["disk"][place] for place in (0, len(found["disk"]) // 2, -1))
    if middle > begin:
        length = len(found["disk"]) // 2, len(found["disk"]) - 1 - len(found["disk"]) // 2
        halves = (middle - begin) / 1e3 / length[0], (end - middle) / 1e3 / length[1]
        over += say(f"{what}: the disk for a hundredth", *halves, "kB", LONGER)
    return over


def looked(directory: Path, looks: int) -> int:
    """The line of looks at a step: 1 if the second half of them leaves too much behind."""
    found = measured(lambda: look(directory / "looked", looks))
    half = looks // 2
    first, last = ((found[end] - found[begin]) / 1e3 / half for begin, end in ((0, half), (half, looks - 1)))
    over = last > LOOK
    told = f"  ABOVE {LOOK}" if over else ""
    print(f"{f'{looks} looks at a step: left by one':44} {first:12.2f} {last:12.2f} kB{told}", flush=True)
    return over


def wider(directory: Path, columns: int) -> int:
    """The lines of tables: how many are above their bars."""
    few, many = (
        statistics.median(
            measured(lambda count=count, again=again: read_and_train(table(directory / f"{count}-{again}.csv", 20, count)))
            for again in range(3)
        )
        for count in (max(4, columns // 4), columns)
    )
    return say(f"{columns // 4} and {columns} columns: an epoch", few, many, "s", WIDER, ratio=many / few / 4)


def checked(directory: Path, checkpoints: int) -> int:
    """The lines of `verify`: how many are above their bars."""
    seconds, over = [], 0
    for count in (checkpoints // 8, checkpoints // 4, checkpoints // 2, checkpoints):
        run = directory / f"verified-{count}"
        measured(lambda run=run, count=count: train(run, count, {"keep": 0, **ONE_STEP}))
        seconds.append(measured(lambda run=run: verify(run)))
        if len(seconds) > 1:
            what = f"verify of {count // 2} and {count} checkpoints"
            over += say(what, *seconds[-2:], "s", WIDER, ratio=seconds[-1] / seconds[-2] / 2)
    return over


ONE_STEP = {"part": "iris", "options": {"batch_size": 120}}
"""A dataset whose epoch is a single step, so that a run of many epochs does little but save."""


COMPILED = 1000
"""Epochs of the compiled run."""


def main() -> None:
    """Prints the table; exits with 1 if anything is above its bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=1000, help="of a run of one step an epoch")
    parser.add_argument("--steps", type=int, default=100_000, help="of a compiled run of a thousand epochs")
    parser.add_argument("--columns", type=int, default=4000, help="of a table")
    parser.add_argument("--checkpoints", type=int, default=400, help="that are verified")
    parser.add_argument("--looks", type=int, default=100, help="at one step of a run")
    chosen = parser.parse_args()
    warm.warm_up()
    over = 0
    print(f"{'':44} {'first':>12} {'last':>12} {'':5} {'ratio':>6}")
    with tempfile.TemporaryDirectory(prefix="eagerloop-growth-") as name:
        directory = Path(name)
        if chosen.epochs:
            what = f"{chosen.epochs} epochs"
            over += longer(what, measured(lambda: train_metered(directory / "epochs", chosen.epochs, ONE_STEP, TURNS)))
        if chosen.steps:
            path = table(directory / "steps.csv", 2 * max(1, chosen.steps // COMPILED), 3)
            options = {"path": str(path), "target": "c0", "task": "regression", "batch_size": 1, "test_fraction": 0.5}
            how = {"part": "csv", "options": options, "compile": True}
            over += longer(
                f"{chosen.steps} compiled steps", measured(lambda: train_metered(directory / "steps", COMPILED, how, TURNS))
            )
        over += wider(directory, chosen.columns) if chosen.columns else 0
        over += checked(directory, chosen.checkpoints) if chosen.checkpoints else 0
        over += looked(directory, chosen.looks) if chosen.looks else 0
    sys.exit(bool(over))


if __name__ == "__main__":
    main()
