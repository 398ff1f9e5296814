"""Command lines and run.toml files of odd words: a result or one line, never a traceback, never a hang.

    python tests/proofs/words.py --count 10000

Each is drawn from its number alone, so one that fails can be looked at again: `--first 1234 --count 1`. Nothing is trained but
what a command line of few steps asks for; commands that wait for other machines or end other processes are left out.
"""

import argparse
import contextlib
import copy
import io
import os
import random
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import warm

COMMANDS = ("train", "inspect", "plugins", "show", "new", "check", "report", "predict", "evaluate", "verify", "runs", "")
KNOWN_OPTIONS = """
    --help --debug --version -q -v --quiet --epochs --seed --model --loss --optimizer --dataset --metric --observe
    --plugin --config --run --threads --keep --save-every --compile --no-compile --save_every --model.units
    --model.hidden --precision --step --freeze --optimizer.learning-rate --observe.csv.path --observe.patience
    --dataset.path --dataset.target --dataset.delimiter --schedule --on-nonfinite --print-config --html --trust --strict
    --json --start-from --input --output -- --- --x --. --model. --= --epochs= --epochs=2 --epochs=x --model=mlp
"""
PLAIN_WORDS = """
    1 0 -1 3 1.5 1e9 nan x mlp iris adam sgd csv early-stopping mse p.py:f p.py:M p.py:nope plug.py none.py none.py:x
    c.toml bad.toml folder /dev/null pipe = a/b eagerloop/mlp é 😀 - $(id) one loss dataset tf none batch model step
    table.csv y run
"""
ODD_WORDS = ("", "1" * 400, "1" * 5000, "a" * 5000, "\udcff", "x\udcff.csv", "a\nb", "\x1b[2J")
OPTIONS, WORDS = KNOWN_OPTIONS.split(), [*PLAIN_WORDS.split(), *ODD_WORDS]
VALUES: tuple[Any, ...] = (
    0, -1, 3, 2**40, 2**70, 1.5, -0.0, float("inf"), float("nan"), True, "", "x", "mlp", "\x00", "é" * 300, [], ["x"], [[1]],
    {}, {"name": "mlp"}, {"name": 3, "options": []}, [{"name": "rmse"}], {"a": {"a": {"a": {}}}},
)  # fmt: skip


def prepare() -> None:
    """The files that the words name, and a run. In a child, in the directory of the trials."""
    Path("c.toml").write_text('epochs = 2\n[model]\nname = "mlp"\n')
    Path("bad.toml").write_text("x = [[[")
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("p.py").write_text(
        "def f(y_true, y_pred, q: float = 0.5): return 0.0\nclass M:\n    def __init__(self, n: int = 1): pass\n"
    )
    hook = 'import eagerloop\n@eagerloop.hookimpl\ndef provide_losses():\n    return {"pin": lambda y_true, y_pred: 0}\n'
    Path("plug.py").write_text(hook)
    Path("table.csv").write_text("a,y\n" + "".join(f"{row},{row % 7}.5\n" for row in range(40)))
    _done(["train", "--epochs", "1", "--run", "run", "--quiet"])


def command_line(draw: random.Random) -> list[str]:
    """Some words; what would train is only asked what it would do, or does little."""
    first = draw.choice(COMMANDS)
    words = [draw.choice(draw.choice((OPTIONS, WORDS))) for _ in range(draw.randrange(8))]
    if first == "train":
        words += ["--print-config"]
    elif first == "inspect" or (first and {"batch", "model", "step"} & {*words}):
        words += ["--help"]
    elif first == "check":
        words = [word for word in words if word not in WORDS] + ["p.py:nope"]
    return [first, *words] if first else words


def config(draw: random.Random, known: dict[str, Any]) -> str:
    """A config of which some values are others, are missing or are too many; or a few letters of it."""
    import tomli_w

    content = copy.deepcopy(known)
    for _ in range(draw.choice((1, 1, 2, 4))):
        table = content
        while (inner := [value for value in table.values() if isinstance(value, dict)]) and draw.random() < 0.6:
            table = draw.choice(inner)
        key = draw.choice([*table, "odd"])
        if draw.random() < 0.2:
            table.pop(key, None)
        else:
            table[key] = draw.choice(VALUES)
    text = tomli_w.dumps(content)
    if draw.random() < 0.3:
        place = draw.randrange(len(text))
        text = text[:place] + draw.choice(("", "\0", "=", '"', "[", "\n", "é", "9" * 20)) + text[place + draw.randrange(3) :]
    return text


def _done(words: list[str]) -> tuple[int, str]:
    """Exit code of a command line and what it said; -1 and a traceback for an error that got out."""
    from eagerloop.cli import main

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words)
            code: Any = 0
        except SystemExit as ended:
            code = ended.code or 0
        except BaseException:  # noqa: BLE001 - exactly this must not happen
            traceback.print_exc()
            code = -1
    out.flush()
    err.flush()
    return code if isinstance(code, int) else 1, (out.buffer.getvalue() + err.buffer.getvalue()).decode("utf-8", "replace")


def fault(code: int, said: str) -> str:
    """What is wrong with an end; empty if nothing is."""
    if "Traceback (most recent call last)" in said or code not in (0, 1, 2):
        return f"exit code {code}: {said[-800:]}"
    return "refused without a word" if code and not said.strip() else ""


def one(number: int, known: dict[str, Any]) -> tuple[list[str], str, str]:
    """One trial: the words, what came of it, what is wrong with it."""
    draw = random.Random(number)  # noqa: S311
    kind = draw.choice(("words", "words", "config", "run"))
    if kind == "words":
        words = command_line(draw)
    else:
        text = config(draw, known)
        words = ["train", "--config", "its.toml", "--print-config"]
        if kind == "run":
            shutil.copytree("run", "its", dirs_exist_ok=True)
            words = [draw.choice(("verify", "evaluate")), "its"]
        Path("its/run.toml" if kind == "run" else "its.toml").write_text(text, encoding="utf-8")
    code, said = _done(words)
    wrong = "" if "--debug" in words and code == -1 else fault(code, said)  # whoever asks for a traceback gets one
    return words, f"{kind}: exit code {code}", wrong


def try_some(first: int, count: int, progress: Path) -> None:
    """Tries command lines, and notes before each which it is, and what came of it after. In a child."""
    import tomllib

    known = tomllib.loads(Path("run/run.toml").read_text())
    for number in range(first, first + count):
        with progress.open("a", encoding="utf-8") as file:
            file.write(f"{number}\t")
        words, outcome, wrong = one(number, known)
        told = f"FAULT {words!r:.600}: {wrong}".replace("\n", " | ") if wrong else outcome
        with progress.open("a", encoding="utf-8") as file:
            file.write(told.encode("utf-8", "backslashreplace").decode() + "\n")


def try_again_and_again(directory: Path, first: int, count: int) -> tuple[Counter[str], list[str]]:
    """Tries `count` of them in as many processes as that takes: one that is ended, or hangs, is a fault."""
    os.chdir(directory)
    progress = directory.with_suffix(".txt")
    progress.touch()
    assert warm.child(prepare, output=directory.with_suffix(".said")) == 0, directory.with_suffix(".said").read_text()
    done = 0
    while done < count:
        some = min(200, count - done)
        how = _ended(
            lambda begin=first + done, some=some: try_some(begin, some, progress), directory.with_suffix(".said"), some
        )
        if how:
            with progress.open("a", encoding="utf-8") as file:
                file.write(f"FAULT the process {how}\n")
        done = len(progress.read_text(encoding="utf-8").splitlines())
    outcomes: Counter[str] = Counter()
    faults = []
    for line in progress.read_text(encoding="utf-8").splitlines():
        number, outcome = line.split("\t", 1)
        outcomes[outcome if not outcome.startswith("FAULT") else "FAULT"] += 1
        faults += [f"{number}: {outcome}"] if outcome.startswith("FAULT") else []
    return outcomes, faults


def _ended(work: Callable[[], Any], output: Path, some: int) -> str:
    """How a child ended that should not have; empty if it did what it was to do."""
    try:
        code = warm.child(work, output=output, limit=60 + 3 * some)
    except TimeoutError:
        return "hung"
    return f"ended with {code}: {output.read_text(errors='replace')[-300:]!r}" if code else ""


def main() -> None:
    """Runs the trials and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="how many command lines and configs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    chosen = parser.parse_args()
    warm.warm_up()
    with tempfile.TemporaryDirectory(prefix="eagerloop-words-") as name:
        directory = Path(name, "here")
        directory.mkdir()
        outcomes, faults = try_again_and_again(directory, chosen.first, chosen.count)
        os.chdir("/")
    for outcome, number in sorted(outcomes.items()):
        print(f"{number:6} {outcome}")
    for wrong in faults:
        print(wrong, file=sys.stderr)
    print(f"{chosen.count} trials, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
