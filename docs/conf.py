"""How the pages are built: Sphinx, MyST-NB and furo. Every code cell is run while they are."""

import os
import re
import sys
import tempfile
from pathlib import Path

import eagerloop

project = "eagerloop"
author = "The eagerloop developers"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx's name for it
version = release = eagerloop.__version__

sys.path.insert(0, str(Path(__file__).parent / "extensions"))  # those of our own
extensions = [
    "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design", "part_options", "lesson_notebooks",
]
exclude_patterns = ["_build", "examples"]  # the examples are shown piece by piece, by literalinclude
default_role = "literal"  # `x` in a docstring is code, as in Markdown

html_theme = "furo"
copybutton_prompt_text = "$ "  # what is copied can be pasted: without the prompt, and without the output below
copybutton_exclude = ".linenos, .go"
html_title = "eagerloop"
html_static_path = ["_static"]
html_css_files = ["wide.css"]

# The same look for shell cells on every machine: no colours, a page's width of columns.
os.environ |= {"NO_COLOR": "1", "COLUMNS": "100", "TF_CPP_MIN_LOG_LEVEL": "3"}
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # so that `!eagerloop` is this one
# How a cell's `!command` is run: without a pretended terminal, and stopping the build where the command fails.
SHELL_CELLS = """
import subprocess

def system(command):
    done = subprocess.run(command, shell=True, text=True, capture_output=True)
    print(done.stdout, end="")
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr}")

get_ipython().system = system
"""
os.environ["IPYTHONDIR"] = tempfile.mkdtemp(prefix="eagerloop-docs-")
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="eagerloop-docs-")  # not the home of whoever builds them
startup = Path(os.environ["IPYTHONDIR"], "profile_default", "startup")
startup.mkdir(parents=True)
(startup / "shell_cells.py").write_text(SHELL_CELLS, encoding="utf-8")

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True  # a page's runs are not left between the sources
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # seconds for a cell: TensorFlow's import alone may take ten
nb_output_stderr = "remove"  # TensorFlow's greetings; an error still stops the build
nb_execution_show_tb = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# The types of other packages have no page here, and looking theirs up would need the network.
nitpick_ignore_regex = [(r"py:.*", r"(?!eagerloop).*")]
# Arguments of `Run`, which only `eagerloop.train`, `load` and `resume` call; and a record, whose fields have types of their own.
nitpick_ignore = [("py:class", "eagerloop.inspection.step_record.StepRecord"), ("py:class", "eagerloop.tables.blocks.Blocks"), ("py:class", "eagerloop.building.run_parts.RunParts"), ("py:class", "eagerloop.storage.run_directory.RunDirectory")]


def plurals(_app: object, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Lets a docstring say `Dataset`s, which reStructuredText would not take for code and an s."""
    lines[:] = [re.sub(r"(`[^`]+`)(?=s\b)", r"\1\\ ", line) for line in lines]


def setup(app: object) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", plurals)  # type: ignore[attr-defined]
