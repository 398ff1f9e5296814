"""On a GPU: whether the same seed gives the same bits, and what a step costs, with determinism on and off.

    python benchmarks/gpu.py [--exact] [--speed] [--deterministic on off] [--work guide cnn] [--at-once 1] [--json]

With neither `--exact` nor `--speed`, both. Each thing that could crash or hang has a process of its own, and each row is
printed when it is there: a run that is cut off loses nothing. Without a GPU it runs on the CPU and says so. It ends with 1 if
bits differ although determinism is on, or if `--jit` ends in anything but a training or one line.
"""

import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several processes share the card

HERE = Path(__file__).resolve()
STEPS = HERE.with_name("gpu_steps.py")
MAIN = "from eagerloop.cli import main; main()"

WORKS = {
    "guide": ["--epochs", "3", "--save-every", "5"],
    "cnn": ["--dataset", f"{HERE}:pictures", "--model", f"{HERE}:cnn", "--epochs", "3", "--save-every", "4"],
}
"""Words of `eagerloop train`, by work; saves fall into the middle of epochs."""

MODES = {"eager": [], "--compile": ["--compile"]}
SWITCH = {"on": [], "off": ["--no-deterministic"]}
LOOPS = ("--compile --jit", "--compile", "epoch by hand, XLA, prefetched", "epoch by hand", "fit", "eager")
"""Of `gpu_steps.py`."""


def pictures(rows: int = 640):
    """Pictures of noise, 32 x 32 x 3, in ten classes."""
    import eagerloop

    random = np.random.default_rng(0)
    x, y = random.normal(size=(rows, 32, 32, 3)).astype("float32"), random.integers(0, 10, rows).astype("int32")
    return eagerloop.ArrayDataset((x, y), (x[:64], y[:64]), batch_size=64)


def cnn():
    """Two convolutions with BatchNorm, and Dropout."""
    from keras import Input, Sequential, layers

    first = [layers.Conv2D(32, 3), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()]
    second = [layers.Conv2D(64, 3), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()]
    return Sequential([Input((32, 32, 3)), *first, *second, layers.Dropout(0.5), layers.Flatten(), layers.Dense(10)])


class FailedError(Exception):
    """A process ended otherwise than it should; the text says how."""


def process(words, limit):
    """What a process of its own said, on stdout and on stderr, and its exit code.

    Raises:
        FailedError: It took too long.
    """
    try:
        return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as error:
        msg = f"not done within {limit} s"
        raise FailedError(msg) from error


def output(words, limit):
    """The stdout of a process that ended well."""
    done = process(words, limit)
    if done.returncode:
        msg = f"exit {done.returncode}: {(done.stderr.strip().splitlines() or ['no word'])[-1]:.200}"
        raise FailedError(msg)
    return done.stdout


def newest(run):
    """The variables in a run's newest checkpoint, by name."""
    with np.load(max((run / "checkpoints").glob("step-*")) / "variables.npz") as archive:
        return {name: archive[name] for name in archive.files}


def difference(one, other):
    """Whether the variables of two runs have the same bits; else the largest difference over its variable's largest value."""
    one, other = newest(one), newest(other)
    if one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one):
        return "same bits"
    pairs = [(one[name].astype(float), other[name].astype(float)) for name in one]
    largest = max(float(np.max(np.abs(a - b)) / max(np.max(np.abs(a)), 1e-30)) for a, b in pairs if a.size)
    return f"differ {largest:.0e}"


def cut_back(run, to):
    """A copy of a run as a kill right after a save in mid-epoch leaves it."""
    shutil.copytree(run, to)
    saves = sorted((to / "checkpoints").glob("step-*"))
    inside = [save for save in saves if json.loads((save / "manifest.json").read_text())["position"]["batch"]]
    for save in saves[saves.index(inside[len(inside) // 2]) + 1 :]:
        shutil.rmtree(save)


def exactness(work, mode, switch, limit):
    """A row of the table: a run made twice, cut back and resumed, and replayed."""
    begin = time.perf_counter()
    row = {"work": work, "mode": mode, "deterministic": switch}
    with tempfile.TemporaryDirectory() as scratch:
        first, second, resumed = (Path(scratch) / name for name in ("first", "second", "resumed"))
        train = ["-c", MAIN, "train", "-q", "--seed", "1", "--checkpointer", "npz", *WORKS[work], *MODES[mode], *SWITCH[switch]]
        try:
            said = output([*train, "--run", str(first)], limit)
            recorded = f"deterministic = {str(switch == 'on').lower()}" in (first / "run.toml").read_text()
            row |= {"recorded": recorded, "told": f"determinism on the GPU is {switch}" in said}
            output([*train, "--run", str(second)], limit)
            row["again"] = difference(first, second)
            cut_back(first, resumed)
            output(["-c", MAIN, "resume", "-q", str(resumed)], limit)
            row["resumed"] = difference(first, resumed)
            replay = process(["-c", MAIN, "verify", "--replay", str(first)], limit)
            row["replay"] = (replay.stdout.strip().splitlines() or [replay.stderr.strip()])[-1].removeprefix("replay: ")[:150]
        except FailedError as error:
            row["failed"] = str(error)
    return row | {"seconds": round(time.perf_counter() - begin)}


def refusal(switch, limit):
    """A row on the CNN with XLA: it trains, or it is refused in one line."""
    row = {"work": "cnn", "mode": "--jit", "deterministic": switch}
    with tempfile.TemporaryDirectory() as scratch:
        words = ["-c", MAIN, "train", "-q", "--jit", *WORKS["cnn"], *SWITCH[switch], "--run", f"{scratch}/run"]
        try:
            done = process(words, limit)
        except FailedError as error:
            return row | {"failed": str(error)}
    lines = [line for line in done.stderr.strip().splitlines() if not line.startswith("note: ")]
    if not done.returncode:
        return row | {"ended": "trained"}
    one = done.returncode == 2 and len(lines) == 1 and lines[0].startswith("eagerloop: ")
    return row | ({"ended": lines[0]} if one else {"failed": f"exit {done.returncode}, {len(lines)} lines: {lines[-1:]}"})


def is_good(row):
    """Whether a row holds what is promised."""
    promised = row["deterministic"] == "off" or "ended" in row or row.get("again") == row.get("resumed") == "same bits"
    return "failed" not in row and promised and row.get("recorded", True)


def exact(arguments, show):
    """The table of bits; returns whether every row is good."""
    asked = [(exactness, work, mode) for work in arguments.work for mode in MODES]
    asked += [(refusal,)] if "cnn" in arguments.work else []
    with concurrent.futures.ThreadPoolExecutor(arguments.at_once) as pool:
        rows = [
            pool.submit(look, *words, switch, arguments.limit) for look, *words in asked for switch in arguments.deterministic
        ]
        good = True
        for done in concurrent.futures.as_completed(rows):
            show(done.result())
            good &= is_good(done.result())
    return good


def speed(arguments, show):
    """The table of microseconds; returns whether every row is there."""
    good = True
    counts = [f"--rows={arguments.rows}", f"--rounds={arguments.rounds}"]
    for loop in LOOPS:
        for switch in arguments.deterministic:
            row = {"loop": loop, "deterministic": switch}
            try:
                row |= told([str(STEPS), f"--loop={loop}", f"--deterministic={switch}", *counts], arguments.limit)
            except FailedError as error:
                row["failed"], good = str(error), False
            show(row)
    return good


def told(words, limit):
    """The line of JSON with which a process ends."""
    return json.loads(output(words, limit).strip().splitlines()[-1])


def printed(row):
    """A row in the order in which it was put together."""
    print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--deterministic", nargs="+", choices=SWITCH, default=list(SWITCH))
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--rows", type=int, default=1200)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--at-once", type=int, default=1, help="rows of the table of bits at a time")
    parser.add_argument("--limit", type=int, default=180, help="seconds for one process")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each row")
    arguments = parser.parse_args()
    show = (lambda row: print(json.dumps(row), flush=True)) if arguments.json else printed
    show(told([str(STEPS), "--loop=machine"], arguments.limit))
    both = not (arguments.exact or arguments.speed)
    good = speed(arguments, show) if both or arguments.speed else True
    good &= exact(arguments, show) if both or arguments.exact else True
    sys.exit(not good)


if __name__ == "__main__":
    main()
