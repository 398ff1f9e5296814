"""No false alarm: the built-in parts and the worked example give no finding, in any combination that fits."""

import contextlib
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.choices.catalog import BUILT_IN, Catalog
from eagerloop.choices.settings import Part, settings_of
from eagerloop.inspection.mistakes import findings
from eagerloop.inspection.mistakes.findings import findings_of, first_look
from eagerloop.running.opening import create
from eagerloop.testing.checks import Subject

ENTRIES = [entry for entry in Catalog.load().entries if entry.owner.distribution == BUILT_IN]
EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "eagerloop-example" / "src"


def names(kind):
    """The built-in parts of a kind that can be made without an option."""
    return [entry.name for entry in ENTRIES if entry.kind == kind]


REGRESSION, CLASSES = ("iris", "table", "arrays"), ("table of classes", "arrays of classes", "images", "reviews")
MODELS = {"iris": REGRESSION, "linear": REGRESSION + CLASSES, "mlp": REGRESSION + CLASSES, "keras-file": REGRESSION[:1]}
MODELS |= {"cnn": ("images",), "text": ("reviews",)}


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Few steps more on the same batch: only a rate that is too high needs many."""
    monkeypatch.setattr(findings, "MORE_STEPS", 5)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A dataset of each kind by name, and the file of a saved model."""
    place = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3)).astype("float32")
    number, kind = x[:, :1] + x[:, 1:2], (x @ random.normal(size=(3, 3))).argmax(axis=1)
    for name, column in {"table": number[:, 0], "table of classes": np.array(["north", "east", "south"])[kind]}.items():
        rows = [",".join(map(str, [*row, value])) for row, value in zip(x, column, strict=True)]
        (place / f"{name}.csv").write_text("\n".join(["a,b,c,y", *rows]) + "\n", encoding="utf-8")
    words = [" ".join(random.choice(["plot", "cast", "score"], 2)) for _row in range(60)]
    rows = [("good {} film,pro", "bad {} film,contra")[row % 2].format(inner) for row, inner in enumerate(words)]
    (place / "reviews.csv").write_text("\n".join(["review,y", *rows]) + "\n", encoding="utf-8")
    arrays = {"arrays": (x, number), "arrays of classes": (x, kind), "images": (random.uniform(size=(60, 8, 8, 1)), kind)}
    for name, (features, y) in arrays.items():
        np.savez(place / f"{name}.npz", x_train=features[:40], y_train=y[:40], x_test=features[40:], y_test=y[40:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's own way to make arrays of variables is deprecated in NumPy 2
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]).save(place / "model.keras")
    found = {name: eagerloop.use("arrays", path=place / f"{name}.npz") for name in arrays}
    found |= {name: eagerloop.use("csv", path=place / f"{name}.csv") for name in ("table", "table of classes")}
    found["reviews"] = eagerloop.use("csv", path=place / "reviews.csv", text=["review"])
    return found | {"iris": "iris", "keras-file": eagerloop.use("keras-file", path=place / "model.keras")}


def all_findings(run):
    """Everything that is said of the first batch."""
    return [*first_look(run.parts), *findings_of(run.parts, *run.parts.first_batch)]


def run_of(**parts):
    """A run that is not trained."""
    return create(settings_of(parts))


PAIRS = [(model, dataset) for model, datasets in MODELS.items() for dataset in datasets]


@pytest.mark.sweep(1)
@pytest.mark.filterwarnings("ignore:.*text read as counts of words:UserWarning")
@pytest.mark.parametrize(("model", "dataset"), PAIRS, ids=[" on ".join(pair) for pair in PAIRS])
def test_every_model_on_every_data_with_every_loss(model, dataset, data):
    """The run as it is by default in full, and a first look with every loss that can be computed on it and is finite."""
    assert sorted(MODELS) == sorted(names("model"))
    run = run_of(model=data.get(model, model), dataset=data[dataset])
    found = {"default": all_findings(run)}
    for entry in ENTRIES:
        if entry.kind == "loss":
            found[entry.name] = first_look(replace(run.parts, loss=Subject("loss", entry.factory).make()))

    assert {name: list(map(str, said)) for name, said in found.items() if said and not _rightly(name, dataset, said)} == {}


def _rightly(loss, dataset, said):
    """Whether a finding is right: these take probabilities, and the models here give logits."""
    wants = {"categorical_generalized_cross_entropy", "dice", "tversky", "kl_divergence"}
    return dataset in CLASSES and loss in wants and [finding.id for finding in said] == ["EL10"]


@pytest.mark.parametrize(
    "loss", ["huber", "mean_absolute_error", "log_cosh", "cosine_similarity", "mean_squared_logarithmic_error"]
)
def test_every_loss_for_a_regression_in_full(loss):
    """Steps on the guide's data with losses of numbers; those that need positive or bounded numbers do not fit them."""
    assert list(map(str, all_findings(run_of(loss=loss)))) == []


@pytest.mark.parametrize("optimizer", names("optimizer"))
def test_every_optimizer(optimizer):
    """Steps on the guide's data."""
    assert list(map(str, all_findings(run_of(optimizer=optimizer)))) == []


@pytest.mark.long
def test_every_metric(data):
    """All metrics that can be made without an option and taken of the data, on numbers and on classes."""
    tried = set()
    for dataset in ("iris", "table of classes"):
        run = run_of(dataset=data[dataset])
        metrics = {}
        for entry in ENTRIES:
            with contextlib.suppress(Exception):  # it needs an option, or other data
                metric = Subject("metric", entry.factory).make() if entry.kind == "metric" else None
                metric.update_state(run.parts.first_batch[1], run.parts.first_predictions)
                metrics[entry.name] = metric
        resolved = {**run.parts.resolved, "metric": [Part(name, "object", "", {}) for name in metrics]}
        parts = replace(run.parts, metrics=metrics, resolved=resolved)
        assert list(map(str, findings_of(parts, *parts.first_batch))) == []
        tried |= set(metrics)

    assert len(tried) >= 40


def test_options_that_change_what_a_step_is(data):
    """Dropout, penalties, accumulated gradients, averaged weights, a float16 scale, shuffled and random rows."""
    chosen = [
        {"model": eagerloop.use("mlp", dropout=0.5)},
        {"model": eagerloop.use("iris", activation="relu"), "dataset": eagerloop.use("iris", shuffle=True, split="random")},
        {"optimizer": eagerloop.use("sgd", learning_rate=1e-4, momentum=0.9, gradient_accumulation_steps=2)},
        {"optimizer": eagerloop.use("adamw", use_ema=True, clipnorm=1.0)},
        {"precision": "mixed_float16"},
        {"compile": True},
        {"dataset": eagerloop.use("iris", batch_size=120)},
        {"dataset": eagerloop.use("iris", batch_size=1)},
    ]

    assert {str(parts): list(map(str, said)) for parts in chosen if (said := all_findings(run_of(**parts)))} == {}


def test_the_worked_example(monkeypatch):
    """Its five parts together, and each with the built-in ones."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(EXAMPLE)])
    import eagerloop_example as example

    parts = {"dataset": example.wave, "model": example.polynomial, "loss": example.pinball, "optimizer": example.signum}
    parts = {kind: f"{Path(factory.__code__.co_filename)}:{factory.__name__}" for kind, factory in parts.items()}
    chosen = [parts, *({kind: part} for kind, part in parts.items())]

    assert {str(some): list(map(str, said)) for some in chosen if (said := all_findings(run_of(**some)))} == {}


def test_the_guide_itself_trains_without_a_word(tmp_path):
    """The run that `eagerloop train` makes, with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = eagerloop.train(epochs=2, directory=tmp_path / "run")

    assert list(map(str, findings_of(run.parts, *run.parts.first_batch))) == []
