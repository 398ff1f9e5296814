"""A function's own source, run with a mark before each statement: when each line began, and which one is running.

The marks are put into a copy of the function's syntax tree, which is compiled under the file name and the line numbers of the
original. Nothing is installed in Python (no `sys.settrace`), so a debugger or coverage sees the lines that it would have seen.
"""

import ast
import contextlib
import functools
import inspect
import textwrap
import time
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_MARK = "__eagerloop_mark__"
_FACTORY = "__eagerloop_factory__"


class Marked:
    """A function that keeps time of its own lines.

    Args:
        function: A Python function, or a `tf.function` of one: it runs eagerly. Where its source is not to be had, it runs as
            it is, without lines.

    Attributes:
        file: The file of its source.
        lines: Number and text of each line, but for the docstring.
        running: The number of the line that is running.
        seconds: What each line took in the newest call, by number.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function: Any = written(function)
        self.file = ""
        self.lines: list[tuple[int, str]] = []
        self.running = 0
        self.seconds: dict[int, float] = {}
        self._began = 0.0
        # Typed at a prompt, built in, a lambda, a file that has changed since: there is no source to mark.
        with contextlib.suppress(OSError, TypeError, SyntaxError, ValueError):
            self._function = self._with_marks(self._function)

    def __call__(self, *arguments: Any) -> Any:
        """Calls the function."""
        self.running, self.seconds, self._began = 0, {}, time.perf_counter()
        try:
            return self._function(*arguments)
        finally:
            self._mark(0)

    def _mark(self, line: int) -> None:
        now = time.perf_counter()
        if self.running:
            self.seconds[self.running] = self.seconds.get(self.running, 0.0) + now - self._began
        self.running, self._began = line, now

    def _with_marks(self, function: Any) -> Any:
        """The function once more, with marks; its globals, defaults and what it is closed over are those of the original."""
        if isinstance(function, functools.partial):
            return functools.partial(self._with_marks(function.func), *function.args, **function.keywords)
        original = getattr(function, "__func__", function)
        texts, first = inspect.getsourcelines(original)
        code, file = original.__code__, "".join(inspect.findsource(original)[0])
        marked, lines = _with_marks_in(code, code.co_filename, file, tuple(texts), first)
        cells = dict(zip(code.co_freevars, original.__closure__ or (), strict=True)) | {_MARK: types.CellType(self._mark)}
        closure = tuple(cells[name] for name in marked.co_freevars)
        copy = types.FunctionType(marked, original.__globals__, original.__name__, original.__defaults__, closure)
        copy.__kwdefaults__ = original.__kwdefaults__
        self.file, self.lines = code.co_filename, list(lines)
        return copy if original is function else types.MethodType(copy, function.__self__)


def written(function: Callable[..., Any]) -> Any:
    """The function, or the method, that somebody wrote: that of a `tf.function`, of what decorates it, of an object."""
    unwrapped = inspect.unwrap(getattr(function, "python_function", function))
    is_object = not inspect.isroutine(unwrapped) and inspect.ismethod(getattr(unwrapped, "__call__", None))  # noqa: B004
    return unwrapped.__call__ if is_object else unwrapped


@functools.lru_cache(maxsize=64)
def _with_marks_in(
    code: types.CodeType,
    _path: str,
    file: str,
    texts: tuple[str, ...],
    first: int,
) -> tuple[types.CodeType, tuple[tuple[int, str], ...]]:
    """A function's code with marks, and its lines: made once, for TensorFlow keeps something of each code that it has met.

    Args:
        code: The function's code.
        _path: Its file, which no comparison of two codes looks at.
        file: The text of the file.
        texts: The lines of the function.
        first: The number of the first of them.

    Raises:
        TypeError: It is no function that was defined by `def`.
        ValueError: The file has changed since.
    """
    tree = ast.parse(textwrap.dedent("".join(texts)))
    node = tree.body[0]
    if not isinstance(node, ast.FunctionDef) or node.name != code.co_name:
        raise TypeError
    ast.increment_lineno(tree, first - 1)
    node.decorator_list = []
    _refuse_changed(code, file)
    lines = tuple(_without_docstring(node, texts, first))
    _mark_statements(node, skip=ast.get_docstring(node) is not None)
    return _compiled(tree, code), lines


def _refuse_changed(code: types.CodeType, text: str) -> None:
    """Refuses the text of a file that is no longer what the function was compiled from: another step would run."""
    waiting = [compile(text, code.co_filename, "exec", dont_inherit=True)]
    while waiting:
        found = waiting.pop()
        if found == code:
            return
        waiting += [item for item in found.co_consts if isinstance(item, types.CodeType)]
    raise ValueError(code.co_name)


def _without_docstring(node: ast.FunctionDef, texts: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
    docstring = range(0)
    if ast.get_docstring(node) is not None:
        docstring = range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    for number, text in enumerate("".join(texts).rstrip().splitlines(), first):
        if number not in docstring:
            yield number, text


def _mark_statements(node: Any, *, skip: bool = False) -> None:
    """Puts a mark before each statement inside a node; functions and classes that are defined there are left alone."""
    for part in ("body", "orelse", "finalbody"):
        statements = getattr(node, part, None)
        if not isinstance(statements, list):
            continue
        marked: list[ast.stmt] = []
        for place, statement in enumerate(statements):
            if place or not (skip and part == "body"):
                marked.append(_mark_at(statement.lineno, statement))
            marked.append(statement)
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                _mark_statements(statement)
        # Leaving a `with`, or going round a loop, is the work of its own line.
        if part == "body" and isinstance(node, ast.With | ast.For | ast.While):
            marked.append(_mark_at(node.lineno, statements[-1]))
        setattr(node, part, marked)
    for inner in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        _mark_statements(inner)


def _mark_at(line: int, near: ast.stmt) -> ast.stmt:
    mark = ast.Expr(value=ast.Call(func=ast.Name(id=_MARK, ctx=ast.Load()), args=[ast.Constant(value=line)], keywords=[]))
    mark.lineno = mark.end_lineno = line
    mark.col_offset = mark.end_col_offset = near.col_offset
    return ast.fix_missing_locations(mark)


def _compiled(tree: ast.Module, original: types.CodeType) -> types.CodeType:
    """The code of the tree's function. A function around it makes the mark, and what the original is closed over, its own."""
    factory = ast.parse(f"def {_FACTORY}({', '.join([_MARK, *original.co_freevars])}): pass")
    around: Any = factory.body[0]
    around.body = tree.body
    code: Any = compile(factory, original.co_filename, "exec", dont_inherit=True)
    for name in (_FACTORY, original.co_name):
        code = next(item for item in code.co_consts if isinstance(item, types.CodeType) and item.co_name == name)
    return code  # type: ignore[no-any-return]
