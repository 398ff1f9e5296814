"""Graphs that follow what changes in Python, and tell errors in the words in which an eager step tells them."""

from collections.abc import Callable
from typing import Any

from eagerloop.building.run_parts import RunParts
from eagerloop.running.python_values import PythonValues
from eagerloop.running.snapshots import say

KEPT = 4
"""Graphs that are kept, for values that come back: layers that are frozen and thawed in turn."""

OFTEN = 10
"""Graphs made anew after which a word about it is due."""


class Following:
    """A compiled function that is traced anew when a plain value has changed that it took as a constant.

    Args:
        compiled: Makes the function anew.
        parts: The parts of the run, whose values are looked at before each call.
    """

    def __init__(self, compiled: Callable[[], Any], parts: RunParts) -> None:
        self._compiled, self._values = compiled, PythonValues(parts)
        self._graphs: dict[tuple[Any, ...], Any] = {}
        self._last: tuple[Any, ...] = ()
        self._made = 0

    @property
    def traces(self) -> int:
        """How often the function has been turned into a graph."""
        return sum(int(graph.experimental_get_tracing_count()) for graph in self._graphs.values())

    def __call__(self, *arguments: Any) -> Any:
        """Calls the graph of the values of now."""
        values = self._values.now()
        known = self._graphs.get(values)
        graph = known or self._graph_for(values)
        try:
            result = graph(*arguments)
        except Exception as error:
            first = error.__context__
            if first is None or not hasattr(first, "ag_error_metadata"):
                raise
        else:
            if known is None:
                self._look_back(values)
            return result
        raise first  # what TensorFlow makes of it begins with the whole way there

    def _graph_for(self, values: tuple[Any, ...]) -> Any:
        self._made += 1
        if self._made == OFTEN:
            names = ", ".join(self._values.names_of(self._last, values))
            say([f"compiled anew {OFTEN} times, as {names} changed; a tf.Variable that is assigned to needs no new graph"])
        for values_before in list(self._graphs)[: -KEPT + 1]:
            del self._graphs[values_before]
        self._graphs[values] = graph = self._compiled()
        return graph

    def _look_back(self, values: tuple[Any, ...]) -> None:
        """A value that the step itself changes was changed by its tracing alone."""
        names = self._values.names_of(values, self._values.now())
        if names:
            graph = self._graphs[values]
            self._values.leave_out(names)
            values = self._values.now()
            self._graphs = {values: graph}
            told = f"a step changes {', '.join(names)}: compiled, it did so once, when it was traced"
            say([f"{told}; if its numbers depend on that, keep it in a tf.Variable and assign to it"])
        self._last = values
