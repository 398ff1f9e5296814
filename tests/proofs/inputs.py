"""Any run.toml, any command line, any CSV file: a result or one line, never a traceback.

    python tests/proofs/inputs.py --count 10000

Hypothesis makes them up, and makes one that fails as small as it can. They are drawn from the count and a seed alone, so that a
second run tries the same ones. `words.py` draws from words that were thought of; here are those that nobody has thought of.
"""

import argparse
import copy
import functools
import os
import shutil
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import hypothesis
import tomli_w
import warm
import words
from hypothesis import strategies as st

SOME = 250
"""Examples that a process tries."""

KEPT_APART = st.characters(exclude_characters="/~", exclude_categories=())
"""Letters of words that name no file elsewhere: what a command writes stays in the directory of the trials."""

FREE = st.text(KEPT_APART, max_size=12).filter(lambda word: ".." not in word)
PLAIN = (
    st.none() | st.booleans() | st.integers(-3, 300) | st.integers(min_value=2**40) | st.floats() | FREE
    | st.dates() | st.datetimes()
)  # fmt: skip
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FREE, inner, max_size=3), max_leaves=6)


@cache
def known() -> dict[str, Any]:
    """What a run that was made says of itself."""
    return tomllib.loads(Path("run/run.toml").read_text())


@st.composite
def configs(draw: st.DrawFn) -> str:
    """A record of which some values are others, some are missing or too many; and a piece of its text is another one."""
    content = copy.deepcopy(known())
    for _ in range(draw(st.integers(1, 3))):
        table = content
        while (inner := [value for value in table.values() if isinstance(value, dict)]) and draw(st.booleans()):
            table = draw(st.sampled_from(inner))
        key = draw(st.sampled_from([*table]) | FREE if table else FREE)
        table.pop(key, None)
        if draw(st.integers(0, 4)):
            table[key] = draw(VALUES.filter(_can_be_written))
    text = tomli_w.dumps(content)
    if draw(st.integers(0, 3)):
        return text
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(FREE) + text[place + draw(st.integers(0, 5)) :]


def _can_be_written(value: Any) -> bool:
    try:
        tomli_w.dumps({"value": value})
    except (TypeError, ValueError):
        return False
    return True


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A command and words that it may know or not; what would train is only asked what it would do."""
    first = draw(st.sampled_from(words.COMMANDS) | FREE)
    word = st.sampled_from(words.OPTIONS) | st.sampled_from(words.WORDS) | FREE
    joined = st.builds("{}={}".format, st.sampled_from([each for each in words.OPTIONS if "=" not in each]), FREE)
    given = draw(st.lists(word | joined, max_size=6))
    if first == "train":
        given += ["--print-config"]
    elif first == "inspect" or {"batch", "model", "step"} & {*given}:
        given += ["--help"]
    elif first == "check":
        given = [each for each in given if each not in words.WORDS] + ["p.py:nope"]
    return [first, *given] if first else given


CELLS = st.sampled_from((
    "1", "2.5", "-3e2", "", "NA", "nan", "inf", "x", "red", '"a"', '"a,b"', '"a\nb"', '"a""b"', 'a"b', " 7 ", "\t", "é", "\0",
    "\v", "1\r", '"', '""', '"1', "1_0", "=1+1", "2024-02-30", "1,5", "5 %", "yes", "9" * 400, "1e999", "\ufeff",
)) | st.text(max_size=5)  # fmt: skip
ROWS = st.lists(st.lists(CELLS, max_size=4), min_size=0, max_size=12)
MARKS = st.sampled_from((b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\n", b"\x00"))


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A file of some rows, in any form."""
    delimiter, end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(("\n", "\r\n", "\r", "\n\n")))
    text = end.join(delimiter.join(row) for row in draw(ROWS)) + draw(st.sampled_from(("", end)))
    return draw(MARKS) + text.encode(draw(st.sampled_from(("utf-8", "utf-8", "utf-16", "latin-1"))), "replace")


def one_line(call: Callable[[], Any]) -> Any:
    """What a call returns; None if it refuses, in one line."""
    from eagerloop.errors import EagerloopError

    try:
        return call()
    except EagerloopError as error:
        told = str(error)
    assert told.strip(), "refused without a word"
    assert "\n" not in told, f"not one line: {told!r}"
    return None


def try_config(text: str) -> None:
    """As a config of a training, and as the record of a run."""
    Path("its.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
    _fine(["train", "--config", "its.toml", "--print-config"])
    Path("its").mkdir(exist_ok=True)
    shutil.copytree("run", "its", dirs_exist_ok=True)
    Path("its/run.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
    _fine(["runs", "its"])
    _fine(["verify", "its"])


def try_command_line(line: list[str]) -> None:
    """By its exit code and what it says."""
    _fine(line)


def _fine(line: list[str]) -> None:
    code, said = words._done(line)
    wrong = words.fault(code, said)
    assert "--debug" in line or not wrong, wrong  # whoever asks for a traceback gets one


def try_table(data: bytes) -> None:
    """Read whole and in blocks, with the same cells; then as data to train with, of either kind."""
    from eagerloop.tables import read_blocks, read_table
    from eagerloop_plugins.dataset.csv import csv

    path = Path("its.csv")
    path.write_bytes(data)
    whole = one_line(lambda: read_table(path))
    blocks = one_line(lambda: list(read_blocks(path)))
    if whole is not None and blocks is not None:
        cells = {name: [cell for block in blocks for cell in block.text(name)] for name in whole.names}
        assert cells == {name: list(whole.text(name)) for name in whole.names}, "whole and in blocks, it reads differently"
    for stream in ("no", "yes"):
        dataset = one_line(lambda stream=stream: csv(path=path, stream=stream, batch_size=1))
        batches = dataset and one_line(lambda dataset=dataset: list(dataset.train(1)))
        assert not dataset or batches is None or batches


KINDS: dict[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "run.toml": (configs, try_config),
    "command lines": (command_lines, try_command_line),
    "CSV files": (tables, try_table),
}
"""What is made up, and what is tried with it."""


def search(kind: str, count: int, seed: int = 0) -> int:
    """Tries some, in the working directory, where `words.prepare` has been.

    Returns:
        How many were tried.

    Raises:
        Exception: The smallest that was found for which it is neither a result nor one line, and what it is.
    """
    make, attempt = KINDS[kind]
    tried = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count, deadline=None, database=None, print_blob=False, suppress_health_check=[*hypothesis.HealthCheck]
    )
    @hypothesis.given(make())
    def every_one(example: Any) -> None:
        nonlocal tried
        tried += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is left out of a table, and why
            attempt(example)

    every_one()
    return tried


def _searched(kind: str, count: int, seed: int) -> None:
    """A search in a child, whose exit code a number would be."""
    search(kind, count, seed)


def main() -> None:
    """Tries them and prints what came of it; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="how many of each kind")
    parser.add_argument("--only", nargs="*", default=[*KINDS], choices=[*KINDS], help="which kinds")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first ones")
    chosen = parser.parse_args()
    warm.warm_up()
    faults = 0
    with tempfile.TemporaryDirectory(prefix="eagerloop-inputs-") as name:
        said = Path(name, "said.txt")
        Path(name, "here").mkdir()
        os.chdir(Path(name, "here"))
        assert warm.child(words.prepare, output=said) == 0, said.read_text()
        for kind in chosen.only:
            for place, begin in enumerate(range(0, chosen.count, SOME)):
                work = functools.partial(_searched, kind, min(SOME, chosen.count - begin), chosen.first + place)
                if warm.child(work, output=said, limit=3600):
                    faults += 1
                    print(
                        f"{kind}, seed {chosen.first + place}: {said.read_text(errors='replace')[-3000:]}",
                        file=sys.stderr,
                        flush=True,
                    )
            print(f"{chosen.count:6} {kind}", flush=True)
        os.chdir("/")
    print(f"{faults} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
