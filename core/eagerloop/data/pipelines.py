"""Makes a `Dataset` of what a dataset factory may also return: `(train, test)` or `(train, validation, test)` of `tf.data`."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from eagerloop.data.beside import GivenData
from eagerloop.data.columns import names_of
from eagerloop.data.elements import check_elements, check_rows, classes_of, columns_of
from eagerloop.data.given import dataset_of
from eagerloop.data.orders import Held, exactness_of
from eagerloop.data.shuffles import Passes
from eagerloop.data.tasks import task_of
from eagerloop.errors import PluginError
from eagerloop.parts import Dataset, Task
from eagerloop.structures import is_tensor, leaves_by_path, map_with_path


class PipelineDataset:
    """Batched pipelines as a `Dataset`: a position is reached by going through what comes before it.

    Args:
        train: Batches `(x, y)`, or `(x, y, sample_weight)`, of the training.
        test: Batches of the test.
        where: The dataset in words, for messages.
        validation: Batches to evaluate on after each epoch, or None.
        classes: The classes by name, in the order of their numbers; if none are given, the `class_names` that Keras leaves at
            a dataset that it makes from a directory, or else the numbers.

    Raises:
        PluginError: One of them is no `tf.data.Dataset` of batches, or has no batch; or classes are named where there are none,
            or too few.
    """

    def __init__(
        self, train: tf.data.Dataset, test: tf.data.Dataset, where: str, validation: Any = None, classes: Sequence[str] = ()
    ) -> None:
        parts = {"train": train, "validation": validation, "test": test}
        for name, part in parts.items():
            if part is not None or name == "test":
                check_elements(part, f"{where}, {name}")
        self._test, self._validation = Held(test), validation and Held(validation)
        self._passes = Passes(train)
        first = next(iter(self._passes.number(0).take(1)), None)
        if first is None:
            msg = f"{where}: an epoch has no batch; give it at least one"
            raise PluginError(msg)
        self.first_batch = first
        check_rows(first, where)
        x, y = first[:2]
        self._shapes = {path: (None, *leaf.shape[1:]) for path, leaf in leaves_by_path(first).items()}
        self.task: Task = "other" if isinstance(y, tf.RaggedTensor) or not is_tensor(y) else task_of(y.numpy())
        features, targets = (columns_of(part, spec) for part, spec in zip((x, y), train.element_spec, strict=False))
        self.features: Sequence[str] = names_of("features", "x", (), features)
        self.targets: Sequence[str] = names_of("targets", "y", (), targets)
        self.classes: Sequence[str] = classes_of(train, y, self.task, tuple(classes), where)
        self.outputs = len(self.classes) or len(self.targets)
        self.exact, self.note = exactness_of(train)
        kept = [name for name, held in (("test", self._test), ("validation", self._validation)) if held and held.is_kept]
        for name in kept:
            self.note += f"; the {name} part draws without a seed, so its first pass is kept in memory"
        counts = " ".join(str(int(part.cardinality())) for part in parts.values() if part is not None)
        named = "".join(f" {name}" for name in classes)
        self.fingerprint = hashlib.sha256(f"{train.element_spec} {counts}{named}".encode()).hexdigest()
        self.batches_per_epoch = self.keys = None
        self.target_moments: tuple[Sequence[float], Sequence[float]] | None = None

    def train(self, epoch: int, start: int = 0) -> tf.data.Dataset:
        """The batches of an epoch from batch `start` on: of a seeded shuffle, the pass of that epoch, whatever came before."""
        batches = self._passes.number(epoch - 1)
        return self._shaped(batches.skip(start) if start else batches)

    def test(self) -> tf.data.Dataset:
        """The test batches: the same rows in the same order, however often they are asked for."""
        return self._shaped(self._test.batches())

    def validation(self) -> tf.data.Dataset | None:
        """The validation batches, always the same too, or None."""
        return self._validation and self._shaped(self._validation.batches())

    def _shaped(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Refuses a batch of another shape where the pipeline itself does not know its rank or its shapes.

        What may differ from batch to batch, such as the length of padded sequences, the pipeline says itself: None in a shape.
        """
        leaves = leaves_by_path(batches.element_spec).values()
        if all(isinstance(spec, tf.RaggedTensorSpec) or spec.shape.rank is not None for spec in leaves):
            return batches
        return batches.map(lambda *batch: map_with_path(lambda path, part: tf.ensure_shape(part, self._shapes[path]), batch))


def as_dataset(made: Any, where: str, seed: int = 0) -> Dataset:
    """What a dataset factory returned, as a `Dataset`.

    Args:
        made: `(train, test)` or `(train, validation, test)` of pipelines, or an object with pipelines as attributes `train`,
            `test` and perhaps `validation`, and `classes` by name; arrays as `dataset_of` takes them, `GivenData`; or an object
            that is a `Dataset` already but for attributes that can be told.
        where: The dataset in words, for messages.
        seed: The run's seed: of arrays it draws the test, and the order of each epoch.

    Returns:
        A `Dataset`.

    Raises:
        PluginError: It is neither.
    """
    if isinstance(getattr(made, "train", None), tf.data.Dataset):  # of a namedtuple, too
        test, validation = (getattr(made, name, None) for name in ("test", "validation"))
        return PipelineDataset(made.train, test, where, validation, getattr(made, "classes", ()))
    arrays = dataset_of(made, seed)
    if arrays is not None:
        return arrays
    if isinstance(made, GivenData) or hasattr(made, "element_spec"):
        made = _pipelines_of(made if isinstance(made, GivenData) else GivenData(made), where)
    if isinstance(made, (tuple, list)) and (len(made) == 2 or (len(made) == 3 and _are_pipelines(made))):  # noqa: PLR2004
        training, *between, test = made
        return PipelineDataset(training, test, where, *between)
    missing = [name for name in ("train", "test", "features", "targets", "task") if not hasattr(made, name)]
    if missing:
        msg = (
            f"{where} must be arrays (x, y), a (train, test) pair of tf.data.Datasets or a Dataset, got {type(made).__name__} "
            f"without {', '.join(missing)}"
        )
        raise PluginError(msg)
    check_elements(made.train(1, 0), where)
    return _completed(made)


def _completed(made: Any) -> Dataset:
    """An object with what a `Dataset` must have, and with what the engine can tell of the rest."""
    defaults: dict[str, Any] = {
        "validation": lambda: None,
        "classes": (),
        "fingerprint": "",
        "exact": True,
        "note": "",
        "batches_per_epoch": None,
        "first_batch": None,
        "keys": None,
        "target_moments": None,
    }
    if hasattr(made, "encode"):
        defaults["columns"] = made.features
    classes = getattr(made, "classes", ())
    defaults["outputs"] = len(classes) if made.task == "classification" else len(made.targets)
    lacking = {name: value for name, value in defaults.items() if not hasattr(made, name)}
    return CompletedDataset(made, lacking) if lacking else made


def _pipelines_of(given: GivenData, where: str) -> tuple[Any, ...]:
    """The pipelines of the training, of the validation if there is one, and of the test.

    Raises:
        PluginError: There is no test, or the data are no pipelines.
    """
    dataset = given.dataset
    whole = dataset if isinstance(dataset, (tuple, list)) else (dataset,)
    if given.test is not None:
        whole = (*whole, given.test)
    if given.validation is not None:
        whole = (whole[0], given.validation, *whole[1:])
    if given.target is not None or not _are_pipelines(whole):
        got = ", ".join(type(part).__name__ for part in whole)
        msg = f"{where}: validation=, test= and target= go with arrays (x, y), a table, or tf.data.Datasets, got {got}"
        raise PluginError(msg)
    if len(whole) - (given.validation is not None) < 2:  # noqa: PLR2004
        msg = f"{where} is a tf.data.Dataset alone; give the test, too: dataset=..., test=..., or dataset=(train, test)"
        raise PluginError(msg)
    return tuple(whole)


def _are_pipelines(parts: Sequence[Any]) -> bool:
    return all(hasattr(part, "element_spec") for part in parts)


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
