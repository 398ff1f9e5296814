"""The page of a run: what it learnt over time, what it predicts, and the steps that were recorded on the way.

Shapes: n rows, k outputs.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from eagerloop.inspection.pages.batch_table import baseline_name
from eagerloop.inspection.pages.charts import Guide, Mark, Series, chart
from eagerloop.inspection.pages.elements import Markup, document, element, joined, table
from eagerloop.inspection.pages.finding_list import findings
from eagerloop.inspection.pages.over_time import layers_over_time, ratios_over_time
from eagerloop.inspection.pages.picture_strip import Mistake, mistakes
from eagerloop.inspection.pages.predictions import confusion_table, regressions
from eagerloop.inspection.pages.recorded_steps import recorded_steps
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import Finding
from eagerloop.inspection.writing.numbers_as_text import duration, three

NO_CURVE = ("epoch", "steps", "total_loss", "seconds", "skipped")
"""Columns of the history that say nothing of how well it goes."""

MOST_FINDINGS = 50
"""Findings that the page lists; each counts once, however many steps have it."""


@dataclass(frozen=True, eq=False)
class RunStory:
    """What the page of a run shows.

    Attributes:
        name: The run's directory.
        parts: The names of the parts, by kind.
        seed: The run's.
        task: `regression` or `classification`.
        targets: The columns of y, by name.
        classes: The classes by name; empty for a regression.
        history: A row per epoch.
        baseline: The loss of predicting the mean of the training targets (for classes, their shares).
        actual: Targets of the test rows, (n, k) or (n,); None where there are no predictions.
        predictions: What the model answers to them, (n, k); for classes the number of the likeliest, (n,).
        examples: Test pictures that were taken for others.
        records: Steps that were recorded, in order; each takes some kilobytes of the page.
        notes: What is not there, and how to get it.
        options: What the parts were told, by kind and name of the part.
        begun: When the run was begun or last resumed, seconds since 1970; None where nobody knows.
    """

    name: str
    parts: Mapping[str, str]
    seed: int
    task: str
    targets: Sequence[str]
    classes: Sequence[str]
    history: Sequence[Mapping[str, Any]]
    baseline: float | None = None
    actual: np.ndarray[Any, Any] | None = None
    predictions: np.ndarray[Any, Any] | None = None
    examples: Sequence[Mistake] = ()
    records: Sequence[StepFacts] = ()
    notes: Sequence[str] = field(default_factory=tuple)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    begun: float | None = None


def run_page(story: RunStory) -> str:
    """Draws a run as a page.

    Args:
        story: What is known of it.

    Returns:
        HTML. It loads nothing, can be read without its script, and escapes every text.
    """
    notes = [element("p", note, class_="note") for note in story.notes]
    found = _found(story.records)
    sections = [
        _section("curves", "What it learnt", _curves(story)),
        _section("predictions", "What it predicts", _predictions(story)),
        _section("layers", "What the layers did", layers_over_time(story.records)),
        _section("updates", "How far the weights moved", ratios_over_time(story.records)),
        findings(found) if found else None,
        _section("steps", "Step by step", recorded_steps(story.records)),
        _section("options", "What it was told", _options(story)),
    ]
    main = element("main", _head(story), notes, sections, id="main", tabindex=-1, class_="run")
    return document(f"Run {story.name}", main, "run.js")


def _section(name: str, title: str, shown: Markup | None) -> Markup | None:
    return element("section", element("h2", title), shown, id=name) if shown else None


def _head(story: RunStory) -> Markup:
    last = story.history[-1] if story.history else {}
    figures = [("epochs", str(len(story.history)))]
    figures += [(name, three(last[name])) for name in _curve_names(story) if name in last]
    if story.baseline is not None:
        figures.append((baseline_name(story.task), three(story.baseline)))
    parts = [element("span", element("b", kind), f" {name}") for kind, name in story.parts.items()]
    shown = [element("div", element("dt", name), element("dd", value)) for name, value in figures]
    return element(
        "header",
        element("p", ", ".join(_circumstances(story)), class_="eyebrow"),
        element("h1", story.name),
        element("p", parts, class_="parts"),
        element("dl", shown, class_="figures"),
        _verdict(story),
    )


def _circumstances(story: RunStory) -> Iterator[str]:
    """Which run it was, when, and how long it took."""
    yield f"run, seed {story.seed}"
    if story.begun is not None:
        yield f"begun {time.strftime('%Y-%m-%d %H:%M', time.localtime(story.begun))}"
    seconds = [row["seconds"] for row in story.history if isinstance(row.get("seconds"), int | float)]
    if seconds:
        yield f"trained for {duration(sum(seconds))}"


def _verdict(story: RunStory) -> Markup | None:
    """In words, whether the model is better than one that looks at no feature."""
    last = story.history[-1] if story.history else {}
    name = next((name for name in ("val_loss", "loss") if isinstance(last.get(name), int | float)), None)
    if name is None:
        return None
    if story.baseline is None:
        return element(
            "p", "Whether the model is better than a guess is not told: this loss has no baseline to compare it with."
        )
    better = last[name] < story.baseline
    said = f" {baseline_name(story.task)}: a {name} of {three(last[name])} against {three(story.baseline)}."
    hint = None if better else " More epochs, another learning rate or scaled columns may help."
    return element("p", "The model is ", element("b", "better than" if better else "no better than"), said, hint)


def _options(story: RunStory) -> Markup | None:
    """The options of every part, folded."""
    rows = [
        [f"{part}.{name}", "none" if value is None else str(value)]
        for part, options in story.options.items()
        for name, value in options.items()
    ]
    if not rows:
        return None
    return element("details", element("summary", f"{len(rows)} options"), table(("option", "value"), rows))


def _curve_names(story: RunStory) -> list[str]:
    """Loss and metrics, each with its validation behind it."""
    names = dict.fromkeys(name for row in story.history for name in row if name not in NO_CURVE)
    plain = [name for name in names if not name.startswith("val_")]
    return [one for name in plain for one in (name, f"val_{name}") if one in names]


def _curves(story: RunStory) -> Markup:
    """A chart for the loss and one for each metric; training, validation, and what was recorded on the way."""
    if not story.history:
        return element("p", "No epoch is finished yet: there is no curve.")
    names = _curve_names(story)
    drawn = []
    plain = [name for name in names if not name.startswith("val_")]
    for name in plain:
        series = [Series("training", _points(story.history, name))]
        if f"val_{name}" in names:
            series.append(Series("validation", _points(story.history, f"val_{name}")))
        guides, marks = [], []
        if name == "loss":
            steps = _steps_per_epoch(story)
            batches = [(_at(record, steps), record.loss) for record in story.records]
            series += [Series("single batches", batches, line=False)] if batches else []
            guides = [] if story.baseline is None else [Guide(story.baseline, baseline_name(story.task))]
            marks = list(_marks(story.records, steps))
        drawn.append(chart(name, ("epoch", name), series, guides=guides, marks=marks, alone=len(plain) == 1))
    known = "how common each class is" if story.task == "classification" else "the mean of the targets"
    told = None if story.baseline is None else f"Below the dashed line, the model knows more than {known}."
    return joined(told and element("p", told, class_="told"), element("div", drawn, class_="charts"))


def _points(history: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(float(row["epoch"]), float(row[name])) for row in history if isinstance(row.get(name), int | float)]


def _steps_per_epoch(story: RunStory) -> float:
    return max([1.0, *(float(row.get("steps", 1)) for row in story.history), *(record.batch + 1.0 for record in story.records)])


def _at(record: StepFacts, steps: float) -> float:
    """Where a step stands on an axis of epochs: the first epoch's last step is at 1."""
    return record.epoch - 1 + (record.batch + 1) / steps


def _marks(records: Sequence[StepFacts], steps: float) -> Iterator[Mark]:
    """The first step of each finding."""
    seen: set[str] = set()
    for record in records:
        new = [one for one in record.findings if one.id not in seen]
        seen.update(one.id for one in new)
        if new:
            names = "; ".join(f"{one.id} {one.title}" for one in new)
            yield Mark(_at(record, steps), f"step {record.step}: {names}", "#findings")


def _found(records: Sequence[StepFacts]) -> list[Finding]:
    """Each finding as it was first seen, with the step."""
    found: dict[str, Finding] = {}
    for record in records:
        for one in record.findings:
            told = replace(one, title=f"{one.title} (first in step {record.step})")
            found.setdefault(one.id, told)
    return list(found.values())[:MOST_FINDINGS]


def _predictions(story: RunStory) -> Markup | None:
    if story.actual is None or story.predictions is None or not len(story.predictions):
        return None
    if story.task == "classification":
        return joined(confusion_table(story.actual, story.predictions, story.classes), mistakes(story.examples))
    return regressions(story.actual, story.predictions, story.targets)
