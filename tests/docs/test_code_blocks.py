"""Every code block of the README, CONTRIBUTING and the pages runs, and shows what it says.

A page is one test: its blocks run in order, in one namespace and in one temporary directory. What a block may be:

- ``python``, or MyST-NB's ``{code-cell}``: run. A first line `# name.py` (or `%%writefile name`) saves the block as that file
  first. In a cell, lines that begin with `!` are shell lines, as below.
- ``console``: lines behind `$ ` are run through `eagerloop.cli.main` in this process, the lines below are their output.
- ``text``: the output of the block before it.
- ``toml``: a file, named in its first line.
- ``{literalinclude}`` of a file beside the page: the file is put where the page's commands are run.
- ``sh``: what needs a fresh machine or the network. `.ci/run` runs those lines; here it is checked that it does.

A command must succeed, unless a comment behind it says `# ends with 2`; what it says to stderr counts behind `2>&1`.

Outputs are compared word by word. `...` stands for anything, decimal numbers agree to one per cent (another processor rounds
differently), and the times of a run and the dates in its name are not compared.
"""

import __future__

import ast
import contextlib
import io
import math
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from eagerloop.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if "_build" not in page.parts]

CHECKED_BY_SPHINX = {"{eval-rst}", "{toctree}", "{glossary}", "{grid}", "{built-in-parts}", "{run-options}"}
EXAMPLES = ("docs/examples/eagerloop-example", "docs/examples/eagerloop-studies")
INSTALL_EXAMPLE = {f"pip install ./{example}\n": example for example in EXAMPLES}

FENCE = re.compile(
    r"^(?P<marks>`{3,}|:{3,})(?P<language>[^\s`]*)(?P<argument>[^\n]*)\n(?P<body>.*?)^(?P=marks)[ ]*$", re.MULTILINE | re.DOTALL
)
TITLE = re.compile(r"\A# (?P<file>[\w./-]+\.(?:py|toml))\n")


@dataclass
class Block:
    """A fenced block: its language, what stands behind that, its text, and the line of the page on which that begins."""

    page: Path
    language: str
    argument: str
    body: str
    line: int

    @property
    def where(self) -> str:
        """File and line, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """The page's blocks in order; a cell's options (`:tags:` and the like) are taken away."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start("body")) + 1
        body = match["body"]
        while match["language"] == "{code-cell}" and body.startswith(":"):
            body, line = body.partition("\n")[2], line + 1
        found.append(Block(page, match["language"], match["argument"].strip(), body, line))
    return found


class Shelf:
    """Runs the blocks of one page."""

    def __init__(self, directory: Path, monkeypatch) -> None:
        self.directory, self.monkeypatch = directory, monkeypatch
        self.names = {"__name__": "__main__"}
        self.said = None

    def run(self, block: Block) -> None:
        """Runs one block, or compares it with what the one before said."""
        getattr(self, block.language.strip("{}").replace("-", "_"))(block)

    def python(self, block: Block) -> None:
        """Code; see the module's docstring."""
        titled = TITLE.match(block.body)
        if titled:
            (self.directory / titled["file"]).write_text(block.body, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()) as said, findings_are("ignore"):
            self._execute(block.body, block)
        self.said = said.getvalue()

    def code_cell(self, block: Block) -> None:
        """Code with IPython's `!` and `%%writefile`."""
        first, _, rest = block.body.partition("\n")
        if first.startswith("%%writefile "):
            (self.directory / first.split()[1]).write_text(rest, encoding="utf-8")
            return
        code = "\n".join("" if line.startswith("!") else line for line in block.body.splitlines())
        shell = [line.removeprefix("!") for line in block.body.splitlines() if line.startswith("!")]
        assert not (code.strip() and shell), f"{block.where}: a cell is either Python or shell lines"
        for line in shell:
            self._command(line, block)
        with contextlib.redirect_stdout(io.StringIO()):
            self._execute(code, block)

    def console(self, block: Block) -> None:
        """Commands behind `$ `, each followed by its output."""
        for piece in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
            line, _, wanted = piece.partition("\n")
            while line.endswith("\\"):
                more, _, wanted = wanted.partition("\n")
                line = line.removesuffix("\\") + more.strip()
            said = self._command(line, block)
            if wanted.strip():
                assert_alike(wanted, said, f"{block.where}: $ {line}")

    def text(self, block: Block) -> None:
        """The output of the block before."""
        assert self.said is not None, f"{block.where}: there is no block before it whose output it could be"
        assert_alike(block.body, self.said, block.where)

    def toml(self, block: Block) -> None:
        """A file."""
        titled = TITLE.match(block.body)
        assert titled, f"{block.where}: a toml block begins with '# name.toml'"
        (self.directory / titled["file"]).write_text(block.body, encoding="utf-8")

    def literalinclude(self, block: Block) -> None:
        """A file that the page shows: one beside the page is there for its commands."""
        if "/" not in block.argument:
            shutil.copy(block.page.parent / block.argument, self.directory)

    def sh(self, block: Block) -> None:
        """Lines for a fresh machine: not for this process. Only the installation of an example is done here."""
        if block.body in INSTALL_EXAMPLE:
            site = installed_example(INSTALL_EXAMPLE[block.body], self.directory / "site")
            self.monkeypatch.syspath_prepend(str(site))

    def _command(self, line: str, block: Block) -> str:
        """What an `eagerloop` command, or `cat`, `ls` and `head` of a file, prints; it must end as the line says."""
        line, _, code = line.partition("# ends with ")
        command, _, rest = line.partition("|")
        command, both, _ = command.partition("2>&1")
        command, _, file = command.partition(" > ")
        name, *arguments = shlex.split(command)
        if name == "eagerloop" and "--devices" in arguments:  # which are made before TensorFlow starts: not in this process
            text = self._shell(shlex.join([sys.executable, "-c", "from eagerloop.cli import main; main()", *arguments]))
        elif name == "eagerloop":
            out, errors = io.StringIO(), contextlib.redirect_stderr if both else contextlib.nullcontext
            with (
                contextlib.redirect_stdout(out),
                errors(out),
                findings_are("always"),
                pytest.raises(SystemExit) as leaving,
            ):
                main(arguments)
            assert leaving.value.code == int(code or 0), f"{block.where}: $ {line} ended with {leaving.value.code}"
            text = out.getvalue()
        else:
            assert name in ("cat", "ls", "head"), f"{block.where}: nobody runs '{name}'"
            text = self._shell(command)
        if file:
            (self.directory / file.strip()).write_text(text, encoding="utf-8")
            return ""
        return self._shell(rest, text) if rest else text

    def _shell(self, command: str, given: str = "") -> str:
        """What a command of the system prints."""
        words = shlex.split(command)
        return subprocess.run(words, cwd=self.directory, input=given, text=True, check=True, capture_output=True).stdout

    def _execute(self, code: str, block: Block) -> None:
        """Runs Python; the line numbers of a traceback are those of the page."""
        tree = ast.increment_lineno(ast.parse(code), block.line - 1)
        # Annotations are not evaluated: the loop that the README shows comes without the imports at the head of its file.
        flags = __future__.annotations.compiler_flag
        exec(compile(tree, str(block.page), "exec", flags, dont_inherit=True), self.names)  # noqa: S102 - that is the test


@contextlib.contextmanager
def findings_are(action):
    """A run warns of mistakes that it sees, a dataset of gaps, a resume on other devices of rounding: on a page no errors."""
    with warnings.catch_warnings():
        warnings.filterwarnings(action, message=r"EL\d\d |the rest may differ |started from |\S+\.csv: ")
        yield


HANDLED = {"python", "{literalinclude}", "{code-cell}", "console", "text", "toml", "sh"}


def assert_alike(wanted: str, got: str, where: str) -> None:
    """Compares an output as the module's docstring says."""
    pieces = [words(piece) for piece in re.split(r"\.\.\.", wanted)]
    left = words(got)
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        starts = [0] if number == 0 else [len(left) - len(piece)] if last else range(len(left) - len(piece) + 1)
        start = next((start for start in starts if start >= 0 and alike(piece, left[start : start + len(piece)])), None)
        whole = start is not None and (not last or start + len(piece) == len(left))
        assert whole, f"{where}\nwanted:\n{wanted}\ngot:\n{got}\nno match for: {' '.join(piece)}"
        left = left[start + len(piece) :]


def words(text: str) -> list[str]:
    """The words of an output, times and dates taken out of them, and the blanks that NumPy fills its columns up with."""
    text = re.sub(r"\b[\d.]+ s\b", "SECONDS s", text)
    text = re.sub(r"(?<=\[) +| +(?=\])", "", text)
    return re.sub(r"\d{8}-\d{6}", "DATE", text).split()


def alike(wanted: list[str], got: list[str]) -> bool:
    """Whether all words are the same, numbers with a point in them within one per cent."""
    return len(wanted) == len(got) and all(map(_same, wanted, got))


NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def _same(wanted: str, got: str) -> bool:
    if NUMBER.sub("#", wanted) != NUMBER.sub("#", got):
        return False
    pairs = zip(NUMBER.findall(wanted), NUMBER.findall(got), strict=True)
    return all(math.isclose(float(one), float(other), rel_tol=0.01, abs_tol=1e-6) for one, other in pairs)


def installed_example(example: str, target: Path) -> Path:
    """Installs an example package as a stranger would, but without the network."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(ROOT / example)], check=True, capture_output=True)
    return target


def as_run_by_ci(line: str) -> str:
    """A command without the virtual environment in front of its programs, and without quotes."""
    return re.sub(r"[\w.${}/-]*bin/", "", line.replace('"', "").replace("'", ""))


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_of_a_page_run(page, tmp_path, monkeypatch):
    """Every block of the page runs without an error, and prints what the page says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.syspath_prepend(tmp_path)  # as where somebody types Python
    shelf = Shelf(tmp_path, monkeypatch)

    for block in blocks_of(page):
        if block.language not in CHECKED_BY_SPHINX:
            assert block.language in HANDLED, f"{block.where}: nobody checks blocks of '{block.language}'"
            shelf.run(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_fence_is_missed(page):
    """Each line that opens or closes a fence belongs to a block that was found; an indented one would slip through."""
    text = page.read_text(encoding="utf-8")
    outside = FENCE.sub("", text)

    assert re.findall(r"^\s*(?:```|~~~|:::).*$", outside, re.MULTILINE) == []


def test_ci_runs_every_shell_line():
    """What a page asks people to type on a fresh machine is typed by `.ci/run`; the README's lines it reads from there."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = [block.body for block in blocks_of(ROOT / "README.md") if block.language == "sh"]
    known = as_run_by_ci("\n".join([script, *readme, ".ci/run"]))
    blocks = [
        block for page in PAGES for block in blocks_of(page) if block.language == "sh" and block.body not in INSTALL_EXAMPLE
    ]
    lines = [(block.where, line) for block in blocks for line in block.body.splitlines()]

    assert "README.md" in script
    assert [where for where, line in lines if as_run_by_ci(line) not in known] == []


def test_the_readme_has_its_two_set_up_lines():
    """Each is one line, makes its own virtual environment, and stands alone; `.ci/run` reads them from here."""
    lines = [block.body.strip() for block in blocks_of(ROOT / "README.md") if block.language == "sh"]

    assert len(lines) == 2
    assert all("\n" not in line and line.startswith("python3 -m venv ") for line in lines)
    assert "eagerloop train" in lines[0]
    assert lines[1].endswith("pytest")


@pytest.mark.parametrize(
    ("wanted", "got", "same"),
    [
        ("loss 1.000 in 0.5 s", "loss 1.004 in 7 s", True),
        ("loss 1.00", "loss 1.02", False),
        ("a ... d", "a b c d", True),
        ("a ... d", "a b c", False),
        ("runs/20260101-120000-iris", "runs/20270101-120001-iris", True),
        ("12 steps", "13 steps", False),
        ("a b", "a b c", False),
    ],
)
def test_outputs_are_compared_as_documented(wanted, got, same):
    """`...`, rounding, times and dates are forgiven, everything else is not."""
    if same:
        assert_alike(wanted, got, "here")
    else:
        with pytest.raises(AssertionError, match="no match for"):
            assert_alike(wanted, got, "here")
