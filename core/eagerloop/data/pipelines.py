"""Makes a `Dataset` of what a dataset factory may also return: a `(train, test)` pair of batched `tf.data.Dataset`s."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.data.given import dataset_of
from eagerloop.data.pairs import task_of
from eagerloop.data.shuffles import Passes, graph_of, shuffles_of
from eagerloop.errors import PluginError
from eagerloop.parts import Dataset, Task


class PipelineDataset:
    """A `(train, test)` pair as a `Dataset`: a position is reached by going through what comes before it.

    Args:
        train: Batches `(x, y)` of the training.
        test: Batches `(x, y)` of the test.
        where: The dataset in words, for messages.

    Raises:
        PluginError: One of them is no `tf.data.Dataset` of `(x, y)`, or has no batch.
    """

    def __init__(self, train: tf.data.Dataset, test: tf.data.Dataset, where: str) -> None:
        for name, part in (("train", train), ("test", test)):
            _check_elements(part, f"{where}, {name}")
        self._test, self._test_is_kept = _one_order(test)
        self._test_is_read = False
        self._passes = Passes(train)
        first = next(iter(self._passes.number(0).take(1)), None)
        if first is None:
            msg = f"{where}: an epoch has no batch; give it at least one"
            raise PluginError(msg)
        x, y = self.first_batch = first
        self._shapes = tuple((None, *part.shape[1:]) for part in (x, y))
        self.task: Task = task_of(y.numpy())
        width = math.prod(y.shape[1:])
        self.features: Sequence[str] = tuple(f"x{number}" for number in range(math.prod(x.shape[1:])))
        self.targets: Sequence[str] = ("y",) if width == 1 else tuple(f"y{number}" for number in range(width))
        self.classes: Sequence[str] = _classes(train) if self.task == "classification" else ()
        self.outputs = len(self.classes) or width
        self.exact, self.note = _exactness(train)
        if self._test_is_kept:
            self.note += "; the test part draws without a seed, so its first pass is kept in memory"
        spec = f"{train.element_spec} {int(train.cardinality())} {int(test.cardinality())}"
        self.fingerprint = hashlib.sha256(spec.encode()).hexdigest()
        self.batches_per_epoch = self.keys = None

    def train(self, epoch: int, start: int = 0) -> tf.data.Dataset:
        """The batches of an epoch from batch `start` on: of a seeded shuffle, the pass of that epoch, whatever came before."""
        batches = self._passes.number(epoch - 1)
        return self._shaped(batches.skip(start) if start else batches)

    def test(self) -> tf.data.Dataset:
        """The test batches: the same rows in the same order, however often they are asked for."""
        if self._test_is_kept and not self._test_is_read:
            self._test.reduce(np.int64(0), lambda count, _batch: count + 1)  # to its end: a part would not be kept
            self._test_is_read = True
        return self._shaped(self._test)

    def validation(self) -> None:
        """A pair has none."""

    def _shaped(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Refuses a batch of another shape where the pipeline itself does not know its shapes."""
        if all(spec.shape.rank is not None and spec.shape[1:].is_fully_defined() for spec in batches.element_spec):
            return batches
        return batches.map(
            lambda x, y: tuple(tf.ensure_shape(part, shape) for part, shape in zip((x, y), self._shapes, strict=True))
        )


def as_dataset(made: Any, where: str, seed: int = 0) -> Dataset:
    """What a dataset factory returned, as a `Dataset`.

    Args:
        made: A `(train, test)` pair of pipelines, arrays as `dataset_of` takes them, or an object that is a `Dataset` already
            but for attributes that can be told.
        where: The dataset in words, for messages.
        seed: The run's seed: of arrays it draws the test, and the order of each epoch.

    Returns:
        A `Dataset`.

    Raises:
        PluginError: It is neither.
    """
    arrays = dataset_of(made, seed)
    if arrays is not None:
        return arrays
    if isinstance(made, (tuple, list)) and len(made) == 2:  # noqa: PLR2004
        return PipelineDataset(made[0], made[1], where)
    missing = [name for name in ("train", "test", "features", "targets", "task") if not hasattr(made, name)]
    if missing:
        msg = (
            f"{where} must be arrays (x, y), a (train, test) pair of tf.data.Datasets or a Dataset, got {type(made).__name__} "
            f"without {', '.join(missing)}"
        )
        raise PluginError(msg)
    _check_elements(made.train(1, 0), where)
    defaults: dict[str, Any] = {
        "validation": lambda: None,
        "classes": (),
        "fingerprint": "",
        "exact": True,
        "note": "",
        "batches_per_epoch": None,
        "first_batch": None,
        "keys": None,
    }
    if hasattr(made, "encode"):
        defaults["columns"] = made.features
    classes = getattr(made, "classes", ())
    defaults["outputs"] = len(classes) if made.task == "classification" else len(made.targets)
    lacking = {name: value for name, value in defaults.items() if not hasattr(made, name)}
    return CompletedDataset(made, lacking) if lacking else made


class CompletedDataset:
    """A dataset object as it was given, and what it lacks of a `Dataset` beside it: nothing is set on the object itself.

    Args:
        made: The object.
        missing: Attributes that it does not have.
    """

    def __init__(self, made: Any, missing: Mapping[str, Any]) -> None:
        vars(self).update(missing)
        self._made = made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    def __repr__(self) -> str:
        return repr(self._made)


def _classes(train: tf.data.Dataset) -> tuple[str, ...]:
    """The class numbers up to the highest one: the whole training data is read for them, once."""
    highest = train.reduce(np.int64(0), lambda top, batch: tf.maximum(top, tf.reduce_max(tf.cast(batch[1], tf.int64))))
    return tuple(str(number) for number in range(int(highest) + 1))


def _check_elements(batches: Any, where: str) -> None:
    spec = getattr(batches, "element_spec", None)
    if spec is None:
        msg = f"{where} must be a tf.data.Dataset of (x, y) batches, got {type(batches).__name__}"
        raise PluginError(msg)
    if not (isinstance(spec, tuple) and len(spec) == 2 and all(isinstance(part, tf.TensorSpec) for part in spec)):  # noqa: PLR2004
        msg = f"{where} must give batches (x, y), two tensors, got {spec}"
        raise PluginError(msg)
    if any(part.shape.rank == 0 for part in spec):
        msg = f"{where} must give batches, got single numbers {spec}; add .batch(32) to the pipeline"
        raise PluginError(msg)


def _one_order(test: tf.data.Dataset) -> tuple[tf.data.Dataset, bool]:
    """A pipeline whose passes are all alike, and whether its first one is to be kept in memory for that.

    A shuffle with a seed has a first pass of its own, which any process finds again. What no seed decides is kept.
    """
    graph = graph_of(test)
    inner = [node for function in graph.library.function for node in function.node_def]
    shuffles = list(shuffles_of(list(graph.node)))
    drawn = any(node.op.startswith("Random") for node in inner)
    if drawn or any(shuffles_of(inner)) or not all(any(seeds) for _node, seeds in shuffles):
        return test.cache(), True
    return Passes(test).number(0), False


def _exactness(train: tf.data.Dataset) -> tuple[bool, str]:
    """Whether a pipeline gives the same batches in another process, read off its own graph."""
    graph = graph_of(train)
    inner = [list(function.node_def) for function in graph.library.function]
    for nodes in [list(graph.node), *inner]:
        if any(not any(seeds) for _node, seeds in shuffles_of(nodes)):
            return False, "not exact: the pipeline shuffles without a seed; give shuffle(..., seed=...) one"
    for nodes in inner:
        random = [node.op for node in nodes if node.op.startswith("Random") or "PyFunc" in node.op]
        if random:
            return False, f"not exact: the pipeline calls {random[0]}, whose state cannot be saved; use stateless operations"
    return True, "a position is reached by going through the batches before it"
