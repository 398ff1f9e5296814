"""The tree of errors: one, whole, and drawn as it is."""

import ast
import inspect
import re
from importlib.util import find_spec
from pathlib import Path

from eagerloop import errors

TREE = {name: value for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__}


def test_the_tree_stands_where_it_is_drawn():
    """The docstring has a line for each class, one level below that of the class it is made from."""
    drawn, path = {}, []
    for margin, name in re.findall(r"^    ([├└│─ ]*)(\w+Error)  ", errors.__doc__, re.MULTILINE):
        path[len(margin) // 4 :] = [name]
        drawn[name] = path[:-1]

    assert drawn == {name: [base.__name__ for base in value.__mro__[1:-3]][::-1] for name, value in TREE.items()}


def test_nothing_grows_elsewhere():
    """No other module makes a class of its own from one of the tree."""
    packages = [Path(find_spec(name).origin).parent for name in ("eagerloop", "eagerloop_plugins")]
    files = [path for package in packages for path in package.rglob("*.py") if path != Path(errors.__file__)]
    stray = [
        f"{path}: {node.name}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).rpartition(".")[2] in TREE for base in node.bases)
    ]

    assert stray == []
    assert len(files) > 100
