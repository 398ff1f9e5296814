"""Pictures in folders and in tables: what is read, what is for what, and what is refused."""

import contextlib
import re
import sqlite3
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.evaluation import evaluate_table
from eagerloop.afterwards.prediction import pieces_of
from eagerloop.errors import ConfigError, DataError
from eagerloop_plugins.dataset.images import images

RANDOM = np.random.default_rng(3)


def save(path, pixels):
    """A picture, as PNG or by its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    encode = {".jpg": tf.io.encode_jpeg}.get(path.suffix, tf.io.encode_png)
    path.write_bytes(encode(tf.constant(np.asarray(pixels, "uint8"))).numpy())


def pixels_of(kind, *shape):
    """Noise, with a bright left half for `left`, and a bright right one for `right`."""
    pixels = RANDOM.integers(0, 80, shape)
    half = shape[1] // 2
    pixels[:, :half] += 150 * (kind == "left")
    pixels[:, half:] += 150 * (kind == "right")
    return pixels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Thirty grey pictures of 8 x 6 pixels, fifteen a class."""
    root = tmp_path_factory.mktemp("pictures") / "sides"
    for kind in ("left", "right"):
        for number in range(15):
            save(root / kind / f"{number:02}.png", pixels_of(kind, 8, 6, 1))
    return root


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    """A small network that has learnt them."""
    how = {"model": eagerloop.use("cnn", filters=[4], hidden=[8]), "optimizer": eagerloop.use("adam", learning_rate=0.02)}
    dataset = eagerloop.use("images", path=folder, batch_size=8)
    return eagerloop.train(dataset=dataset, epochs=6, directory=tmp_path_factory.mktemp("run") / "run", progress=False, **how)


def batches(data):
    """All batches, as arrays."""
    return [tuple(map(np.asarray, batch)) for batch in data]


def test_pixels_are_those_of_keras(tmp_path):
    """Colours, of one size and of another, resized: Keras's own loader gives the same, times 255."""
    for number, shape in enumerate([(10, 12, 3), (20, 30, 3), (7, 5, 3)]):
        save(tmp_path / "a" / f"{number}.png", pixels_of("left", *shape))
        save(tmp_path / "b" / f"{number}.jpg", pixels_of("right", *shape))
    ours = images(path=tmp_path, size="9x11", test_fraction=0.34, shuffle=False, batch_size=4)
    theirs = keras.utils.image_dataset_from_directory(tmp_path, image_size=(9, 11), shuffle=False, batch_size=6, verbose=False)
    x, y = next(iter(theirs))
    for part, data in (("train", ours.train(1)), ("test", ours.test())):
        for begin, (got_x, got_y) in enumerate(batches(data)):
            rows = ours.rows[part][4 * begin : 4 * begin + 4]
            np.testing.assert_allclose(got_x * 255, x.numpy()[rows], rtol=1e-6)
            np.testing.assert_array_equal(got_y, y.numpy()[rows])


def test_folders_are_classes_and_rows_are_drawn(folder):
    """24 for training and 6 for the test, as `split_rows` draws them from the sorted paths; each once in an epoch."""
    data = images(path=folder, seed=4, batch_size=10)
    training, _none, test = eagerloop.split_rows(30, test_fraction=0.2, seed=4)
    assert data.classes == ("left", "right")
    np.testing.assert_array_equal(data.rows["train"], training)
    np.testing.assert_array_equal(np.concatenate([y for _x, y in batches(data.test())]), (test >= 15).astype(int))
    order = np.random.Generator(np.random.PCG64([4, 3])).permutation(24)
    first_x, first_y = batches(data.train(3))[0]
    name = f"{'left' if training[order[0]] < 15 else 'right'}/{training[order[0]] % 15:02}.png"
    np.testing.assert_allclose(first_x[0] * 255, tf.io.decode_png((folder / name).read_bytes()), rtol=1e-6)
    assert first_x.shape == (10, 8, 6, 1)
    assert first_y[0] == (training[order[0]] >= 15)


def test_an_epoch_is_continued_at_any_batch(folder):
    """A fresh dataset gives from batch 2 on what the first gave, bit for bit."""
    whole = batches(images(path=folder, batch_size=5).train(2))
    rest = batches(images(path=folder, batch_size=5).train(2, 2))
    assert [x.tobytes() for x, _y in whole[2:]] == [x.tobytes() for x, _y in rest]


def test_folders_may_say_what_is_for_what(tmp_path):
    """`train`, `test` and `val` hold the classes; of the training nothing is drawn."""
    counts = {"train": 4, "test": 2, "val": 1}
    for part, count in counts.items():
        for kind in ("left", "right"):
            for number in range(count):
                save(tmp_path / part / kind / f"{number}.png", pixels_of(kind, 4, 4, 1))
    data = images(path=tmp_path, batch_size=4)
    assert {name: len(rows) for name, rows in data.rows.items()} == {"train": 8, "validation": 2, "test": 4}
    assert [len(y) for _x, y in batches(data.validation())] == [2]
    assert data.classes == ("left", "right")


def test_a_table_has_paths_and_a_target(tmp_path):
    """Paths start from the table's folder; numbers with a fraction are a regression, its moments those of the training."""
    for number in range(10):
        save(tmp_path / "in" / f"{number}.png", np.full((4, 4, 1), 20 * number))
    lines = [f"{number},in/{number}.png,{number / 4}" for number in range(10)]
    (tmp_path / "table.csv").write_text("\n".join(["id,file,light", *lines]) + "\n", encoding="utf-8")
    data = images(path=tmp_path / "table.csv", batch_size=8)
    assert (data.task, data.targets, data.columns, data.outputs) == ("regression", ("light",), ("file",), 1)
    for x, y in batches(data.train(1)):
        np.testing.assert_allclose(x[:, 0, 0, 0] * 255 / 80, y[:, 0], rtol=1e-6)
    assert data.target_moments == ([np.mean(data.rows["train"] / 4)], [pytest.approx(np.std(data.rows["train"] / 4))])


def test_a_table_may_be_of_sqlite(folder, tmp_path):
    """Its paths start from its own folder; of several tables one is named."""
    for number in range(12):
        save(tmp_path / f"{number}.png", pixels_of(("left", "right")[number % 2], 8, 6, 1))
    with contextlib.closing(sqlite3.connect(tmp_path / "list.db")) as connection:
        connection.execute("CREATE TABLE seen (path TEXT, side TEXT)")
        connection.executemany("INSERT INTO seen VALUES (?, ?)", [(f"{n}.png", ("left", "right")[n % 2]) for n in range(12)])
        connection.execute("CREATE TABLE other (path TEXT)")
        connection.commit()
    dataset = images(path=tmp_path / "list.db", table="seen", batch_size=4)
    assert (dataset.classes, len(dataset.rows["train"])) == (("left", "right"), 10)
    with pytest.raises(ConfigError, match=r"list\.db has 2 tables: 'seen', 'other'; name one with --dataset\.table"):
        images(path=tmp_path / "list.db")
    with pytest.raises(ConfigError, match=r"is a folder, .*: target, path-column, table and task=regression are for a table"):
        images(path=folder, table="seen")


def test_classes_are_weighed_in_the_training_alone(folder, tmp_path):
    """By their names, or so that each counts alike: n / (classes * pictures of the class). From any batch on, too."""
    plain = images(path=folder, batch_size=8, validation_fraction=0.2)
    assert plain.class_weights == ()
    assert {len(batch) for batch in batches(plain.train(1))} == {2}
    dataset = images(path=folder, batch_size=8, validation_fraction=0.2, class_weight="right=2.5")
    assert dataset.class_weights == (1.0, 2.5)
    for epoch, start in ((1, 0), (2, 1)):
        for (x, y, weights), (other, same) in zip(
            batches(dataset.train(epoch, start)), batches(plain.train(epoch, start)), strict=True
        ):
            assert np.array_equal(x, other)
            assert np.array_equal(y, same)
            assert weights.dtype == np.float32
            assert weights.tolist() == [2.5 if one else 1.0 for one in y]
    assert {len(batch) for part in (dataset.test(), dataset.validation()) for batch in batches(part)} == {2}
    for number in range(13, 15):
        (tmp_path / "few" / "left").mkdir(parents=True, exist_ok=True)
        (tmp_path / "few" / "left" / f"{number}.png").write_bytes((folder / "left" / f"{number}.png").read_bytes())
    for number in range(6):
        save(tmp_path / "few" / "right" / f"{number}.png", pixels_of("right", 8, 6, 1))
    few = images(path=tmp_path / "few", batch_size=4, class_weight="balanced", seed=1)
    counts = np.bincount(np.concatenate([y for _, y, _ in batches(few.train(1))]))
    assert few.class_weights == tuple(counts.sum() / (2 * counts))
    assert counts[0] < counts[1]
    with pytest.raises(ConfigError, match=r"class-weight names 'rihgt', which is no class; did you mean 'right'"):
        images(path=folder, class_weight="rihgt=2")


def test_weighed_pictures_are_trained_on(folder, tmp_path):
    """Twice the weight of every class is twice the loss of the first step, and no other loss of the test."""
    steps = []
    for number, weight in enumerate((1, 2)):
        dataset = eagerloop.use("images", path=folder, batch_size=24, class_weight=f"left={weight},right={weight}")
        run = eagerloop.train(dataset=dataset, model="linear", epochs=1, directory=tmp_path / f"{number}", progress=False)
        steps.append(run.history[0]["total_loss"])
    assert steps[1] == pytest.approx(2 * steps[0], rel=1e-6)


def test_colours_and_greys_are_brought_to_one_form(tmp_path):
    """A grey picture among colours is repeated; asked for grey, colours are weighed, and transparency is left out."""
    save(tmp_path / "a" / "grey.png", np.full((4, 4, 1), 100))
    save(tmp_path / "a" / "grey2.png", np.full((4, 4, 1), 100))
    save(tmp_path / "b" / "red.png", np.broadcast_to([255, 0, 0], (4, 4, 3)))
    save(tmp_path / "b" / "clear.png", np.broadcast_to([255, 0, 0, 9], (4, 4, 4)))
    how = {"path": tmp_path, "batch_size": 1, "test_fraction": 0.25, "seed": 1}
    with pytest.warns(UserWarning, match=r"2 of 4 pictures are grey and read as colours$"):
        data = images(**how)
    seen = {tuple(round(float(value), 3) for value in x[0, 0, 0]) for x, _y in [*batches(data.train(1)), *batches(data.test())]}
    assert seen == {(0.392,) * 3, (1.0, 0.0, 0.0)}
    with pytest.warns(UserWarning, match=r"2 of 4 pictures are in colour and read as grey$"):
        data = images(**how, colour="grey")
    seen = {round(float(x[0, 0, 0, 0]), 3) for x, _y in [*batches(data.train(1)), *batches(data.test())]}
    assert seen == {0.392, 0.298}  # 0.2989 of 255 is 76 whole numbers


def test_pictures_of_several_sizes_are_told_of(tmp_path):
    """They become 64 x 64, and so do large ones that are all alike."""
    save(tmp_path / "a" / "0.png", np.zeros((200, 10, 1)))
    save(tmp_path / "b" / "0.png", np.zeros((200, 10, 1)))
    save(tmp_path / "b" / "1.png", np.zeros((200, 10, 1)))
    with pytest.warns(UserWarning, match=r"pictures of 200 x 10 pixels are read as 64 x 64; --dataset.size says otherwise$"):
        assert images(path=tmp_path, batch_size=1, test_fraction=0.3, seed=1).encoder.height == 64
    save(tmp_path / "b" / "1.png", np.zeros((9, 9, 1)))
    with pytest.warns(UserWarning, match=r"pictures of 2 sizes are read as 64 x 64"):
        images(path=tmp_path, batch_size=1, test_fraction=0.3, seed=1)


def refused(error, told, **options):
    """One line, which says this; returned, for what else it must say."""
    with pytest.raises(error, match=told) as caught:
        images(**options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_broken_pictures_are_named_all_at_once(tmp_path, folder):
    """Half a PNG, an empty file, text called a picture, and a JPEG without its end."""
    save(tmp_path / "a" / "good.png", np.zeros((8, 8, 1)))
    save(tmp_path / "b" / "end.jpg", RANDOM.integers(0, 255, (40, 40, 3)))
    (tmp_path / "a" / "half.png").write_bytes((folder / "left" / "00.png").read_bytes()[:40])
    (tmp_path / "b" / "end.jpg").write_bytes((tmp_path / "b" / "end.jpg").read_bytes()[:300])
    (tmp_path / "b" / "empty.png").touch()
    (tmp_path / "b" / "text.png").write_text("hello", encoding="utf-8")
    told = refused(DataError, r"4 of 5 pictures cannot be read: a/half\.png \(Invalid PNG", path=tmp_path)
    assert re.findall(r"[ab]/\w+\.\w+", told) == ["a/half.png", "b/empty.png", "b/end.jpg", "b/text.png"]


def test_what_is_no_dataset_is_refused_in_a_line(tmp_path, folder):
    """An empty class, one class, pictures outside of any, no picture, a wrong size, options of a table."""
    (tmp_path / "none").mkdir()
    refused(DataError, r"none holds no picture \(.*\.png.*\); check the path", path=tmp_path / "none")
    save(tmp_path / "one" / "a" / "0.png", np.zeros((4, 4, 1)))
    refused(DataError, "has one class only, 'a': nothing to learn", path=tmp_path / "one")
    (tmp_path / "one" / "b").mkdir()
    refused(DataError, "no picture in b; remove the folder, or put pictures into it", path=tmp_path / "one")
    save(tmp_path / "loose" / "0.png", np.zeros((4, 4, 1)))
    refused(DataError, "needs a folder a class, and '0.png' stands in none", path=tmp_path / "loose")
    refused(ConfigError, r"must be SIDE or HEIGHTxWIDTH, each from 1 to 4096, got 'big'", path=folder, size="big")
    refused(ConfigError, r"target, path-column, table and task=regression are for a table", path=folder, target="kind")
    refused(ConfigError, r"batch size must be from 1 to 24, the number of training rows, got 25", path=folder, batch_size=25)
    refused(DataError, r"nowhere\.csv", path=tmp_path / "nowhere.csv")


def test_links_and_paths_do_not_lead_out(tmp_path, folder):
    """A link to a picture or to a folder elsewhere, and a path with `..`; a link inside is taken."""
    for kind in ("left", "right"):
        for number in range(3):
            save(tmp_path / "mine" / kind / f"{number}.png", pixels_of(kind, 4, 4, 1))
    (tmp_path / "mine" / "left" / "again.png").symlink_to(tmp_path / "mine" / "left" / "0.png")
    assert len(images(path=tmp_path / "mine", batch_size=2)._paths) == 7
    (tmp_path / "mine" / "right" / "out.png").symlink_to(folder / "left" / "00.png")
    (tmp_path / "mine" / "more").symlink_to(folder)
    refused(
        DataError, r"links lead out of the folder: more \(to .*sides\), right/out\.png \(to .*00\.png\)", path=tmp_path / "mine"
    )
    (tmp_path / "mine" / "more").unlink()
    (tmp_path / "mine" / "right" / "out.png").unlink()
    (tmp_path / "mine" / "right" / "circle.png").symlink_to("circle.png")
    refused(DataError, r"links lead out of the folder: right/circle\.png \(to itself\)", path=tmp_path / "mine")
    lines = [f"../left/{number % 3}.png,{kind}" for number, kind in enumerate("aabbaa"[:3] + "bab")]
    (tmp_path / "mine" / "sub").mkdir()
    table = tmp_path / "mine" / "sub" / "table.csv"
    table.write_text("\n".join(["path,kind", *lines]) + "\n", encoding="utf-8")
    refused(DataError, r"line 2, column 'path': '\.\./left/0\.png' leads out of the folder", path=table)


def test_new_pictures_are_predicted_without_the_training_data(run, folder, tmp_path):
    """A folder and a table; path and class stand beside the answer; `evaluate` reads the same."""
    alone = eagerloop.load(run.directory, for_predicting=True)
    (piece,) = pieces_of(alone, folder)
    assert list(piece) == ["path", "class", "prediction", "probability_left", "probability_right"]
    assert piece["path"][:2] == ["left/00.png", "left/01.png"]
    right = np.mean(np.array(piece["prediction"]) == np.array(piece["class"]))
    assert right > 0.9

    for number in range(4):
        save(tmp_path / "new" / f"{number}.png", pixels_of("right" if number % 2 else "left", 30, 20, 3))
    (tmp_path / "new" / "list.csv").write_text("path\n3.png\n0.png\n", encoding="utf-8")
    (piece,) = pieces_of(alone, tmp_path / "new")
    assert piece["prediction"] == ["left", "right"] * 2
    (piece,) = pieces_of(alone, tmp_path / "new" / "list.csv")
    assert (piece["path"], piece["prediction"]) == (["3.png", "0.png"], ["right", "left"])

    assert evaluate_table(run, folder)["accuracy"] == pytest.approx(right)


def test_the_test_pictures_are_predicted_by_their_paths(run, folder):
    """Without any input: six rows."""
    (piece,) = pieces_of(run)
    rows = run.dataset.rows["test"]
    assert piece["path"] == [f"{'left' if row < 15 else 'right'}/{row % 15:02}.png" for row in rows]
    assert piece["class"] == [path.split("/")[0] for path in piece["path"]]


def test_a_missing_picture_of_a_table_is_named(run, tmp_path):
    """By the path as it is written."""
    (tmp_path / "list.csv").write_text("path\nnone.png\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"1 of 1 pictures cannot be read: none\.png \(does not exist\)"):
        list(pieces_of(run, tmp_path / "list.csv"))


def test_few_rows_are_in_memory_at_a_time(run, folder, monkeypatch):
    """Pieces of as many rows as the form of the pictures allows."""
    monkeypatch.setattr("eagerloop.tables.pictures.VALUES_AT_ONCE", 8 * 6 * 7)
    pieces = list(pieces_of(run, folder))
    assert [len(piece["path"]) for piece in pieces] == [7, 7, 7, 7, 2]
    assert pieces[2]["class"] == ["left", *["right"] * 6]


@pytest.mark.long
def test_a_resumed_run_has_the_same_bits(folder, tmp_path):
    """Two epochs, once with a stop in between."""
    how = {"dataset": eagerloop.use("images", path=folder, batch_size=8), "model": eagerloop.use("cnn", filters=[2], hidden=[])}
    whole = eagerloop.train(epochs=2, directory=tmp_path / "whole", progress=False, **how)
    eagerloop.train(epochs=1, directory=tmp_path / "cut", progress=False, **how)
    again = eagerloop.resume(tmp_path / "cut", epochs=2, progress=False)
    assert [one.tobytes() for one in whole.model.get_weights()] == [one.tobytes() for one in again.model.get_weights()]


def test_a_picture_that_is_gone_ends_the_run_in_a_line(tmp_path):
    """It is told when the next epoch begins, before anything of it is learnt."""
    for kind in ("left", "right"):
        for number in range(4):
            save(tmp_path / kind / f"{number}.png", pixels_of(kind, 4, 4, 1))
    data = images(path=tmp_path, batch_size=2)
    data.train(1)
    Path(data._paths[data.rows["train"][0]]).unlink()
    with pytest.raises(
        DataError, match=r"1 of 6 pictures have changed since the run began, or are gone, such as .*png; put them"
    ):
        data.train(2)
    assert len(batches(data.test())) == 1


def test_changed_pictures_are_other_data(tmp_path):
    """The fingerprint is that of the pixels, of the classes, and of what is for what."""
    for kind in ("left", "right"):
        for number in range(4):
            save(tmp_path / kind / f"{number}.png", np.full((4, 4, 1), number))
    first = images(path=tmp_path, batch_size=2).fingerprint
    assert images(path=tmp_path, batch_size=2, seed=0).fingerprint == first
    assert images(path=tmp_path, batch_size=2, test_fraction=0.5).fingerprint != first
    save(tmp_path / "left" / "0.png", np.full((4, 4, 1), 99))
    assert images(path=tmp_path, batch_size=2).fingerprint != first
