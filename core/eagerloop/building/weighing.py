"""Whether the parts of a run take the weights of rows: a part that passes them over would give other figures without a word."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from eagerloop.building.answer import of_keras
from eagerloop.building.by_path import LossByPath, innermost, of_leaf
from eagerloop.building.precision import own_loss
from eagerloop.errors import ConfigError
from eagerloop.structures import leaves_by_path


def require_weighing(parts: Mapping[str, Any], metrics: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Refuses parts that take no weights, where the dataset gives some; and those that cannot do without, where it gives none.

    Args:
        parts: At least `first_batch`, loss and step, by kind.
        metrics: By the name that they have in the history.
        names: What the parts are called, by kind.

    Raises:
        ConfigError: Which do not.
    """
    loss, step = parts["loss"], parts["step"]
    by_path = isinstance(loss, LossByPath)
    losses = {f"at '{path}'": one for path, one in loss.by_path.items()} if by_path else {f"'{names['loss']}'": loss}
    takers = {f"loss {words}": own_loss(one) for words, one in losses.items()} | {f"step '{names['step']}'": step}
    if len(parts["first_batch"]) <= 2:  # noqa: PLR2004 - x and y
        _require_none(takers)
        return
    if hasattr(step, "measure"):
        takers[f"the method measure of step '{names['step']}'"] = step.measure
    takers |= {f"metric '{name}'": innermost(metric).update_state for name, metric in metrics.items()}
    without = [words for words, taker in takers.items() if not takes_weights(taker)]
    if without:
        msg = (
            f"the dataset gives each row a weight, and {', '.join(without)} cannot take it; choose others, give them a "
            "parameter sample_weight, or leave the weights out"
        )
        raise ConfigError(msg)


def _require_none(takers: Mapping[str, Any]) -> None:
    """Refuses losses and steps whose parameter `sample_weight` has no default."""
    wanting = [words for words, taker in takers.items() if wants_weights(taker)]
    if wanting:
        msg = (
            f"{', '.join(wanting)} must have a sample_weight, and the dataset gives rows no weights; write sample_weight=None "
            "for a batch without, or give the dataset weights"
        )
        raise ConfigError(msg)


def require_fitting_weights(loss: Any, names: Sequence[str], batch: tuple[Any, ...], predictions: Any) -> None:
    """Refuses weights that would be stretched against what a loss measures; a loss of one's own may do with them what it likes.

    Args:
        loss: The run's loss.
        names: What it is called, or each by path is.
        batch: The first batch.
        predictions: The answers to it.

    Raises:
        ConfigError: The shapes do not fit, at the path of the loss.
    """
    y, weights = batch[1], batch[2:]
    losses = loss.by_path if isinstance(loss, LossByPath) else {"": loss}
    for name, (path, one) in zip(names, losses.items(), strict=True) if weights else ():
        known = of_keras(own_loss(one)) or getattr(own_loss(one), "of_quantities", False)
        leaves = [leaves_by_path(structure).get(path) for structure in (y, predictions)]
        weight = of_leaf(weights[0], path)
        shapes = [tuple(leaf.shape) for leaf in leaves if leaf is not None]
        if not known or weight is None or any(tuple(weight.shape) == shape[: len(weight.shape)] for shape in shapes):
            continue
        words = f"loss '{name}'" + (f" at '{path}'" if path else "")
        told = f"targets {shapes[0]} and predictions {shapes[-1]}"
        msg = f"{words} gets weights of the shape {tuple(weight.shape)} for {told}; give one weight a row, of the shape (n,)"
        raise ConfigError(msg)


def takes_weights(taker: Any) -> bool:
    """Whether something that is called has a parameter for the weights."""
    try:
        parameters = inspect.signature(taker).parameters
    except (TypeError, ValueError):  # something built in
        return True
    return "sample_weight" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def wants_weights(taker: Any) -> bool:
    """Whether something that is called cannot be called without weights; of losses by path, whether one cannot."""
    if isinstance(taker, LossByPath):
        return any(wants_weights(own_loss(one)) for one in taker.by_path.values())
    try:
        parameter = inspect.signature(taker).parameters.get("sample_weight")
    except (TypeError, ValueError):  # something built in
        return False
    return parameter is not None and parameter.default is parameter.empty
