"""The sections of the page of a step, a section for each group of lines of the loop."""

from collections.abc import Callable
from typing import Any, NamedTuple

from eagerloop.inspection.pages import briefs, step_sections
from eagerloop.inspection.pages.batch_table import batch_table
from eagerloop.inspection.pages.layer_flow import layer_flow
from eagerloop.inspection.records.step_facts import StepFacts


class Act(NamedTuple):
    """A group of lines that belong together.

    Attributes:
        name: Its anchor.
        title: Its heading.
        deed: Which of `source_lines.DEEDS` its lines do, or an empty text.
        marks: What else its lines contain.
        told: A paragraph for beginners.
        shown: What it did in this step.
        brief: The same in a few words, for the section while it is folded.
    """

    name: str
    title: str
    deed: str
    marks: tuple[str, ...]
    told: str
    shown: Callable[[StepFacts], Any]
    brief: Callable[[StepFacts], str]


ACTS = (
    Act(
        "given",
        "What goes in",
        "",
        ("def ",),
        "A batch of rows. Each has its features x, which the model sees, and its target y, which it does not.",
        batch_table,
        briefs.given,
    ),
    Act(
        "tape",
        "The tape starts",
        "",
        ("GradientTape",),
        "From here on, TensorFlow notes every operation on a variable, so that it can go back through them later.",
        step_sections.tape,
        briefs.tape,
    ),
    Act(
        "forward",
        "The model predicts",
        "predict",
        (),
        "The batch goes through the layers from top to bottom. With each output stands its gradient: "
        "if this number were a little larger, would the loss grow (orange) or shrink (blue)?",
        layer_flow,
        briefs.forward,
    ),
    Act(
        "loss",
        "One number says how wrong",
        "measure",
        ("scale_loss",),
        "The loss compares predictions with targets. Everything after this line serves to make this one number smaller.",
        step_sections.loss,
        briefs.loss,
    ),
    Act(
        "gradient",
        "Back through the tape",
        "differentiate",
        ("trainable_variables",),
        "For each weight: how much the loss would change if the weight grew a little.",
        step_sections.gradient,
        briefs.gradient,
    ),
    Act(
        "check",
        "Is it safe to go on?",
        "",
        ("check_step", "is_finite"),
        "One nan would spread to every variable, so there is a look at the numbers first.",
        step_sections.check,
        briefs.check,
    ),
    Act(
        "update",
        "The optimizer moves the weights",
        "update",
        (),
        "Each weight moves against its gradient. An update of about a thousandth of the value is usual; with far more the "
        "weights jump about, with far less they hardly learn.",
        step_sections.update,
        briefs.update,
    ),
    Act(
        "again",
        "The same batch again",
        "",
        ("return ",),
        "The same rows with the same random draws, but with the new weights: did the loss go down?",
        step_sections.again,
        briefs.again,
    ),
)
"""In the order of the loop's lines."""
