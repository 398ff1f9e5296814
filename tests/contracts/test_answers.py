"""Every loss x metric x form of answers: a part of `tests/proofs/answers.py`, which tries them all."""

from collections import Counter

import answers
import pytest

FEW = [("precision", {}), ("f1_score", {})]

WHOLE = ["sparse_categorical_crossentropy", "binary_crossentropy", "mse", "huber"]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`.*:UserWarning")
@pytest.mark.parametrize("loss", WHOLE)
def test_every_metric_is_right_or_refused_by_name(loss):
    """As Keras's own metric is, fed by hand with the probabilities that the answers of each form stand for."""
    tried = Counter()
    for form in answers.FORMS:
        outcomes = dict(answers.judged(loss, form))
        tried.update(outcomes.values())  # one, where the loss itself is refused
        assert {what: outcome for what, outcome in outcomes.items() if outcome not in ("right", "refused")} == {}, form
    assert tried["right"] > max(len(answers.METRICS), tried["refused"])  # who refuses everything is never wrong


@pytest.mark.sweep(1)
@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`.*:UserWarning")
@pytest.mark.parametrize("loss", ["mse", *answers.LOSSES])
def test_every_loss_is_right_or_refused_by_name(loss):
    """Of every form of answers, together with a few metrics."""
    seen = set()
    for form in answers.FORMS:
        outcomes = dict(answers.judged(loss, form, FEW))
        seen |= set(outcomes.values())
        assert seen <= {"right", "refused"}, form
    assert "right" in seen or loss == "ctc"  # which takes sequences alone
