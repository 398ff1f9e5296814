"""The reference has a section for each built-in part, and an anchor for each option, which other pages can lead to."""

import re
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import plain_options
from eagerloop.parts import KINDS

DOCS = Path(__file__).resolve().parents[2] / "docs"


class Anchors(HTMLParser):
    """Gathers the ids of a page, and where its links lead."""

    def __init__(self):
        super().__init__()
        self.ids, self.targets = [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.targets += [given["href"]] if tag == "a" and "href" in given else []


def kebab(*words):
    """Words as an anchor, for names of letters, digits, underscores and hyphens."""
    return "-".join(words).replace("_", "-").lower()


def named():
    """The anchors that must be there: of parts and of their options, read from the catalog."""
    entries = [entry for kind in KINDS for entry in Catalog.load().of_kind(kind) if entry.owner.distribution == "eagerloop"]
    parts = [kebab(entry.kind, entry.name) for entry in entries]
    return parts + [kebab(entry.kind, entry.name, option) for entry in entries for option in entry.options]


def built(tmp_path, monkeypatch, files, *extensions):
    """Builds pages as they stand, warnings being errors; gives the folder of the HTML."""
    application = pytest.importorskip("sphinx.application", reason="the docs are not installed")
    pytest.importorskip("myst_parser", reason="the docs are not installed")
    monkeypatch.syspath_prepend(DOCS / "extensions")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    given = {"extensions": ["myst_parser", *extensions], "html_theme": "basic"}
    out = tmp_path / "out"
    places = [str(tmp_path), None, str(out), str(tmp_path / "trees")]
    with sys.modules["sphinx.util.docutils"].docutils_namespace():  # one build leaves nothing behind for the next
        application.Sphinx(*places, "html", given, status=None, warning=None, exception_on_warning=True).build()
    return out


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_each_option_has_one_anchor_that_other_pages_can_lead_to(tmp_path, monkeypatch):
    """Every part and every option of the catalog is on a page once; a link to one from elsewhere arrives there."""
    kinds = "\n".join(f"## {kind}\n\n```{{built-in-parts}} {kind}\n```\n" for kind in KINDS)
    run = "# A run\n\n```{run-options}\n```\n"
    start = "# Begin\n\n[rate](#optimizer-adam-learning-rate), [epochs](#run-epochs), [Adam](#optimizer-adam)\n"
    start += "\n```{toctree}\n:hidden:\n\nrun\nparts\n```\n"
    out = built(tmp_path, monkeypatch, {"index.md": start, "run.md": run, "parts.md": f"# Parts\n\n{kinds}"}, "part_options")
    parts, begin, options = Anchors(), Anchors(), Anchors()
    for page, name in ((parts, "parts"), (begin, "index"), (options, "run")):
        page.feed((out / f"{name}.html").read_text(encoding="utf-8"))
    wanted = named()

    assert len(wanted) > 500
    assert [name for name, often in Counter(wanted).items() if often > 1] == []
    assert [name for name in wanted if parts.ids.count(name) != 1] == []
    assert [name for name in plain_options() if options.ids.count(kebab("run", name)) != 1] == []
    wanted_links = ["parts.html#optimizer-adam-learning-rate", "run.html#run-epochs", "parts.html#optimizer-adam"]
    assert [target for target in begin.targets if "#optimizer" in target or "#run" in target] == wanted_links


def test_each_kind_has_its_page():
    """A page below `built-in` for each kind, all of them listed where the options are told."""
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (DOCS / "reference" / "built-in").glob("*.md")}
    kinds = [kind for text in pages.values() for kind in re.findall(r"^```\{built-in-parts\} (\w+)$", text, re.MULTILINE)]
    listed = re.findall(r"^built-in/(\w+)$", (DOCS / "reference" / "options.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(kinds) == sorted(KINDS)
    assert sorted(listed) == sorted(pages)
