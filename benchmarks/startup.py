"""How long the light commands take to start, against a bare interpreter: `python benchmarks/startup.py`.

The commands take turns, so that a slow moment of the machine falls on all of them; the medians are compared. The bar is
15 times the bare interpreter. What is measured is the whole process, from its start to its end.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 15
BAR = 15
MAIN = "from eagerloop.cli import main; main()"
COMPLETION = {"_EAGERLOOP_COMPLETE": "complete_bash", "COMP_WORDS": "eagerloop train --model mlp --model.", "COMP_CWORD": "4"}

BARE = "python -c pass"
COMMANDS = {
    BARE: (["-c", "pass"], {}),
    "eagerloop --help": (["-c", MAIN, "--help"], {}),
    "eagerloop plugins": (["-c", MAIN, "plugins"], {}),
    "eagerloop show model mlp": (["-c", MAIN, "show", "model", "mlp"], {}),
    "completion of --model.": (["-c", MAIN], COMPLETION),
    "eagerloop train --help": (["-c", MAIN, "train", "--help"], {}),
}
"""Arguments of the interpreter and changes of the environment, by what is told."""


def seconds(words: list[str], changes: dict[str, str]) -> float:
    """One start, from outside the checkout."""
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, env=os.environ | changes, cwd=tempfile.gettempdir()
    )
    return time.perf_counter() - begin


def main() -> None:
    """Prints the table; ends with 1 if a command misses the bar (`train --help`, which draws its panels, has none)."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(ROUNDS + 1):
        for name, (words, changes) in COMMANDS.items():
            taken = seconds(words, changes)
            if number:  # the first round fills the caches
                times[name].append(taken)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    print(f"{'command':26} {'median':>8} {'lowest':>8} {'times bare':>11}   ({ROUNDS} rounds, bar {BAR})")
    for name, median in medians.items():
        print(f"{name:26} {1000 * median:5.0f} ms {1000 * min(times[name]):5.0f} ms {median / medians[BARE]:11.1f}")
    held = [name for name in COMMANDS if name not in (BARE, "eagerloop train --help")]
    sys.exit(any(medians[name] > BAR * medians[BARE] for name in held))


if __name__ == "__main__":
    main()
