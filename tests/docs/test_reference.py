"""The reference leaves nothing out: every command, hook, kind of part and public name has its place."""

import contextlib
import inspect
import io
import re
from pathlib import Path

import pytest

import eagerloop
from eagerloop import hooks, parts
from eagerloop.cli import main

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def page(name):
    """The text of a page."""
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def commands(*group):
    """The commands that a group's help lists, in its order."""
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit, match="0"):
        main([*group, "--help"])
    listed = out.getvalue().split("Commands", 1)[1]
    return re.findall(r"^(?:│ |  )([a-z]+) ", listed, re.MULTILINE)


def test_every_command_has_its_section():
    """The page has a section for each command, in the order of `--help`, and each section runs that command's help."""
    groups = ("inspect", "runs")
    names = [name for name in commands() if name not in groups]
    names += [f"{group} {name}" for group in groups for name in commands(group)]
    sections = re.findall(r"^## eagerloop (.+)$", page("command-line"), re.MULTILINE)
    helps = re.findall(r"^!eagerloop ([a-z ]+?)(?: --\w+ \w+)* --help$", page("command-line"), re.MULTILINE)

    assert len(names) >= 9
    assert sections == names
    assert helps == names


def test_the_hooks_come_from_the_source():
    """Both classes of hooks stand on the page by autodoc, with all of their members: signatures and texts are the source's."""
    for group in (hooks.ProviderHooks, hooks.LifecycleHooks):
        assert f".. autoclass:: eagerloop.hooks.{group.__name__}\n   :members:\n" in page("hooks")
        assert all(inspect.getdoc(hook) for name, hook in vars(group).items() if not name.startswith("_"))


def test_the_log_on_the_hooks_page_knows_every_hook():
    """The observer that shows the order of the hooks has all of them, but the one for errors: that has its own example."""
    example = page("hooks").split("class Log:")[1].split("```")[0]

    assert re.findall(r"def (on_\w+)", example) == [name for name in hooks.LIFECYCLE if name != "on_exception"]
    assert "def on_exception(" in page("hooks")


def test_every_kind_of_part_is_described():
    """Each Protocol of `eagerloop.parts` stands on the page by autodoc, and an observer by its hooks."""
    for kind in parts.KINDS[:-1]:
        protocol = "TrainStep" if kind == "step" else kind.capitalize()  # an `eagerloop.Step` is what it returns
        assert f".. autoclass:: eagerloop.parts.{protocol}\n" in page("parts")
    assert "An observer is" in page("parts")


def test_every_public_name_is_described():
    """Whatever `eagerloop` exports is on one of the pages."""
    text = page("parts") + page("hooks")

    assert [name for name in eagerloop.__all__ if f"eagerloop.{name}" not in text] == []
