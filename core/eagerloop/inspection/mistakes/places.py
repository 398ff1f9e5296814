"""The line of the user's code that a finding is about.

The mistake was recognised by what it does. The line is then looked for in the source of the part that can make it, by the words
that such a line has. Where no line has them, or the part is nobody's own, there is no place.
"""

import ast
import contextlib
import functools
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from eagerloop.building.naming import Names
from eagerloop.building.precision import own_loss
from eagerloop.building.run_parts import RunParts
from eagerloop.inspection.looking.marking import written
from eagerloop.inspection.records.step_parts import Finding, LineRecord, Place

NOT_OF_THE_USER = {"eagerloop", "eagerloop_plugins", "keras", "tensorflow", "numpy"} | sys.stdlib_module_names
"""Packages whose source is not looked at."""

AROUND = 6
"""Lines that a place has before the one that is meant, and behind it."""


class Statement(NamedTuple):
    """A statement, or the head of a block.

    Attributes:
        line: The number of its first line.
        text: As Python writes it, without comments.
        names: The names in it.
    """

    line: int
    text: str
    names: frozenset[str]


class Code(NamedTuple):
    """The source of a function or class.

    Attributes:
        file: The name of its file.
        lines: All of them.
        parameters: Of the function, in order; none of a class.
        statements: In order, but for docstrings.
    """

    file: str
    lines: Sequence[LineRecord]
    parameters: Sequence[str]
    statements: Sequence[Statement]


Search = Callable[[Code], int | None]


def words(*patterns: str, last: bool = False) -> Search:
    """The first statement, or the last one, that matches the first pattern that any of them matches."""

    def search(code: Code) -> int | None:
        for pattern in patterns:
            found = [one.line for one in code.statements if re.search(pattern, one.text)]
            if found:
                return found[-1 if last else 0]
        return None

    return search


def using(*places: int) -> Search:
    """The first statement that uses those parameters, by their places."""

    def search(code: Code) -> int | None:
        if max(places) >= len(code.parameters):
            return None
        names = {code.parameters[place] for place in places}
        return next((one.line for one in code.statements if names <= one.names), None)

    return search


def _without_training(code: Code) -> int | None:
    """The statement of a step that calls the model without `training=True`."""
    called = rf"\b{re.escape(code.parameters[0])}\(" if code.parameters else r"(?!)"
    found = (one for one in code.statements if re.search(called, one.text))
    return next((one.line for one in found if "training=True" not in one.text), None)


CALL = r"^def (call|__call__)\b"
ROOTS = words(r"\*\*|\b\w*(log|sqrt|pow|divide|reciprocal|norm)\w*\(", r" / ")
LOSS = (using(0, 1), words("^return"))
_NUMPY = words(r"\.numpy\(|\b(np|numpy)\.")

CALLED = ("step", "loss")
"""Kinds of part that are functions, or objects that are called as one."""

SEARCHES: Mapping[str, Sequence[tuple[str, Sequence[Search]]]] = {
    "EL01": [("loss", LOSS), ("step", [using(4)])],
    "EL02": [("step", [_without_training]), ("model", [words(CALL)])],
    "EL03": [("model", [words(r"^(?!def ).*\btraining=", CALL)])],
    "EL04": [("model", [words("^class ")])],
    "EL05": [("step", [_NUMPY]), ("loss", [_NUMPY]), ("model", [_NUMPY])],
    "EL06": [("step", [using(4)])],
    "EL07": [("model", [words(r"^self\.\w+\(", CALL)])],
    "EL08": [("step", [words(r"\.gradient\(", last=True)])],
    "EL09": [("step", [using(4)]), ("model", [words("^class ")])],
    "EL10": [("model", [words("softmax|sigmoid")]), ("loss", [words("from_logits"), *LOSS])],
    "EL11": [("loss", [words(r"reduce_sum|\bsum\(|reduction="), *LOSS]), ("step", [words(r"reduce_sum|\bsum\("), using(4)])],
    "EL12": [("step", [words(r"optimizers?\.\w+\(|\b(Adam\w*|SGD|RMSprop|\w*Optimizer)\(")])],
    "EL13": [("optimizer", [words("^return")])],
    "EL14": [("model", [words(r"\bVariable\(")])],
    "EL15": [("metric", [words("^def reset_state", "^class ")])],
    "EL16": [("dataset", [words(r"sort\w*\(", r"\.batch\(", "^return")])],
    "EL17": [("dataset", [words(r"from_generator\(|\biter\(", "^return")])],
    "EL18": [("loss", [ROOTS]), ("step", [ROOTS]), ("model", [ROOTS])],
    "EL19": [("model", [words(r"\.(restore|read)\(")])],
    "EL20": [("step", [words(r"^print\(")]), ("loss", [words(r"^print\(")]), ("model", [words(r"^print\(")])],
}
"""For each finding the kinds of part that can make the mistake, the likeliest first, and how its line is found there."""


def placed(finding: Finding, parts: RunParts, step: Callable[..., Any]) -> Finding:
    """The finding with its line, where there is one.

    Args:
        finding: A mistake that was recognised.
        parts: The parts of the run.
        step: The step function that was looked at.
    """
    try:
        return replace(finding, place=_place(finding, parts, step))
    except Exception:  # noqa: BLE001 - anybody's code; a finding must not be lost for want of its line
        return finding


def _place(finding: Finding, parts: RunParts, step: Callable[..., Any]) -> Place | None:
    for kind, searches in SEARCHES.get(finding.id, ()):
        for code in _codes(kind, parts, step):
            line = next((found for search in searches if (found := search(code)) is not None), None)
            if line is not None:
                near = tuple(one for one in code.lines if abs(one.number - line) <= AROUND)
                return Place(kind, code.file, line, near)
    return None


def _codes(kind: str, parts: RunParts, step: Callable[..., Any]) -> Iterator[Code]:
    """The sources of a part that are the user's: of what it is, of what made it, of the layers in it."""
    holders: list[Any] = [step] if kind == "step" else []
    for told, origin in parts.origins.items():
        if told.partition(" ")[0] == kind != "step":
            holders += [own_loss(origin.part), origin.factory]
    if kind == "model":
        holders += Names(parts.model).layers.values()
    found = (thing for holder in holders if holder is not None for thing in _definitions(holder, called=kind in CALLED))
    for thing in dict.fromkeys(found):
        if str(thing.__module__).partition(".")[0] in NOT_OF_THE_USER:
            continue
        with contextlib.suppress(OSError, TypeError, SyntaxError):
            yield _code(thing)


def _definitions(holder: Any, *, called: bool) -> tuple[Any, ...]:
    """What somebody wrote: a function, or a class and those that it is made from; of an object that is called, its method."""
    while isinstance(holder, functools.partial):
        holder = holder.func
    plain = holder if inspect.isclass(holder) else inspect.unwrap(holder)
    if called and not inspect.isclass(plain):
        plain = written(plain)
    plain = getattr(plain, "__func__", plain)
    if inspect.isfunction(plain):
        return (plain,)
    return inspect.getmro(plain if inspect.isclass(plain) else type(plain))


def _code(thing: Any) -> Code:
    texts, first = inspect.getsourcelines(thing)
    tree = ast.parse(textwrap.dedent("".join(texts)))
    ast.increment_lineno(tree, first - 1)
    top = tree.body[0]
    arguments = top.args.args if isinstance(top, ast.FunctionDef) else []
    parameters = [argument.arg for argument in arguments if argument.arg != "self"]
    lines = [LineRecord(number, text.rstrip("\n"), 0.0) for number, text in enumerate(texts, first)]
    file = (inspect.getsourcefile(thing) or "").replace("\\", "/").rpartition("/")[2]
    return Code(file, lines, parameters, sorted(_statements(tree)))


def _statements(tree: ast.AST) -> Iterator[Statement]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        block = hasattr(node, "body")
        text = ast.unparse(node)
        head = next(line for line in text.splitlines() if not line.startswith("@")) if block else text
        inside = () if block else ast.walk(node)
        yield Statement(node.lineno, head, frozenset(one.id for one in inside if isinstance(one, ast.Name)))
