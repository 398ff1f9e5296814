"""Free text in a table: what is counted, what is learnt from it, and how new rows are read."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.exporting import export
from eagerloop.afterwards.prediction import pieces_of
from eagerloop.errors import ConfigError, DataError
from eagerloop_plugins.dataset.csv import csv
from eagerloop_plugins.model.text import text as text_model

GOOD, BAD = ("great", "lovely", "superb", "fine"), ("awful", "dull", "poor", "weak")
OTHER = ("the", "film", "a", "plot", "was", "and", "it", "actor")


def write(path, rows=120, seed=1):
    """Reviews of seven words, two of them good or bad, and a price that says nothing."""
    random, lines = np.random.default_rng(seed), ["review,price,mood"]
    for number in range(rows):
        mood = ("bad", "good")[number % 2]
        words = [*random.choice(OTHER, 5), *random.choice(GOOD if mood == "good" else BAD, 2)]
        random.shuffle(words)
        lines.append(f'"{" ".join(words).capitalize()}, no. {number}!",{random.integers(5, 50)},{mood}')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The reviews."""
    return write(tmp_path_factory.mktemp("reviews") / "reviews.csv")


def dataset(table, **options):
    """The reviews as counts of words, without the note that says so."""
    with pytest.warns(UserWarning, match="text read as counts of words"):
        return csv(path=table, text=["review"], **options)


@pytest.fixture(scope="module")
def run(table, tmp_path_factory):
    """The model `text` on the reviews."""
    how = {"model": "text", "optimizer": eagerloop.use("adam", learning_rate=0.02), "progress": False}
    how["dataset"] = eagerloop.use("csv", path=table, text=["review"], max_words=20)
    with pytest.warns(UserWarning, match=r"review \(20 of 113 words\); --dataset.max-words says how many$"):
        return eagerloop.train(epochs=10, directory=tmp_path_factory.mktemp("run") / "run", **how)


def test_counts_are_those_of_keras(table):
    """The same vocabulary, given to `TextVectorization`, counts the same in every training row."""
    data = dataset(table, shuffle=False, batch_size=96)
    words = data.encoder.reading.forms["review"].vocabulary
    layer = keras.layers.TextVectorization(vocabulary=list(words), output_mode="count")
    training, _none, _test = eagerloop.split_rows(120, test_fraction=0.2, seed=0)
    texts = eagerloop.tables.read_table(table).text("review")
    expected = layer(np.array([texts[row] for row in training], object))

    x = data.train_arrays[0]
    assert data.features[: len(words)] == tuple(f"review:{word}" for word in words)
    np.testing.assert_array_equal(x[:, : len(words)], expected[:, 1:])  # the first one is of unknown words
    assert data.features[len(words) :] == ("price",)
    assert abs(x[:, -1].mean()) < 1e-6


def test_the_vocabulary_is_of_training_rows_the_most_frequent_first(tmp_path):
    """Words that the test alone has are unknown; of equally frequent ones the alphabet decides."""
    lines = [f'"b a b c{number}",{number % 2}' for number in range(10)]
    (tmp_path / "t.csv").write_text("\n".join(["says,y", *lines]) + "\n", encoding="utf-8")
    data = dataset_of(tmp_path / "t.csv", ["says"], max_words=4, batch_size=2)
    training, _none, test = eagerloop.split_rows(10, test_fraction=0.2, seed=0)
    words = data.encoder.reading.forms["says"].vocabulary
    assert words == ("b", "a", *sorted(f"c{row}" for row in training)[:2])
    assert not {f"c{row}" for row in test} & {*words}
    np.testing.assert_array_equal(data.test_arrays[0], [[2, 1, 0, 0]] * 2)


def dataset_of(path, text, **options):
    """A table with columns of text."""
    with pytest.warns(UserWarning, match="text read as counts of words"):
        return csv(path=path, text=text, **options)


def test_a_text_without_a_value_has_no_words(tmp_path):
    """`NA` is no word, no row is left out, and nothing else tells of it."""
    lines = [f'"{"NA" if number % 3 == 0 else "one two two"}",{number % 2}' for number in range(12)]
    (tmp_path / "t.csv").write_text("\n".join(["says,y", *lines]) + "\n", encoding="utf-8")
    data = dataset_of(tmp_path / "t.csv", ["says"], batch_size=2)
    assert data.features == ("says:two", "says:one")
    assert {tuple(row) for row in data.train_arrays[0].tolist()} == {(0.0, 0.0), (2.0, 1.0)}
    assert data.rows == 10


def test_mixed_reviews_are_learnt(run):
    """Words beside a price: every one of 24 new reviews."""
    assert [layer.name for layer in run.model.layers] == ["embedding1", "dense1", "outputs"]
    assert run.evaluate()["accuracy"] > 0.9


def test_new_reviews_are_predicted_from_the_run_alone(run, tmp_path):
    """The vocabulary is in data.json; unknown words are passed over, columns may stand in any order."""
    rows = ["price,review", '7,"GREAT film -- superb, lovely, qwertz"', '9,"Awful; dull and weak"']
    (tmp_path / "new.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    alone = eagerloop.load(run.directory, for_predicting=True)
    (piece,) = pieces_of(alone, tmp_path / "new.csv")
    assert piece["prediction"] == ["good", "bad"]
    assert piece["review"][1] == "Awful; dull and weak"
    x = alone.dataset.encode(eagerloop.tables.read_table(tmp_path / "new.csv"))
    np.testing.assert_array_equal(x, run.dataset.encode(eagerloop.tables.read_table(tmp_path / "new.csv")))
    assert x.shape == (2, 21)


@pytest.mark.long
def test_a_saved_model_reads_texts_as_predict_does(run, tmp_path):
    """The vocabulary is inside: the texts go in as they are."""
    (tmp_path / "new.csv").write_text("review,price\nA superb plot!,7\nAwful; dull and weak,9\n")
    (piece,) = pieces_of(run, tmp_path / "new.csv")
    export(run, tmp_path / "saved")
    serve = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    found = serve(review=tf.constant(piece["review"]), price=tf.constant([7.0, 9.0], tf.float64))
    assert [one.decode() for one in found["prediction"].numpy()] == list(piece["prediction"]) == ["good", "bad"]


def test_the_mean_of_embeddings_is_that_of_keras():
    """`Embedding` and `GlobalAveragePooling1D` on the words one after another; other columns stand beside it."""
    words = eagerloop.tables.Words(("a", "b", "c"))
    reading = eagerloop.tables.Reading(forms={"t": words})
    scales = dict.fromkeys(["n", *words.names("t"), "m"], (0.0, 1.0))
    encoder = eagerloop.tables.Encoder(("n", "t", "m"), scales, {}, reading=reading)
    x = np.array([[7, 2, 0, 1, 8], [5, 0, 0, 0, 6]], "float32")  # n, then "a a c" and "", then m

    class Data:
        outputs, first_batch = 2, (x, None)

    Data.encoder = encoder
    model = text_model(dataset=Data, embedding=4, hidden=[])
    model(x, training=False)
    kernel = model.embeddings[0].kernel.numpy()
    embedded = keras.layers.Embedding(3, 4, weights=[kernel])(np.array([[0, 2, 0]]))
    mean = keras.layers.GlobalAveragePooling1D()(embedded)

    outputs = model.layers[-1]
    expected = outputs(np.concatenate([np.vstack([mean, np.zeros((1, 4))]), x[:, :1], x[:, 4:]], axis=1).astype("float32"))
    np.testing.assert_allclose(model(x, training=False), expected, rtol=1e-5)


def test_what_cannot_be_text_is_refused(table, tmp_path):
    """The target, a column that is not there, one left out, a streamed file, a column without words, too many numbers."""
    with pytest.raises(ConfigError, match="the text 'mood' is the target as well; decide for one"):
        csv(path=table, text=["mood"])
    with pytest.raises(DataError, match="no column 'revue'; did you mean 'review'"):
        csv(path=table, text=["revue"])
    with pytest.raises(ConfigError, match="the text 'review' is to be excluded as well"):
        csv(path=table, text=["review"], exclude=["review"])
    with pytest.raises(
        ConfigError, match=r"text \('review'\) is read in memory, and this file is to be streamed; give stream=no"
    ):
        csv(path=table, text=["review"], stream="yes")
    (tmp_path / "t.csv").write_text("says,n,y\n" + "!!!,1,0\n?!,2,1\n" * 6, encoding="utf-8")
    with pytest.raises(DataError, match=r"column 'says'.*no training row has a word here"):
        csv(path=tmp_path / "t.csv", text=["says"])


def test_features_that_were_asked_for_stand_beside_the_text(table):
    """Text is a feature, named or not."""
    data = dataset(table, features=["price"], max_words=3)
    assert data.features == ("price", *(f"review:{word}" for word in data.encoder.reading.forms["review"].vocabulary))


def test_words_of_rows_that_are_dropped_are_not_known(tmp_path):
    """A row without a price is left out, and so are its words; the vocabulary is of the rows that are trained on then."""
    lines = [f'"word{number} all",{"" if number == 3 else number},{number % 2}' for number in range(10)]
    (tmp_path / "t.csv").write_text("\n".join(["says,price,y", *lines]) + "\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="1 of 10 rows have no value in .*price"):
        data = dataset_of(tmp_path / "t.csv", ["says"], missing="drop", batch_size=2)
    kept = [row for row in range(10) if row != 3]
    training, _none, _test = eagerloop.split_rows(9, test_fraction=0.2, seed=0)
    words = data.encoder.reading.forms["says"].vocabulary
    assert {*words} == {"all", *(f"word{kept[row]}" for row in training)}
    assert data.train_arrays[0].shape == (7, 8 + 1)
