"""What the numbers of a model that tells classes are, by what the loss makes of them."""

import numpy as np

from eagerloop.inspection.by_hand.losses import loss_of_row
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.values import Values


def meaning_of_answers(record: StepFacts) -> str:
    """The field's word for what the model answers.

    Args:
        record: A step.

    Returns:
        `logit` where the loss of every row comes out with a softmax or a sigmoid over the predictions; `probability` where it
        does not, and they are shares from 0 to 1; else an empty text.
    """
    if record.task != "classification" or not isinstance(record.predictions, Values) or record.predictions.array is None:
        return ""
    work = loss_of_row(record, record.row)
    if work is not None and "logit" in work.rule:
        return "logit"
    answers = record.predictions.array
    shares = answers.ndim > 1 and answers.size and bool(np.all((answers >= 0) & (answers <= 1)))
    whole = shares and (answers.shape[-1] == 1 or bool(np.allclose(answers.sum(axis=-1), 1.0, atol=1e-3)))
    return "probability" if whole else ""
