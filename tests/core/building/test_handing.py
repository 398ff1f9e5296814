"""What metrics of Keras are handed, against counts by NumPy."""

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.errors import ConfigError

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(0, 2, (43, 2)).astype("float32")
Y = np.where(X[:, 1] - X[:, 0] + RANDOM.normal(0, 1.5, 43) > 1, 1, 0)
STILL = {"optimizer": eagerloop.use("sgd", learning_rate=0.0), "epochs": 1}
MARGIN = (X[:, 1] - X[:, 0]).astype("float64")
YES = MARGIN > 0


def model(width, activation=None):
    """A model that gives back x, or for one output the difference of its two columns."""
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(width, activation=activation)])
    kernel = np.eye(2) if width == 2 else np.array([[-1.0], [1.0]])
    made.set_weights([kernel.astype("float32"), np.zeros(width, "float32")])
    return made


MODELS = {
    "two logits": (lambda: model(2), "sparse_categorical_crossentropy"),
    "softmax": (lambda: model(2, "softmax"), eagerloop.use("sparse_categorical_crossentropy", from_logits=False)),
    "one logit": (lambda: model(1), "binary_crossentropy"),
    "sigmoid": (lambda: model(1, "sigmoid"), eagerloop.use("binary_crossentropy", from_logits=False)),
}


def right():
    """Precision, recall, F1 over both classes, and the part of pairs that are in order, by counting."""
    hits = [((wanted == YES) & (wanted == Y)).sum() for wanted in (0, 1)]
    called, there = ([(which == wanted).sum() for wanted in (0, 1)] for which in (YES, Y))
    f1 = [2 * hit / (one + other) for hit, one, other in zip(hits, called, there, strict=True)]
    pairs = MARGIN[Y == 1][:, None] > MARGIN[Y == 0]
    return {"precision": hits[1] / called[1], "recall": hits[1] / there[1], "f1_score": np.mean(f1), "auc": pairs.mean()}


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("form", MODELS)
def test_a_yes_or_no_has_one_precision_however_the_model_says_it(form, compiled, tmp_path):
    """One logit, two, or their probabilities; over batches of 10, 10, 10, 10 and 3; in training and in evaluation."""
    make, loss = MODELS[form]
    data = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=10)
    metrics = ["precision", "recall", "f1_score", eagerloop.use("auc", num_thresholds=20001)]
    keywords = {"loss": loss, "metrics": metrics, "compile": compiled, "directory": tmp_path / "run"}
    run = eagerloop.train(dataset=data, model=make(), **keywords, **STILL)
    for found in (run.history[0], run.evaluate()):
        assert {name: found[name] for name in right()} == pytest.approx(right(), rel=1e-4)


def test_a_named_class_has_its_own_precision(tmp_path):
    """`class_id` 0 and 1 of two logits, and of one, which has no column for either."""
    data = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=10)
    for form in ("two logits", "one logit"):
        make, loss = MODELS[form]
        for wanted in (0, 1):
            metric = eagerloop.use("precision", class_id=wanted)
            place = tmp_path / f"{form}{wanted}"
            run = eagerloop.train(dataset=data, model=make(), loss=loss, metrics=[metric], directory=place, **STILL)
            expected = ((wanted == YES) & (wanted == Y)).sum() / (wanted == YES).sum()
            assert run.evaluate()["precision"] == pytest.approx(expected)


def test_an_object_of_keras_is_handed_the_same(tmp_path):
    """It is no other metric than the one of that name, and stays as it was given."""
    data = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=10)
    metric = keras.metrics.Recall(name="recall")
    run = eagerloop.train(dataset=data, model=model(2), metrics=[metric], directory=tmp_path / "run", **STILL)
    assert run.history[0]["recall"] == run.evaluate()["recall"] == pytest.approx(right()["recall"])
    assert "update_state" not in vars(metric)


def test_a_metric_that_forgets_an_option_keeps_it_in_evaluation(tmp_path):
    """Keras leaves `class_id` out of what it tells of this one; by hand, of class 0 both ways round."""
    data = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=43)
    metric = eagerloop.use("sensitivity_at_specificity", specificity=0.6, class_id=0, num_thresholds=2001)
    run = eagerloop.train(dataset=data, model=model(2), metrics=[metric], directory=tmp_path / "run", **STILL)
    cuts = np.sort(-MARGIN)
    specific = [((cut >= -MARGIN) & (Y == 1)).sum() / (Y == 1).sum() for cut in cuts]
    sensitive = [((cut < -MARGIN) & (Y == 0)).sum() / (Y == 0).sum() for cut in cuts]
    expected = max(value for value, other in zip(sensitive, specific, strict=True) if other >= 0.6)
    assert (
        run.history[0]["sensitivity_at_specificity"] == run.evaluate()["sensitivity_at_specificity"] == pytest.approx(expected)
    )


@pytest.mark.long
def test_a_run_that_is_loaded_or_resumed_hands_the_same(tmp_path):
    """The metric's variables have the names that they had; the figure of a resumed epoch goes on."""
    (tmp_path / "t.csv").write_text("a,b,ill\n" + "".join(f"{a},{b},{y}\n" for (a, b), y in zip(X, Y, strict=True)))
    data = eagerloop.use("csv", path=tmp_path / "t.csv", batch_size=10)
    options = {"dataset": data, "metrics": ["precision", "f1_score"], "save_every": 2}
    whole = eagerloop.train(**options, epochs=3, directory=tmp_path / "whole")
    eagerloop.train(**options, epochs=1, directory=tmp_path / "part")
    resumed = eagerloop.resume(tmp_path / "part", epochs=3)
    kept = [name for name in whole.history[-1] if name != "seconds"]
    assert [resumed.history[-1][name] for name in kept] == [whole.history[-1][name] for name in kept]
    assert eagerloop.load(tmp_path / "part").evaluate() == whole.evaluate()


REFUSED = {
    "quantities": ({}, "precision", "this run predicts quantities"),
    "one for one": ({"task": "classification"}, "mean_squared_error", r"targets \(10,\) and predictions \(10, 2\)"),
    "no such class": ({"task": "classification"}, {"precision": {"class_id": 2}}, "class_id=2, and the classes are 0 to 1"),
    "too few classes": ({"task": "classification"}, {"mean_io_u": {"num_classes": 1}}, "num_classes=1"),
    "sorted": (
        {"task": "classification"},
        {"sparse_top_k_categorical_accuracy": {"from_sorted_ids": True}},
        "leave that option out",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_right_figure_is_refused_by_name(case, tmp_path):
    """In one line, before a directory is made."""
    task, chosen, words = REFUSED[case]
    name, options = (chosen, {}) if isinstance(chosen, str) else next(iter(chosen.items()))
    y = Y if task else (X * 3.0)
    data = eagerloop.ArrayDataset((X, y), (X, y), batch_size=10, **task)
    with pytest.raises(ConfigError, match=f"metric '{name}' .*{words}"):
        eagerloop.train(
            dataset=data, model=model(2), metrics=[eagerloop.use(name, **options)], directory=tmp_path / "run", **STILL
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("loss", ["binary_crossentropy", "mean_absolute_error", "categorical_crossentropy", "kl_divergence"])
def test_a_loss_that_would_stretch_class_numbers_is_refused(loss, tmp_path):
    """Keras compares each class number with both outputs, without a word."""
    data = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=10)
    with pytest.raises(ConfigError, match=rf"loss '{loss}' got targets \(10,\) and predictions \(10, 2\)"):
        eagerloop.train(dataset=data, model=model(2), loss=loss, directory=tmp_path / "run", **STILL)
