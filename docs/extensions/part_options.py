"""Directives of the reference: the options of a run, and of every built-in part, each with an anchor that stays.

`{built-in-parts} optimizer` makes a section for each optimizer, and `{run-options}` a list. All of it is read from the
factories, so that nothing stands in two places. The anchor of an option is `optimizer-adam-learning-rate`, that of a part
`optimizer-adam`, and that of an option of a run `run-epochs`. From another page `[text](#optimizer-adam-learning-rate)` leads
there.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from eagerloop.choices.catalog import Catalog, Entry
from eagerloop.choices.options import REQUIRED, Option, summary_of
from eagerloop.choices.settings import plain_options
from eagerloop.parts import KINDS

ROOT = Path(__file__).resolve().parents[2]


def anchor(*words: str) -> str:
    """The anchor of what these words name, in kebab-case."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def typed(kind: str, option: Option) -> str:
    """The option as a command line has it; observers share `--observe`."""
    return f"--{'observe' if kind == 'observer' else kind}.{option.flag}"


def default_of(option: Option) -> str:
    """The default as it would be typed."""
    if option.default is REQUIRED:
        return "required"
    if option.default is None or option.default == []:
        return "default none"
    if isinstance(option.default, bool):
        return f"default {'on' if option.default else 'off'}"
    return f"default {', '.join(map(str, option.default)) if isinstance(option.default, list) else option.default}"


def with_code(text: str) -> list[nodes.Node]:
    """A sentence in which `this` is code."""
    pieces = re.split(r"`([^`]+)`", text)
    return [nodes.literal(text=piece) if number % 2 else nodes.Text(piece) for number, piece in enumerate(pieces) if piece]


class Described(SphinxDirective):
    """What both directives share: a list of options."""

    def listed(self, named: Iterable[tuple[str, str, Option]]) -> nodes.definition_list:
        """A list of options, each given as its anchor, as it is typed, and as it is."""
        items = nodes.definition_list(classes=["options"])
        for name, flag, option in named:
            term = nodes.term("", "", nodes.literal(text=flag), nodes.Text(f" {option.type_name}, {default_of(option)}"))
            self.reached_by(term, name)
            term += nodes.reference("", "¶", refuri=f"#{name}", classes=["headerlink"], reftitle="Link to this option")
            said = nodes.paragraph("", "", *with_code(option.help))
            items += nodes.definition_list_item("", term, nodes.definition("", said))
        return items

    def reached_by(self, node: nodes.Element, name: str) -> None:
        """Makes a node one that links lead to, by exactly this anchor."""
        assert name not in self.state.document.ids, f"two things have the anchor {name}"
        node["ids"].append(name)
        node["names"].append(name)
        self.state.document.note_explicit_target(node, node)


class BuiltInParts(Described):
    """The built-in parts of a kind, a section each."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The sections."""
        kind = self.arguments[0]
        assert kind in KINDS, f"there is no kind '{kind}'"
        return [self.section_of(entry) for entry in Catalog.load().of_kind(kind) if entry.owner.distribution == "eagerloop"]

    def section_of(self, entry: Entry) -> nodes.section:
        """Name, summary, place in the source, options."""
        section = nodes.section("", nodes.title("", "", nodes.Text(entry.name)))
        self.reached_by(section, anchor(entry.kind, entry.name))
        section += nodes.paragraph("", "", *with_code(summary_of(entry.factory)))
        file, _, line = entry.location.rpartition(":")
        if line.isdigit() and Path(file).is_relative_to(ROOT):
            section += nodes.paragraph("", "", *with_code(f"Source: `{Path(file).relative_to(ROOT).as_posix()}`."))
        options = [
            (anchor(entry.kind, entry.name, name), typed(entry.kind, option), option) for name, option in entry.options.items()
        ]
        section += self.listed(options) if options else nodes.paragraph("", "It has no options.")
        return section


class RunOptions(Described):
    """The options that belong to no part."""

    def run(self) -> list[nodes.Node]:
        """The list."""
        return [self.listed((anchor("run", name), f"--{option.flag}", option) for name, option in plain_options().items())]


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("built-in-parts", BuiltInParts)
    app.add_directive("run-options", RunOptions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
