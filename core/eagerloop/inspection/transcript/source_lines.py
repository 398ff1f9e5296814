"""Which line of a step's source predicts, measures, differentiates, changes the variables."""

import ast
import textwrap
from collections.abc import Iterator, Sequence

from eagerloop.inspection.records.step_parts import LineRecord

NAMES = ("model", "loss", "optimizer")
"""What the first parameters are called where the source does not say."""

DEEDS = ("predict", "measure", "collect", "differentiate", "update")
"""What a step does, in order."""


def shown(lines: Sequence[LineRecord]) -> list[LineRecord]:
    """The lines of the body, its docstring left out.

    Args:
        lines: A function, or its body alone.

    Returns:
        Some of them, in their order.
    """
    body = _body(lines)
    if not body:
        return list(lines)
    first, last = body[0], body[-1]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    begin = first.end_lineno if documented else first.lineno - 1
    return list(lines[begin : last.end_lineno])


def deeds(lines: Sequence[LineRecord]) -> dict[int, list[str]]:
    """What each line does that does one of the deeds.

    Args:
        lines: A function of `train_step`'s signature, or its body alone.

    Returns:
        From the number of a line (the last one of its statement) to some of `DEEDS`; each stands where it is found first.

    Example:
        >>> source = ["def step(net, error, opt, x, y):", "    guess = net(x)", "    return error(y, guess)"]
        >>> deeds([LineRecord(number, text, 0.0) for number, text in enumerate(source, 7)])
        {8: ['predict'], 9: ['measure']}
    """
    tree = _tree(lines)
    function = next((node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)), None)
    names = [argument.arg for argument in function.args.args[: len(NAMES)]] if function else list(NAMES)
    places: dict[str, int] = {}
    for statement in _statements(function.body if function else tree.body):
        for node in ast.walk(statement):
            places.setdefault(_deed(node, names), statement.end_lineno or statement.lineno)
    by_line: dict[int, list[str]] = {}
    for deed in DEEDS:
        if deed in places:
            by_line.setdefault(lines[places[deed] - 1].number, []).append(deed)
    return by_line


def _tree(lines: Sequence[LineRecord]) -> ast.Module:
    try:
        return ast.parse(textwrap.dedent("\n".join(line.text for line in lines)))
    except SyntaxError:  # a piece of a function
        return ast.Module([], [])


def _body(lines: Sequence[LineRecord]) -> Sequence[ast.stmt]:
    tree = _tree(lines).body
    return tree[0].body if len(tree) == 1 and isinstance(tree[0], ast.FunctionDef) else tree


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The simple statements, those inside of `with`, `if` and `for` included."""
    for statement in body:
        inner = [block for name in ("body", "orelse", "finalbody") if (block := getattr(statement, name, None))]
        if not inner:
            yield statement
        for block in inner:
            yield from _statements(block)


def _deed(node: ast.AST, names: Sequence[str]) -> str:
    """What an expression does: the first three parameters of a step are called, or their methods are."""
    model, loss, optimizer = [*names, *NAMES[len(names) :]]
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in (model, loss):
            return "predict" if name == model else "measure"
        case ast.Call(args=[ast.Name(id=name), *_]) if name == loss:  # handed to what gives it all that it asks for
            return "measure"
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="apply_gradients" | "apply")) if name == optimizer:
            return "update"
        case ast.Call(func=ast.Attribute(attr="gradient")):
            return "differentiate"
        case ast.Attribute(value=ast.Name(id=name), attr="trainable_variables") if name == model:
            return "collect"
    return ""
