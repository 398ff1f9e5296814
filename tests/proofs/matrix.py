"""The same bits in every row: three ways to advance, five ways to get to the end, and whatever keeps state.

    python tests/proofs/matrix.py
    python tests/proofs/matrix.py --only "stateful GRU" "pair"

Each subject is trained for three epochs, eager, compiled by the step and compiled in stretches; as it is, stopped in the middle
of an epoch and trained on in the same process, resumed in another process, looked into between, and evaluated between. All
variables that a checkpoint holds, the history and an evaluation have the bits of the run that nobody disturbed, in each row;
the rows of a subject have the same bits, or differ in rounding, which is told.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import warm

STOP = 7
"""The step after which a run is stopped: in the middle of its second epoch."""

WAYS = ("as it is", "stopped", "resumed", "looked into", "evaluated")
MODES = ("eager", "step", "stretch")

CLOSE = 1e-4
"""How far a compiled run may be from the eager one, relative to a variable's largest entry: a graph fuses some arithmetic."""


class Stops:
    """A checkpointer that stops its run at a save: of a compiled stretch, too, for it looks at no step."""

    def __init__(self, at: int) -> None:
        from eagerloop_plugins.checkpointer.npz import npz

        self.at, self.files = at, npz()

    def on_train_begin(self, run: Any) -> None:
        """Remembers whom to stop."""
        self.run = run

    def write(self, directory: Path, state: Any) -> None:
        """As `npz`."""
        if self.run.position.step == self.at:
            self.run.stop("the matrix wants it")
        self.files.write(directory, state)

    def read(self, directory: Path, state: Any) -> None:
        """As `npz`."""
        self.files.read(directory, state)


class Sees:
    """Looks at every step, so that the step alone is compiled."""

    def on_step_end(self, step: Any) -> None:
        """Nothing."""


def arrays(rows: int = 40, **options: Any) -> Any:
    """Rows of six features, and a target that follows from them."""
    import numpy as np

    import eagerloop

    x = np.random.default_rng(0).normal(size=(rows, 6)).astype("float32")
    pair = (x, x[:, :2].sum(1, keepdims=True))
    return eagerloop.ArrayDataset(pair, pair, batch_size=10, **options)


def sequences() -> Any:
    """A series that batch after batch goes on."""
    import numpy as np

    import eagerloop

    series = np.cumsum(np.random.default_rng(0).normal(size=(10, 17)), 1).astype("float32") / 5
    x = np.concatenate([series[:, place : place + 4, None] for place in range(0, 16, 4)])
    y = np.concatenate([series[:, place + 4, None] for place in range(0, 16, 4)])
    return eagerloop.ArrayDataset((x, y), (x[:10], y[:10]), batch_size=10, shuffle=False)


def dropout() -> dict[str, Any]:
    """The guide itself."""
    return {"metrics": ["rmse"]}


def batch_norm() -> dict[str, Any]:
    """Averages that follow the batches."""
    import keras

    layers = [
        keras.layers.Dense(8, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
        keras.layers.Dense(1),
    ]
    return {"dataset": arrays(), "model": keras.Sequential([keras.Input((6,)), *layers])}


def stateful_gru() -> dict[str, Any]:
    """What it remembers goes from batch to batch."""
    import keras

    layers = [keras.layers.GRU(4, stateful=True), keras.layers.Dense(1)]
    return {"dataset": sequences(), "model": keras.Sequential([keras.Input(batch_shape=(10, 4, 1)), *layers])}


def thawed() -> dict[str, Any]:
    """The first half is frozen for an epoch."""
    import keras

    layers = [keras.layers.Dense(8, use_bias=False), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    base = keras.Sequential([keras.Input((6,)), *layers])
    base.trainable = False

    class Thaws:
        def on_epoch_end(self, epoch: int) -> None:
            base.trainable = base.trainable or epoch == 1

    return {"dataset": arrays(), "model": keras.Sequential([base, keras.layers.Dense(1)]), "observers": [Thaws()]}


def annealed() -> dict[str, Any]:
    """A penalty whose weight is a variable that an observer raises, and a generator of the model's own."""
    import keras
    import tensorflow as tf

    class Noisy(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = keras.layers.Dense(4), keras.layers.Dense(1)
            self.beta, self.seeds = tf.Variable(0.0, trainable=False), keras.random.SeedGenerator(7)

        def call(self, x: Any, training: bool = False) -> Any:
            inner = self.inner(x)
            self.add_loss(self.beta * tf.reduce_mean(inner**2))
            return self.outer(inner + 0.1 * keras.random.normal(keras.ops.shape(inner), seed=self.seeds))

    class Raises:
        def on_epoch_begin(self, run: Any, epoch: int) -> None:
            run.model.beta.assign((epoch - 1) / 3)

    return {"dataset": arrays(), "model": Noisy(), "observers": [Raises()]}


def accumulation() -> dict[str, Any]:
    """An update every third step."""
    import eagerloop

    return {"dataset": arrays(), "optimizer": eagerloop.use("adam", gradient_accumulation_steps=3)}


def pair(y_type: str = "float32") -> dict[str, Any]:
    """A pipeline that shuffles with a seed."""
    import numpy as np
    import tensorflow as tf

    x = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
    y = (x[:, :1] > 0 if y_type == "int32" else x[:, :1]).astype(y_type)
    train = tf.data.Dataset.from_tensor_slices((x, y[:, 0] if y_type == "int32" else y)).shuffle(40, seed=3).batch(10)
    return {"dataset": (train, train), "model": "mlp"}


def table(stream: str) -> dict[str, Any]:
    """A file of rows."""
    import numpy as np

    import eagerloop

    if not Path("table.csv").exists():
        x = np.random.default_rng(0).normal(size=(48, 3))
        rows = [f"{a},{b},{c},{a - c}" for a, b, c in x]
        Path("table.csv").write_text("\n".join(["a,b,c,y", *rows]))
    return {"dataset": eagerloop.use("csv", path=str(Path("table.csv").resolve()), target="y", batch_size=10, stream=stream)}


def own_dataset() -> dict[str, Any]:
    """An object with the methods of a `Dataset`, and nothing else."""
    inner = arrays()

    class Own:
        features, targets, task = ("a", "b", "c", "d", "e", "f"), ("y",), "regression"

        def train(self, epoch: int, start: int = 0) -> Any:
            return inner.train(epoch, start)

        def test(self) -> Any:
            return inner.test()

    return {"dataset": Own(), "model": "mlp"}


SUBJECTS: dict[str, Callable[[], dict[str, Any]]] = {
    "dropout": dropout,
    "BatchNorm": batch_norm,
    "stateful GRU": stateful_gru,
    "thawed layer": thawed,
    "annealed beta": annealed,
    "accumulation": accumulation,
    "arrays": lambda: {"dataset": arrays()},
    "pair": pair,
    "pair of classes": lambda: pair("int32"),
    "csv in memory": lambda: table("no"),
    "csv streamed": lambda: table("yes"),
    "own dataset": own_dataset,
}


def options_of(subject: str, mode: str, at: int) -> dict[str, Any]:
    """What a run is made with, the same in every process."""
    import keras

    keras.utils.set_random_seed(0)  # the models that are made here are drawn from it
    made = SUBJECTS[subject]()
    stops = Stops(at)
    made["observers"] = [*made.get("observers", ()), stops, *([Sees()] if mode == "step" else [])]
    return made | {"checkpointer": stops}


def state_of(run: Any) -> dict[str, Any]:
    """Every variable, as hexadecimal bytes, and the history without its seconds."""
    values = {name: variable.numpy().tobytes().hex() for name, variable in run.variables().items()}
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in run.history]
    return {"values": values, "history": rows, "evaluated": run.evaluate()}


def between(way: str, run: Any) -> None:
    """What somebody does with a run that has stopped."""
    if way == "looked into":
        next(iter(run.dataset.train(1)))
        x, y = next(iter(run.dataset.test()))
        run.inspect(x, y)
        run.predict()
        list(run.dataset.train(3).take(2))
    if way == "evaluated":
        run.evaluate()


def go(subject: str, mode: str, way: str, answer: Path) -> list[Callable[[], None]]:
    """What the processes of one cell do, one after the other."""
    import eagerloop
    from eagerloop.parts import Choice

    at = 0 if way == "as it is" else STOP
    directory = answer.with_suffix("")

    def train() -> None:
        warm.seed_differently(1)
        made = options_of(subject, mode, at)
        run = eagerloop.train(directory=directory, epochs=3, seed=4, save_every=STOP, compile=mode != "eager", **made)
        if way not in ("as it is", "resumed"):
            assert run.position.step == STOP, run.position
            between(way, run)
            run.train()
        assert run.stride.grain == mode, run.stride
        if way != "resumed":
            answer.write_text(json.dumps(state_of(run)))

    def resume() -> None:
        warm.seed_differently(2)
        made = options_of(subject, mode, 0)
        objects = {key: value for key, value in made.items() if not isinstance(value, (str, Choice))}
        names = [name for name in ("model", "optimizer", "dataset") if name in objects]
        run = eagerloop.resume(directory, **{name: objects[name] for name in (*names, "observers", "checkpointer")})
        answer.write_text(json.dumps(state_of(run)))

    return [train, resume] if way == "resumed" else [train]


def compare(answer: dict[str, Any], whole: dict[str, Any]) -> list[str]:
    """What differs, by name."""
    names = [name for name in whole["values"] if answer["values"].get(name) != whole["values"][name]]
    more = [key for key in ("history", "evaluated") if answer[key] != whole[key]]
    return names + more + ([] if answer["values"].keys() == whole["values"].keys() else ["the names of the variables"])


def distance(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest difference of a variable of the model, relative to its largest entry."""
    import numpy as np

    pairs = [(one["values"][name], value) for name, value in other["values"].items() if name.startswith("model/")]
    arrays_of = [[np.frombuffer(bytes.fromhex(text), np.float32).astype(float) for text in pair] for pair in pairs]
    return max(float(abs(a - b).max() / max(abs(b).max(), 1e-9)) for a, b in arrays_of if np.isfinite(b).all())


def cells(directory: Path, subjects: list[str], modes: list[str], ways: list[str]) -> dict[tuple[str, str, str], list[str]]:
    """Every cell, and what differs in it from its row's first."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for subject in subjects:
        whole: dict[str, dict[str, Any]] = {}
        for mode in modes:
            for way in ways:
                answer = directory / f"{subject}-{mode}-{way}.json".replace(" ", "-")
                for work in go(subject, mode, way, answer):
                    code = warm.child(work, output=answer.with_suffix(".txt"))
                    assert code == 0, f"{subject}, {mode}, {way}: {answer.with_suffix('.txt').read_text()[-3000:]}"
                state = json.loads(answer.read_text())
                found[subject, mode, way] = compare(state, whole.setdefault(mode, state))
            if found[subject, mode, ways[0]] == compare(whole[mode], whole[modes[0]]):
                continue
            far = distance(whole[mode], whole[modes[0]])
            print(f"{subject}: {mode} and {modes[0]} differ by {far:.1e}", flush=True)
            if not far <= CLOSE:
                found[subject, mode, ways[0]].append(f"{far:.1e} from {modes[0]}")
    return found


def main() -> None:
    """Prints the matrix; exits with 1 if a row has other bits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[*SUBJECTS], help="subjects")
    parser.add_argument("--modes", nargs="*", default=[*MODES], help="how to advance")
    parser.add_argument("--ways", nargs="*", default=[*WAYS], help="how to get to the end")
    chosen = parser.parse_args()
    warm.warm_up()
    with tempfile.TemporaryDirectory(prefix="eagerloop-matrix-") as name:
        os.chdir(name)
        found = cells(Path(name), chosen.only, chosen.modes, chosen.ways)
    print(f"{'':18}{'':10}" + "".join(f"{way:>13}" for way in chosen.ways))
    for subject in chosen.only:
        for mode in chosen.modes:
            words = ["same" if not found[subject, mode, way] else "OTHER" for way in chosen.ways]
            print(f"{subject:18}{mode:10}" + "".join(f"{word:>13}" for word in words))
    faults = {cell: names for cell, names in found.items() if names}
    for cell, names in faults.items():
        print(f"{', '.join(cell)}: {', '.join(names[:8])}", file=sys.stderr)
    print(f"{len(found)} cells, {len(faults)} with other bits")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
