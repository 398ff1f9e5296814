"""Every loss x metric x form of answers: a part of `tests/proofs/answers.py`, which tries them all; `.ci/run` tries a third."""

import answers
import pytest

FEW = [("precision", {}), ("f1_score", {})]

WHOLE = [
    ("sparse_categorical_crossentropy", "two logits"),
    ("sparse_categorical_crossentropy", "softmax"),
    ("binary_crossentropy", "one logit"),
    ("mean_squared_error", "quantities"),
]


@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`.*:UserWarning")
@pytest.mark.parametrize(("loss", "form"), WHOLE)
def test_every_metric_is_right_or_refused_by_name(loss, form):
    """As Keras's own metric is, fed by hand with the probabilities that the answers stand for."""
    outcomes = dict(answers.judged(loss, form))
    assert len(outcomes) > len(answers.METRICS)
    assert {what: outcome for what, outcome in outcomes.items() if outcome not in ("right", "refused")} == {}
    assert "right" in outcomes.values()


@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`.*:UserWarning")
@pytest.mark.parametrize("loss", ["mse", *answers.LOSSES])
def test_every_loss_is_right_or_refused_by_name(loss):
    """Of every form of answers, together with a few metrics."""
    for form in answers.FORMS:
        outcomes = dict(answers.judged(loss, form, FEW))
        assert set(outcomes.values()) <= {"right", "refused"}, form
