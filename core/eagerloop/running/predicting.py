"""A run opened for predicting alone: its model from a checkpoint, and neither the data nor the loss nor the optimizer."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from eagerloop.building.holdings import may_be_trained
from eagerloop.building.predicting import NEEDED, TO_EVALUATE, Absent, assemble_for_predicting
from eagerloop.building.run_parts import RunParts
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.lacking import with_packages
from eagerloop.choices.settings import KEYWORDS, Settings, keyword_of, settings_from, settings_of
from eagerloop.data.learnt import LearntData
from eagerloop.errors import CheckpointError, PluginError
from eagerloop.running.recreating import refuse_objects
from eagerloop.running.run import Run
from eagerloop.storage import trust as trust_files
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.learnt_file import LEARNT, read_learnt
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.variables import Table, compare_tables, inner_variable, table_of

STATES = ("model/", "loss/")
"""How the names of the variables begin that have a say in a figure; metrics count anew, and a step's own are for training."""

AVERAGE = "the moving average of its weights (use-ema)"


def open_for_predicting(
    where: RunDirectory,
    checkpoint: Checkpoint,
    content: Mapping[str, Any],
    given: Mapping[str, Any],
    trusted: Iterable[str | Path],
    *,
    evaluating: bool = False,
) -> Run:
    """The run, able to predict and to be exported.

    Args:
        where: The run.
        checkpoint: The checkpoint that it is to answer with.
        content: Its record.
        given: The model or the checkpointer, where it was an object, by keyword of `train`.
        trusted: Files of code, named by the record, that may be run.
        evaluating: Make loss, step and metrics as well: it can be evaluated on rows that are given.

    Returns:
        A run that cannot be trained.

    Raises:
        CheckpointError: It keeps nothing of its data, its model was an object, or the checkpoint is another model's.
    """
    kept = read_learnt(where.path)
    if kept is None:
        msg = (
            f"{where.path} has no {LEARNT}: an earlier eagerloop made it; 'eagerloop resume {where.path}' adds it from the data"
        )
        raise CheckpointError(msg)
    learnt = LearntData(kept, str(where.path / LEARNT))
    if learnt.fingerprint != content.get("data", {}).get("fingerprint"):
        msg = f"{where.path / LEARNT} tells of other data than {where.run_toml}; remove it: the next resume writes it anew"
        raise CheckpointError(msg)
    needed = TO_EVALUATE if evaluating else NEEDED
    refuse_objects(content, {KEYWORDS.get(key, key) for key in given}, where, needed)
    settings = _settings(content, given, str(where.run_toml), needed)
    trust_files.check(content, trust_files.files_named(settings), trusted, str(where.run_toml))
    try:
        parts = assemble_for_predicting(settings, Catalog.load(settings.plugins), learnt, content, evaluating=evaluating)
    except PluginError as error:
        raise PluginError(with_packages(error, content, needed)) from error
    run = Run(parts, where)
    past = f"the checkpoint of step {checkpoint.step}" if checkpoint.step < where.store.steps()[-1] else ""
    run.predict_alone(checkpoint, ", ".join(filter(None, (_restore(parts, checkpoint), past))))
    return run


def _settings(content: Mapping[str, Any], given: Mapping[str, Any], where: str, needed: Iterable[str]) -> Settings:
    """The settings without the parts that are not needed: none of their files is run, and none need be installed."""
    full, plain = settings_from(content, where), Settings()
    replaced = settings_of({keyword_of(kind): given[keyword_of(kind)] for kind in needed if keyword_of(kind) in given})
    for name in ("seed", "precision", "threads", "deterministic", "compile", "freeze", "plugins"):
        setattr(plain, name, getattr(full, name))
    for kind in needed:
        setattr(plain, kind, getattr(replaced if keyword_of(kind) in given else full, kind))
    return plain


def _restore(parts: RunParts, checkpoint: Checkpoint) -> str:
    """Gives the model its variables; returns what it answers with, where that is a moving average."""
    table: Table = checkpoint.manifest["variables"]
    own = {name: variable for name, variable in parts.variables.items() if name.startswith(STATES)}
    kept = STATES[:1] if isinstance(parts.loss, Absent) else STATES
    compare_tables([row for row in table if row[0].startswith(kept)], table_of(own), str(checkpoint.directory))
    state = {name: own[name] if name in own else _like(shape, dtype) for name, shape, dtype in table}
    parts.checkpointer.read(checkpoint.directory, state)
    options = checkpoint.manifest["record"].get("optimizer", {}).get("options", {})
    averages = [variable for name, variable in state.items() if name.startswith("optimizer/") and name.endswith("_average")]
    trained = [inner_variable(variable) for variable in may_be_trained(parts.model)]
    if not (options.get("use_ema") and checkpoint.step and len(averages) == len(trained)):
        return ""
    for variable, average in zip(trained, averages, strict=True):
        variable.assign(average)
    return AVERAGE


def _like(shape: Iterable[int], dtype: str) -> tf.Variable:
    """A variable to read into, and to forget."""
    sizes = list(shape)
    unknown = [None if size < 0 else size for size in sizes]
    return tf.Variable(tf.zeros([max(0, size) for size in sizes], dtype), trainable=False, shape=unknown)
