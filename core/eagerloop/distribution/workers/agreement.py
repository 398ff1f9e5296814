"""Whether all workers of a run were started with the same: else they would train something that nobody asked for."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from eagerloop.choices.chosen import choices_in
from eagerloop.choices.settings import Settings, plain_options
from eagerloop.choices.sources import digest, is_file_part
from eagerloop.errors import ConfigError, TrainingError
from eagerloop.parts import KINDS, Choice

if TYPE_CHECKING:
    from eagerloop.distribution.workers.cluster import Cluster

OWN_AFFAIRS = ("observer", "threads", "devices", "plugins")
"""What may differ: only the chief has observers, and each machine has processors and paths of its own."""

LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.InternalError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
"""What TensorFlow raises in the other workers when one is gone, or was stopped and answers no more."""

LONGEST = 60
"""Letters of a value that a message quotes."""


def facts_of(settings: Settings, fingerprint: str, versions: Mapping[str, str]) -> dict[str, Any]:
    """What must be the same for every worker.

    Args:
        settings: What the user chose.
        fingerprint: The data's.
        versions: Of everything that has a say in the numbers.

    Returns:
        Plain values by names as on the command line, such as `epochs`, `model` and `model.units`; then those of the files of
        code, the data and the versions.

    Example:
        >>> list(facts_of(Settings(), "", {}).items())[-4:]
        [('step', 'tape'), ('checkpointer', 'tf'), ('metric', 'by the data'), ('the data', '')]
    """
    facts = {name: getattr(settings, name) for name in plain_options() if name not in OWN_AFFAIRS}
    files = {}
    for kind in KINDS[:-1]:
        chosen = getattr(settings, kind)
        choices = choices_in(chosen)
        facts[kind] = ", ".join(map(_name, choices)) if chosen is not None else "by the data"
        for choice in choices:
            of = f"{kind}.{choice.path}" if choice.path else kind
            facts |= {f"{of}.{name}": value for name, value in choice.options.items()}
            if isinstance(choice.part, str) and is_file_part(choice.part):
                path = choice.part.rpartition(":")[0]
                files[f"the content of {path}"] = digest(Path(path))
    files |= {f"the content of the plugin {Path(path).name}": digest(Path(path)) for path in settings.plugins}
    facts |= files | {"the data": fingerprint} | {f"the version of {name}": version for name, version in versions.items()}
    return dict(json.loads(json.dumps(facts, default=str)))  # as the others will read them


def _name(choice: Choice) -> str:
    named = choice.part if isinstance(choice.part, str) else f"an object of {type(choice.part).__qualname__}"
    return f"{choice.path}={named}" if choice.path else named


def agree(here: "Cluster", strategy: Any, facts: Mapping[str, Any]) -> None:
    """Compares the facts of all workers; every worker has to call it, at the same point of its life.

    Args:
        here: The workers.
        strategy: The `tf.distribute.MultiWorkerMirroredStrategy` that brought them together.
        facts: Plain values by name.

    Raises:
        ConfigError: On every worker alike: the first fact that differs, both values, both workers.
    """
    mine = json.dumps([here.place, dict(facts)], default=str) + "\n"
    # TensorFlow gathers whole numbers, but no texts and no bytes.
    gathered = strategy.gather(tf.constant(list(mine.encode()), tf.int32), axis=0)
    rows = [json.loads(line) for line in bytes(gathered.numpy().tolist()).splitlines()]
    first, *others = [facts for _place, facts in sorted(rows, key=lambda row: row[0])]
    for place, other in enumerate(others, 1):
        difference = first_difference(first, other)
        if difference:
            raise ConfigError(disagreement(here, place, difference))


@contextlib.contextmanager
def telling_of_a_lost_worker(words: Callable[[], str]) -> Iterator[None]:
    """While this lasts, the loss of another worker is told in a sentence.

    Args:
        words: When it was lost, and what to do.

    Raises:
        TrainingError: A worker is gone.
    """
    try:
        yield
    except LOST as error:
        if "ollective" not in str(error):
            raise
        msg = f"another worker was lost {words()}"
        raise TrainingError(msg) from error


def first_difference(first: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, Any, Any] | None:
    """The first name whose value is another one, with both values; None if there is no such.

    Example:
        >>> first_difference({"epochs": 3, "seed": 0}, {"epochs": 3, "seed": 1})
        ('seed', 0, 1)
    """
    names = dict.fromkeys([*first, *other])
    return next(((name, first.get(name), other.get(name)) for name in names if first.get(name) != other.get(name)), None)


def disagreement(here: "Cluster", place: int, difference: tuple[str, Any, Any]) -> str:
    """The message about a fact that one worker has otherwise than the chief."""
    name, first, other = difference
    values = f"{_short(first)} for {here.told(0)} and {_short(other)} for {here.told(place)}"
    return f"the workers were not started with the same: {name} is {values}; start each with the same command, files and data"


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
