"""Makes a notebook of each lesson while the pages are built, and puts it and the files that a page shows beside the page.

A notebook is made from its page, and nothing is kept twice: text stays text, whatever the page runs is a cell, and a file that
the page shows is written by a cell. What a cell prints is left for the reader's own machine to say. The same page makes the
same bytes.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import yaml
from docutils import nodes
from markdown_it import MarkdownIt
from markdown_it.token import Token
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.directives.code import LiteralInclude, LiteralIncludeReader

HEADER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
OPTION = re.compile(r"^:([a-z-]+):[ \t]*(.*)\n", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\((?![a-z]+://)[^)\s]+\)")
COMMANDS = """\
import os
import sys

os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]  # `!eagerloop` is that of this Python"""
FROM = """\
This notebook is made from a page of eagerloop's documentation. Titles in italics are other pages of it. eagerloop must be
installed in the Python that runs the notebook."""


def fences(text: str) -> Iterator[Token]:
    """The fenced blocks of a page, none that stands inside another."""
    return (token for token in MarkdownIt("commonmark").parse(text) if token.type == "fence" and token.level == 0)


def files_of(page: Path, docs: Path) -> list[Path]:
    """The files below the docs that a page shows, each once, in its order."""
    text = page.read_text(encoding="utf-8")
    shown = [token.info.split()[1] for token in fences(text) if token.info.startswith("{literalinclude}")]
    paths = dict.fromkeys((page.parent / name).resolve() for name in shown)
    return [path for path in paths if path.is_relative_to(docs.resolve())]


def notebook_of(page: Path) -> Any:
    """A page's notebook, or None where the page runs nothing.

    Args:
        page: A page in Markdown, MyST-NB's or plain.

    Returns:
        An `nbformat` notebook without outputs, its cells numbered.
    """
    text = HEADER.sub("", page.read_text(encoding="utf-8"))
    lines, at, cells, written = text.splitlines(keepends=True), 0, [], set[str]()
    for token in fences(text):
        begin, end = token.map or (at, at)
        cells.append(("markdown", prose("".join(lines[at:begin]))))
        cells.extend(block(token, page, written))
        at = end
    cells.append(("markdown", prose("".join(lines[at:]))))
    if not any(kind == "code" for kind, _ in cells):
        return None
    return numbered(merged([*opening(cells), *cells[1:]]))


def opening(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first cell, with a word on where the notebook comes from, and the way to the command where one is called."""
    title, _, rest = cells[0][1].partition("\n")
    begun = [("markdown", f"{title}\n\n{FROM}\n{rest}")]
    called = any(kind == "code" and re.search(r"^!eagerloop", source, re.MULTILINE) for kind, source in cells)
    return [*begun, ("code", COMMANDS)] if called else begun


def prose(text: str) -> str:
    """Text whose links to other pages are their titles alone: beside a notebook there are none."""
    return LINK.sub(r"*\1*", text).strip()


def block(token: Token, page: Path, written: set[str]) -> list[tuple[str, str]]:
    """What a fenced block is in a notebook; nothing for an output, which the reader's own cell prints."""
    language, _, argument = token.info.partition(" ")
    options = {name: str(yaml.safe_load(value)) for name, value in OPTION.findall(token.content)} if language[0] == "{" else {}
    body = re.sub(r"\A(?::[a-z-]+:.*\n)+", "", token.content).strip("\n") if options else token.content.rstrip("\n")
    if language == "{code-cell}":
        return [] if "remove-cell" in options.get("tags", "") else [("code", body)]
    if language == "{literalinclude}":
        return included(page.parent / argument, page, options, written)
    if language == "python":
        return [("code", body)]
    if language == "console":
        return [("code", "\n".join(f"!{line}" for line in commands(body)))]
    assert language in ("text", "{toctree}"), f"{page}: a notebook has no place for a block of '{language}'"
    return []


def included(path: Path, page: Path, options: dict[str, str], written: set[str]) -> list[tuple[str, str]]:
    """A file beside the page is written by a cell, whole; what is shown of another, or once more of the same, is text."""
    if path.parent == page.parent and path.name not in written:
        written.add(path.name)
        return [("code", f"%%writefile {path.name}\n{path.read_text(encoding='utf-8').rstrip()}")]
    given = {name: LiteralInclude.option_spec[name](value) for name, value in options.items()}
    shown, _lines = LiteralIncludeReader(str(path), given, Config()).read()
    return [("markdown", f"```{options.get('language', '')}\n{shown.rstrip()}\n```")]


def commands(body: str) -> Iterator[str]:
    """The lines behind `$ `, those that go on joined."""
    for piece in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, _, rest = piece.partition("\n")
        while line.endswith("\\"):
            more, _, rest = rest.partition("\n")
            line = line.removesuffix("\\") + more.strip()
        yield line


def merged(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Texts that follow one another in one cell, and none that is empty."""
    whole: list[tuple[str, str]] = []
    for kind, source in cells:
        if kind == "markdown" and whole and whole[-1][0] == "markdown":
            whole[-1] = (kind, f"{whole[-1][1]}\n\n{source}".rstrip())
        elif source:
            whole.append((kind, source))
    return whole


def numbered(cells: list[tuple[str, str]]) -> Any:
    """The notebook of these cells. nbformat would draw names for them: then no two builds would be the same."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    made = [make[kind](source, id=f"cell-{number:02}") for number, (kind, source) in enumerate(cells, 1)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def linked(app: Sphinx, doctree: nodes.document) -> None:
    """Puts a line of downloads below the title of a page that has any."""
    page, docs = Path(app.env.doc2path(app.env.docname)), Path(app.srcdir)
    here = [(os.path.relpath(path, page.parent), path.name) for path in files_of(page, docs)]
    if is_lesson(app.env.docname) and notebook_of(page) is not None:
        here.insert(0, (f"{page.stem}.ipynb", "this page as a notebook"))
    title = next(iter(doctree.findall(nodes.title)), None)
    if not here or title is None:
        return
    line = nodes.paragraph("", "Download: ", classes=["downloads"])
    for number, (target, words) in enumerate(here):
        line += [nodes.Text(", " * bool(number)), addnodes.download_reference("", words, reftarget=target, refuri=target)]
    title.parent.insert(title.parent.index(title) + 1, line)


def is_lesson(docname: str) -> bool:
    """Whether a page is one of the lessons."""
    return docname.startswith("lessons/")


def written_beside(app: Sphinx, error: Exception | None) -> None:
    """Writes what the lines of downloads lead to, each beside the page that it belongs to."""
    if error is not None or app.builder.format != "html":
        return
    docs, out = Path(app.srcdir), Path(app.outdir)
    for docname in sorted(app.env.found_docs):
        page = Path(app.env.doc2path(docname))
        for path in files_of(page, docs):
            target = out / path.relative_to(docs)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        notebook = notebook_of(page) if is_lesson(docname) else None
        if notebook is not None:
            (out / f"{docname}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", linked, priority=900)  # after Sphinx has gathered the downloads that it copies itself
    app.connect("build-finished", written_beside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
