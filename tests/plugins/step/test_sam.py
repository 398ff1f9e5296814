"""`sam`, against the algorithm of the paper in NumPy, on a linear model."""

import keras
import numpy as np
import pytest

import eagerloop

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(16, 3)).astype("float32")
Y = RANDOM.normal(size=(16, 1)).astype("float32")
RHO, RATE, EPOCHS = 0.2, 0.1, 5


def gradient(w, b):
    """The loss of a linear model, a mean of squares, and its gradient by weights and bias."""
    error = X @ w + b - Y
    return np.mean(error**2), 2 * X.T @ error / len(X), 2 * error.mean(axis=0)


def by_hand(w, b):
    """Algorithm 1 of Foret et al. (2021): losses, sharpnesses, weights, bias."""
    losses, sharpness = [], []
    for _epoch in range(EPOCHS):
        loss, by_w, by_b = gradient(w, b)
        norm = np.sqrt(np.sum(by_w**2) + np.sum(by_b**2))
        worse, there_w, there_b = gradient(w + RHO * by_w / norm, b + RHO * by_b / norm)
        losses.append(loss)
        sharpness.append(worse - loss)
        w, b = w - RATE * there_w, b - RATE * there_b
    return losses, sharpness, w, b


@pytest.mark.parametrize("compiled", [False, True])
def test_it_is_the_algorithm_of_the_paper(tmp_path, compiled):
    """Five updates of gradient descent on one batch of 16 rows: loss, sharpness and weights."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    w, b = (array.astype("float64") for array in model.get_weights())
    losses, sharpness, *expected = by_hand(w, b)
    run = eagerloop.train(
        dataset=eagerloop.ArrayDataset((X, Y), (X[:4], Y[:4]), batch_size=16),
        model=model,
        optimizer=eagerloop.use("sgd", learning_rate=RATE),
        step=eagerloop.use("sam", rho=RHO),
        compile=compiled,
        epochs=EPOCHS,
        directory=tmp_path / "run",
    )

    np.testing.assert_allclose([row["loss"] for row in run.history], losses, rtol=1e-5)
    np.testing.assert_allclose([row["sharpness"] for row in run.history], sharpness, rtol=1e-4)
    for found, wanted in zip(run.model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_no_distance_is_the_loops_own_step(tmp_path):
    """With rho = 0 the worst place nearby is the place itself: the same bits."""
    options = {"model": eagerloop.use("iris", rate=0.0), "epochs": 1}
    none = eagerloop.train(step=eagerloop.use("sam", rho=0.0), directory=tmp_path / "none", **options)
    own = eagerloop.train(directory=tmp_path / "own", **options)

    assert [array.tobytes() for array in none.model.get_weights()] == [array.tobytes() for array in own.model.get_weights()]


def test_the_weights_come_back_to_the_bit(tmp_path):
    """A batch with nan is a step that is not finite: nothing has changed, neither by the way there nor by an update."""
    run = eagerloop.train(step="sam", epochs=1, directory=tmp_path / "run")
    before = [array.tobytes() for array in run.model.get_weights()]
    x, y = run.parts.first_batch
    step = run.step(x * np.float32("nan"), y)

    assert not bool(step.finite)
    assert [array.tobytes() for array in run.model.get_weights()] == before


@pytest.mark.parametrize("step", ["sam", "accumulate"])
def test_a_step_is_looked_into_like_the_loops_own(tmp_path, step):
    """`inspect` leaves the run as it is and finds no mistake; a replay has the same bits."""
    run = eagerloop.train(step=step, epochs=1, directory=tmp_path / "run")
    before = {name: variable.numpy().tobytes() for name, variable in run.variables().items()}
    record = run.inspect(*run.parts.first_batch)

    assert record.lines[0].text.strip().startswith("def __call__(")
    assert record.findings == ()
    assert {name: variable.numpy().tobytes() for name, variable in run.variables().items()} == before
