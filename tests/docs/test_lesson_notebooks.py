"""The notebooks that are made of the lessons: what is in them, and that every cell runs in a real kernel at the first try."""

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
LESSONS = [page for page in sorted((DOCS / "lessons").rglob("*.md")) if page.name != "index.md"]
NAMES = [str(page.relative_to(DOCS / "lessons")) for page in LESSONS]

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::FutureWarning"
)


@pytest.fixture
def made(monkeypatch):
    """The module that makes the notebooks."""
    for needed in ("nbformat", "markdown_it", "sphinx", "yaml"):
        pytest.importorskip(needed, reason="the docs are not installed")
    monkeypatch.syspath_prepend(DOCS / "extensions")
    import lesson_notebooks

    return lesson_notebooks


PAGE = """\
---
file_format: mystnb
---
# A lesson

See [the other](other.md#there) and [the web](https://example.org).

```{code-cell}
:tags: [remove-cell]
import os
```

```{literalinclude} wrong.py
:language: python
:pyobject: one
```

Run it:

```console
$ eagerloop train --model wrong.py:one \\
    --epochs 1  # ends with 2
eagerloop: it is wrong
$ ls
wrong.py
```

```{code-cell}
:tags: [raises-exception]

print(1)
```

```python
two = 2
```

```text
2
```

```{literalinclude} wrong.py
:language: python
:pyobject: two
```
"""


def test_blocks_become_cells(made, tmp_path):
    """Commands, code and the file are cells; the hidden cell and the outputs are not; links to pages are their titles."""
    page = tmp_path / "lesson.md"
    page.write_text(PAGE, encoding="utf-8")
    (tmp_path / "wrong.py").write_text("def one():\n    return 1\n\n\ndef two():\n    return 2\n", encoding="utf-8")
    notebook = made.notebook_of(page)

    assert [cell.source for cell in notebook.cells] == [
        f"# A lesson\n\n{made.FROM}\n\nSee *the other* and [the web](https://example.org).",
        made.COMMANDS,
        "%%writefile wrong.py\ndef one():\n    return 1\n\n\ndef two():\n    return 2",
        "Run it:",
        "!eagerloop train --model wrong.py:one --epochs 1  # ends with 2\n!ls",
        "print(1)",
        "two = 2",
        "```python\ndef two():\n    return 2\n```",
    ]
    assert [cell.id for cell in notebook.cells] == [f"cell-{number:02}" for number in range(1, 9)]


def test_a_page_that_runs_nothing_has_no_notebook(made):
    """The table of the mistakes is a page to read."""
    assert made.notebook_of(DOCS / "lessons" / "break-it" / "index.md") is None


def test_downloads_stand_beside_the_page(made, tmp_path):
    """The built page links to its notebook and to the file that it shows; both are there, byte for byte as they were made."""
    application = pytest.importorskip("sphinx.application", reason="the docs are not installed")
    docs, out = tmp_path / "docs", tmp_path / "out"
    files = {
        "index.md": "# Begin\n\n```{toctree}\nlessons/one\n```\n",
        "lessons/one.md": "# One\n\n```{literalinclude} wrong.py\n:language: python\n```\n\n```python\nprint(1)\n```\n",
        "lessons/wrong.py": "def one():\n    return 1\n",
    }
    for name, text in files.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")
    given = {"extensions": ["myst_parser", "lesson_notebooks"], "html_theme": "basic"}
    places = [str(docs), None, str(out), str(tmp_path / "trees")]
    with sys.modules["sphinx.util.docutils"].docutils_namespace():  # one build leaves nothing behind for the next
        application.Sphinx(*places, "html", given, status=None, warning=None, exception_on_warning=True).build()
    html = {name: (out / f"{name}.html").read_text(encoding="utf-8") for name in ("index", "lessons/one")}
    links = {name: re.findall(r'<a class="reference download[^"]*" download="" href="([^"]*)"', html[name]) for name in html}

    assert links == {"index": [], "lessons/one": ["one.ipynb", "wrong.py"]}
    assert (out / "lessons" / "wrong.py").read_text(encoding="utf-8") == files["lessons/wrong.py"]
    text = (out / "lessons" / "one.ipynb").read_text(encoding="utf-8")
    assert text == sys.modules["nbformat"].writes(made.notebook_of(docs / "lessons" / "one.md"))


@pytest.mark.parametrize("page", LESSONS, ids=NAMES)
def test_every_block_that_a_page_runs_is_a_cell(made, page):
    """As many cells of code as blocks that are run and seen, the file that is written and the way to the command apart."""
    notebook = made.notebook_of(page)
    sys.modules["nbformat"].validate(notebook)
    text = page.read_text(encoding="utf-8")
    run = len(re.findall(r"^```(?:python|console|\{code-cell\}(?!\n:tags: \[remove-cell\]))$", text, re.MULTILINE))
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")

    assert len([source for source in code if source != made.COMMANDS and not re.match(r"%%writefile el\d\d_", source)]) == run
    assert re.findall(r"\]\((?!https://)[^)]*\)", prose) == []
    assert "```{" not in prose


@pytest.mark.long
@pytest.mark.parametrize("page", LESSONS, ids=NAMES)
def test_every_cell_runs_at_the_first_try(made, page, tmp_path, monkeypatch):
    """A real kernel, whose PATH has no eagerloop: no cell raises, and every command ends as its line says."""
    client = pytest.importorskip("nbclient", reason="the docs are not installed")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = made.notebook_of(page)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = re.sub(r"^(!.*?)(# ends with (\d))?$", with_its_end, cell.source, flags=re.MULTILINE)
    done = client.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()

    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")


def with_its_end(line):
    """A command of a cell, and behind it a look at how it has ended; what it printed, where that is wrong."""
    return f"{line[0]}\nassert _exit_code == {line[3] or 0}, _exit_code"
