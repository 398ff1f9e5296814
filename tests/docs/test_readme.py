"""What the README shows of the source is the source. `python tests/docs/test_readme.py` puts the loop there anew."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("train_step", "train_epoch", "train")


def without_docstring(source: str, function: ast.FunctionDef) -> str:
    """The lines of a function, comments included, its docstring left out."""
    lines = source.splitlines()
    docstring = function.body[0]
    head = lines[function.lineno - 1 : docstring.lineno - 1]
    return "\n".join([*head, *lines[docstring.end_lineno : function.end_lineno]])


def loop_as_shown() -> str:
    """The step and the two loops, as the README is to have them."""
    source = (ROOT / "core" / "eagerloop" / "loop.py").read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    return "\n\n\n".join(without_docstring(source, functions[name]) for name in FUNCTIONS)


def test_the_readme_shows_the_real_loop():
    """The block is `loop.py` without its docstrings, comments and all."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert f"```python\n{loop_as_shown()}\n```" in readme


def test_the_part_in_ten_lines_has_ten():
    """The loss that the README writes is no longer than it says, its file name left out."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("```python\n# my_loss.py\n")[1].split("```")[0]

    assert len(block.strip().splitlines()) <= 10


def test_links_lead_somewhere():
    """Every relative link of the README leads to a file of this repository."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = [piece.split(")")[0] for piece in readme.split("](")[1:]]

    assert [target for target in targets if "://" not in target and not (ROOT / target).is_file()] == []


if __name__ == "__main__":
    page = ROOT / "README.md"
    block = f"```python\n{loop_as_shown()}\n```"
    text = re.sub(r"```python\ndef train_step.*?\n```", lambda _: block, page.read_text(encoding="utf-8"), flags=re.DOTALL)
    page.write_text(text, encoding="utf-8")
