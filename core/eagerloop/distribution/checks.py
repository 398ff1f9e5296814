"""What cannot be trained on several replicas, said by name before the first step."""

import hashlib
import itertools
import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from eagerloop.choices.settings import Settings
from eagerloop.distribution.keras_on_replicas import as_on_one_device
from eagerloop.distribution.replicas import Replicas
from eagerloop.distribution.workers.agreement import facts_of, telling_of_a_lost_worker
from eagerloop.errors import PluginError
from eagerloop.loop import loss_of, train_step
from eagerloop.parts import Dataset
from eagerloop.process.versions import versions
from eagerloop.storage.variables import inner_variable
from eagerloop.structures import leaves_by_path, map_leaves, rows_of

TOLERANCE = 1e-3
"""How far the loss of a batch and the mean over its shares may differ, by rounding."""


def compare(replicas: Replicas, settings: Settings, dataset: Dataset, name: str) -> None:
    """Has the workers compare what they were started with, before they make the variables that each must have.

    Args:
        replicas: What the parts are to be trained on.
        settings: Which parts these are.
        dataset: The data.
        name: What the dataset is called.

    Raises:
        PluginError: The data come in an order that no other worker would get.
        ConfigError: Something differs.
        TrainingError: A worker is gone: it may have found no data.
    """
    if replicas.here and not dataset.exact:
        msg = f"dataset '{name}' gives every worker batches of its own: {dataset.note}"
        raise PluginError(msg)
    facts = facts_of(settings, dataset.fingerprint, versions())
    if dataset.first_batch is not None:  # of a pipeline: its fingerprint tells of the form of the batches alone
        leaves = tf.nest.flatten(dataset.first_batch, expand_composites=True)  # of a ragged tensor, its elements and rows
        content = b"".join(tf.io.serialize_tensor(part).numpy() for part in leaves)
        facts["the first batch"] = hashlib.sha256(content).hexdigest()
    with telling_of_a_lost_worker(lambda: "before the first step; read what it said, then start all workers again"):
        replicas.agree(facts)


def check(
    replicas: Replicas, parts: Mapping[str, Any], answer: tuple[Any, Any], names: Mapping[str, str], *, compiled: bool
) -> None:
    """Refuses parts that cannot be trained on several replicas.

    Args:
        replicas: What they are to be trained on.
        parts: Model, loss, optimizer and step by kind, the model called once, the optimizer not built yet.
        answer: The first batch, and the predictions for it.
        names: What the parts are called, by kind.
        compiled: Whether the run is compiled.

    Raises:
        PluginError: Which part, and why.
    """
    for kind in ("model", "optimizer"):
        made = replicas.strategy.extended.variable_created_in_scope
        if not all(made(inner_variable(variable)) for variable in parts[kind].variables):
            msg = (
                f"{kind} {names[kind]} was made for one device; give its name or a factory in place of the object, "
                "or make it within strategy.scope() and give that strategy, too"
            )
            raise PluginError(msg)
    if parts["step"] is not train_step and not getattr(parts["step"], "distributed", False):
        msg = (
            f"step {names['step']} is made for one device; choose the step 'tape' or the strategy 'one', or give it "
            "distributed = True if it keeps the rules of eagerloop.parts.TrainStep"
        )
        raise PluginError(msg)
    if any(isinstance(leaf, tf.RaggedTensor) for leaf in leaves_by_path(answer[1]).values()):
        msg = (
            f"model {names['model']} answers with a ragged tensor, and several replicas cannot put one together; answer with "
            "a padded tensor, or choose the strategy 'one'"
        )
        raise PluginError(msg)
    if compiled:
        for optimizer in getattr(parts["optimizer"], "by_path", {"": parts["optimizer"]}).values():
            _check_optimizer(optimizer, names["optimizer"])
    with as_on_one_device():
        _check_loss(parts["loss"], answer, replicas.count, names["loss"])


def _check_optimizer(optimizer: Any, name: str) -> None:
    """Keras updates under a condition then, in which TensorFlow lets no graph leave a replica."""
    for option in ("gradient_accumulation_steps", "ema_overwrite_frequency"):
        if getattr(optimizer, option, None):
            msg = f"optimizer '{name}' with {option} cannot be compiled for several replicas; leave the option or --compile out"
            raise PluginError(msg)


def _check_loss(loss: Any, answer: tuple[Any, Any], count: int, name: str) -> None:
    """Compares the loss of a batch with the mean of the losses of its shares, each weighted by its rows."""
    rows = rows_of(answer)

    def value(first: int, end: int) -> float:
        (x, y, *weights), predictions = map_leaves(lambda leaf: leaf[first:end], answer)
        return float(loss_of(loss, y, predictions, x, *weights)[0])

    whole = value(0, rows)
    cuts = sorted({number * rows // count for number in range(count + 1)})
    mean = sum((end - first) * value(first, end) for first, end in itertools.pairwise(cuts)) / rows
    if math.isfinite(whole) and not math.isclose(whole, mean, rel_tol=TOLERANCE, abs_tol=TOLERANCE**2):
        msg = (
            f"loss '{name}' is {whole:.6g} for a batch, and {mean:.6g} as the mean over its shares: it is "
            "no mean over the rows, and replicas would train something else; choose another loss, or the strategy 'one'"
        )
        raise PluginError(msg)
