"""From settings to the parts of a run: what is chosen when nothing was, in which order they are made, what the record says."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras

from eagerloop.building.blaming import blaming
from eagerloop.building.freezing import freeze
from eagerloop.building.holdings import may_be_trained
from eagerloop.building.precision import for_precision
from eagerloop.building.run_parts import RunParts
from eagerloop.building.run_toml import describe
from eagerloop.building.scheduling import follow, refuse_two_rates
from eagerloop.building.weighing import require_weighing
from eagerloop.building.workshop import Workshop
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.defaults import default_loss, default_metrics, default_model
from eagerloop.choices.settings import Settings
from eagerloop.distribution.checks import check, compare
from eagerloop.distribution.devices import strategy_of
from eagerloop.distribution.replicas import Replicas
from eagerloop.errors import ConfigError
from eagerloop.hooks import Observers
from eagerloop.parts import SINGLE, Choice, Dataset
from eagerloop.process.numerics import configure_tensorflow, dtype_policy


def assemble(settings: Settings, catalog: Catalog) -> RunParts:
    """Makes the parts of a run in their order: dataset, model, loss, schedule, optimizer, step, checkpointer; then
    metrics and observers.

    Args:
        settings: What the user chose.
        catalog: Where the parts are found.

    Returns:
        The parts, the model built by one call on the first batch.

    Raises:
        EagerloopError: A part does not exist, cannot be made, or does not do what its kind must.
    """
    refuse_two_rates(settings.optimizer, settings.schedule, catalog)
    configure_tensorflow(settings)
    strategy = strategy_of(settings)
    replicas = Replicas(strategy) if strategy else None
    keras.utils.set_random_seed(settings.seed)
    workshop = Workshop(settings.seed, catalog)
    dataset = workshop.make_dataset(settings.dataset)
    settings, by_default = chosen_for_the_data(settings, dataset)
    if replicas:
        compare(replicas, settings, dataset, workshop.resolved["dataset"][0].name)
    trained = _build(workshop, settings, replicas)
    metrics = workshop.make_metrics(settings.metric or (), trained["first_batch"], trained["first_predictions"])
    require_weighing(trained, metrics, workshop.names())
    if replicas and not replicas.is_chief:
        settings = replace(settings, observer=())  # they are the chief's
    observers = [workshop.make("observer", choice) for choice in settings.observer]
    return _described(
        RunParts(
            settings=settings,
            catalog=catalog,
            dataset=dataset,
            metrics=metrics,
            observers=observers,
            replicas=replicas,
            resolved=workshop.resolved,
            origins=workshop.origins,
            by_default=by_default,
            **trained,
        )
    )


def _build(workshop: Workshop, settings: Settings, replicas: Replicas | None) -> dict[str, Any]:
    """The parts that a step is made of, their variables made, and what the first call of the model gave."""
    with dtype_policy(settings.precision), replicas.scope() if replicas else contextlib.nullcontext():
        kinds = [kind for kind in SINGLE[1:] if getattr(settings, kind) is not None]
        parts = {"schedule": None} | {kind: workshop.make_all(kind, getattr(settings, kind)) for kind in kinds}
        if settings.schedule is not None:
            follow(parts["optimizer"], parts["schedule"], workshop.words("optimizer"))
        parts |= for_precision(settings.precision, parts)
        first_batch = workshop.first_batch()
        predictions, watched = workshop.first_call(parts["model"], first_batch[0])
        freeze(parts["model"], settings.freeze)
        if replicas:
            check(replicas, parts, (first_batch, predictions), workshop.names(), compiled=settings.compile)
        if hasattr(parts["optimizer"], "build"):
            parts["optimizer"].build(may_be_trained(parts["model"]))  # what is frozen now may be thawed later
        if hasattr(parts["step"], "build"):
            with blaming(f"{workshop.words('step')} could not be built"):
                parts["step"].build(parts["model"], parts["optimizer"], may_be_trained(parts["model"]))
    return parts | {
        "first_batch": first_batch,
        "first_predictions": predictions,
        "answer": workshop.settle_answer(
            parts["model"], parts["loss"], first_batch, predictions, compares=not hasattr(parts["step"], "measure")
        ),
        "answers": workshop.answers,
        "watched": () if replicas else watched,  # of replicas, the tape would see those of one device
    }


def assemble_dataset(settings: Settings, catalog: Catalog) -> Dataset:
    """Makes the dataset and nothing else: one looks at the data before a model fits it."""
    configure_tensorflow(settings)
    keras.utils.set_random_seed(settings.seed)
    return Workshop(settings.seed, catalog).make_dataset(settings.dataset)


def assemble_model(settings: Settings, catalog: Catalog) -> tuple[Dataset, Any, Any]:
    """Makes the dataset and the model as a run begins with them, and no loss: one looks at a model before one trains it.

    Returns:
        The dataset, the model, and x of the first batch, which the model has been called with.
    """
    configure_tensorflow(settings)
    keras.utils.set_random_seed(settings.seed)
    workshop = Workshop(settings.seed, catalog)
    dataset = workshop.make_dataset(settings.dataset)
    with dtype_policy(settings.precision):
        model = workshop.make_all("model", settings.model or Choice(default_model(str(settings.dataset.part))))
        x = workshop.first_batch()[0]
        workshop.first_call(model, x)
    freeze(model, settings.freeze)
    return dataset, model, x


def with_observer(parts: RunParts, choice: Choice) -> RunParts:
    """The same parts and one more observer, in place of the one of that name if there is one; run.toml tells of it."""
    workshop = Workshop(parts.settings.seed, parts.catalog, parts.dataset, parts.answer, parts.model)
    observer = workshop.make("observer", choice)
    kept = [number for number, earlier in enumerate(parts.settings.observer) if earlier.part != choice.part]

    def with_last(row: Sequence[Any], last: Any) -> list[Any]:
        return [*(row[number] for number in kept), last]

    resolved = with_last(parts.resolved.get("observer", ()), workshop.resolved["observer"][0])
    changed = replace(
        parts,
        settings=replace(parts.settings, observer=with_last(parts.settings.observer, choice)),
        observers=with_last(parts.observers, observer),
        resolved={**parts.resolved, "observer": resolved},
        origins={**parts.origins, **workshop.origins},
    )
    return _described(changed)


def _described(parts: RunParts) -> RunParts:
    """The parts with the content of run.toml; refuses observers whose hooks nobody would call, before there is a directory."""
    Observers(parts.observers)
    run_toml = describe(
        parts.settings,
        parts.resolved,
        plugin_files=parts.catalog.files,
        fingerprint=parts.dataset.fingerprint,
        replicas=parts.replicas.count if parts.replicas else 1,
    )
    return replace(parts, run_toml=run_toml)


def require_loss_for(dataset: Dataset, settings: Settings) -> None:
    """Refuses to guess a loss where the targets are several, or none.

    Raises:
        ConfigError: No loss was chosen.
    """
    if dataset.task == "other" and settings.loss is None:
        given = f"targets {', '.join(dataset.targets)}" if len(dataset.targets) else "no targets"
        msg = f"the dataset gives {given}, and no loss is the usual one for that; choose one with --loss, or loss= in Python"
        raise ConfigError(msg)


def chosen_for_the_data(settings: Settings, dataset: Dataset) -> tuple[Settings, list[str]]:
    """The settings with what the user left to the data, and the kinds that were chosen so."""
    require_loss_for(dataset, settings)
    task = dataset.task
    defaults: dict[str, Any] = {
        "model": lambda: Choice(default_model(str(settings.dataset.part))),
        "loss": lambda: Choice(default_loss(task)),
        "metric": lambda: [Choice(name) for name in default_metrics(task)],
    }
    chosen = {kind: make() for kind, make in defaults.items() if getattr(settings, kind) is None}
    return replace(settings, **chosen), [kind for kind, choice in chosen.items() if choice]
