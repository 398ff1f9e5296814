"""A function that keeps time of its own lines."""

import functools
import linecache
import time

import pytest
import tensorflow as tf

from eagerloop.inspection.looking.marking import Marked

LENGTH = 0.02


def plain(a, b=3, *, c=4):
    """A docstring.

    It has several lines.
    """
    if a > 2:
        result = a
    elif a > 1:
        result = (
            a
            + b
        )  # fmt: skip
    else:
        result = 0
    for _ in range(2):
        result += c
    with tf.name_scope("scope"):
        time.sleep(LENGTH)
    try:
        result /= a
    except ZeroDivisionError:
        result = -1
    finally:
        a = None

    def inner():
        return result

    return inner()


def closed_over(factor):
    count = 0

    def function(a):
        nonlocal count
        count += 1
        return a * factor * count

    return function


class Thing:
    def method(self, a):
        return self, a


@pytest.mark.parametrize("a", [0, 1, 2, 3])
def test_the_result_is_that_of_the_function(a):
    """Whichever branch is taken, defaults and keyword defaults included."""
    assert Marked(plain)(a) == plain(a)


def test_lines_and_their_times():
    """Every line but the docstring's; those that ran have a time, and no other."""
    marked = Marked(plain)
    marked(2)
    first = plain.__code__.co_firstlineno
    texts = {number - first: text.strip() for number, text in marked.lines}
    assert marked.file == __file__
    assert texts[0] == "def plain(a, b=3, *, c=4):"
    assert 1 not in texts
    assert texts[5] == "if a > 2:"
    ran = {texts[number - first] for number in marked.seconds}
    assert {"elif a > 1:", "result += c", "time.sleep(LENGTH)", "return inner()"} <= ran
    assert not {"result = a", "result = 0", "result = -1"} & ran
    assert min(marked.seconds.values()) > 0
    assert marked.running == 0


def test_what_a_function_is_closed_over_is_its_own():
    """Its count goes on where it was, and is seen by the original."""
    function = closed_over(10)
    assert [function(1), Marked(function)(1), function(1)] == [10, 20, 30]


def test_methods_and_compiled_functions():
    """A method keeps its object, and a tf.function runs as Python."""
    thing = Thing()
    marked = Marked(thing.method)
    assert marked(1) == (thing, 1)
    assert [text.strip() for _number, text in marked.lines] == ["def method(self, a):", "return self, a"]
    marked = Marked(tf.function(plain))
    assert marked(3) == plain(3)
    assert marked.lines


@pytest.mark.parametrize("function", [lambda a: a + 1, functools.partial(max, 1), int], ids=["lambda", "partial", "built in"])
def test_functions_without_source_run_as_they_are(function):
    """There are no lines then."""
    marked = Marked(function)
    assert marked(3) == function(3)
    assert (marked.lines, marked.file, marked.seconds) == ([], "", {})


def test_a_file_that_has_changed_is_not_run(tmp_path):
    """The text beside the function is no longer the function: it runs as it was compiled, without lines."""
    path = tmp_path / "own.py"
    path.write_text("def step(a):\n    return a + 1\n")
    space = {}
    exec(compile(path.read_text(), str(path), "exec"), space)  # noqa: S102 - as an import does it
    assert len(Marked(space["step"]).lines) == 2
    path.write_text("def step(a):\n    return a + 22\n")
    linecache.checkcache(str(path))
    marked = Marked(space["step"])
    assert marked.lines == []
    assert marked(1) == 2


def test_a_function_is_marked_once():
    """Its second copy keeps time of its own, and has the very code of the first: each new one would be kept for ever."""
    first, second = Marked(plain), Marked(plain)
    assert first._function.__code__ is second._function.__code__
    assert (first(3), second(1)) == (plain(3), plain(1))
    assert set(first.seconds) != set(second.seconds)
    first.lines.clear()
    assert second.lines == Marked(plain).lines != []


def test_an_error_passes_with_its_own_line():
    """The traceback names the line of the source, as if there were no marks."""

    def failing(a):
        first = a
        return first / 0

    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        Marked(failing)(1)
    assert caught.traceback[-1].lineno + 1 == failing.__code__.co_firstlineno + 2
    assert str(caught.traceback[-1].path) == __file__
