"""Several parts of a kind by path: as they are typed, in TOML, in Python, and what is refused in one line."""

import keras
import pytest

from eagerloop import use
from eagerloop.building.run_toml import _tables
from eagerloop.choices.catalog import Entry, Owner
from eagerloop.choices.chosen import choices_in, from_python, from_toml, from_words, options_at, tables_in
from eagerloop.choices.options import options_of
from eagerloop.choices.settings import Part, settings_from, settings_of
from eagerloop.errors import ConfigError, PluginError
from eagerloop.parts import Choice


def rows(choices):
    """Part, options and path of each."""
    return [(choice.part, dict(choice.options), choice.path) for choice in choices_in(choices)]


BOTH = [("mse", {"weight": 0.5}, "age"), ("mae", {}, "head/kind")]


def test_the_same_is_said_in_words_in_toml_and_in_python():
    """Two losses: typed (the weight is an option of its own), as a table of tables, as a dict."""
    typed = from_words("loss", ["age=mse", "head/kind=mae"])
    table = {"age": {"name": "mse", "options": {"weight": 0.5}}, "head/kind": "mae"}
    given = {"age": use("mse", weight=0.5), "head/kind": "mae"}

    assert [row[::2] for row in rows(typed)] == [row[::2] for row in BOTH]
    assert rows(from_toml("loss", table, "my.toml")) == BOTH
    assert rows(from_python("loss", given)) == BOTH
    assert rows(settings_from({"loss": table}, "my.toml").loss) == rows(settings_of({"loss": given}).loss) == BOTH


def test_one_part_is_what_it_was():
    """A choice alone; typed twice, the last one counts."""
    assert from_words("loss", ["mse", "mae"]) == Choice("mae")
    assert from_toml("optimizer", {"name": "adam", "options": {}}, "") == from_python("optimizer", "adam") == Choice("adam")
    assert from_words("model", ["a=b"]) == Choice("a=b")  # a kind of which there is one


def test_a_part_called_name_has_a_path_too():
    """`[loss.name]` is a loss of the output `name`, and `name = "mse"` is the loss itself."""
    assert rows(from_toml("loss", {"name": {"name": "mse"}}, "")) == [("mse", {}, "name")]


def test_metrics_have_several_a_path_and_some_none():
    """Typed, as tables, by lists, and beside those of no path."""
    expected = [("mae", {}, "age"), ("mse", {}, "age"), ("r2", {}, "")]
    assert rows(from_words("metric", ["age=mae", "age=mse", "r2"])) == expected
    assert rows(from_toml("metric", [{"name": "mae", "path": "age"}, {"name": "mse", "path": "age"}, "r2"], "")) == expected
    assert rows(from_toml("metric", {"age": ["mae", {"name": "mse"}]}, "")) == expected[:2]
    assert rows(from_python("metric", [{"age": ["mae", "mse"]}, "r2"])) == expected


def test_places_of_a_tuple_are_paths():
    """Numbers in Python are the texts of elsewhere; an object may have a weight."""
    loss = keras.losses.MeanSquaredError()
    assert rows(from_python("loss", {0: use(loss, weight=2), 1: "mae"})) == [(loss, {"weight": 2}, "0"), ("mae", {}, "1")]


def test_a_file_whose_directory_has_an_equals_sign(tmp_path, monkeypatch):
    """`a=b/losses.py:mine` is a file if there is one, else a path and a file."""
    monkeypatch.chdir(tmp_path)
    assert rows(from_words("loss", ["a=b/losses.py:mine"])) == [("b/losses.py:mine", {}, "a")]
    (tmp_path / "a=b").mkdir()
    (tmp_path / "a=b" / "losses.py").touch()
    assert rows(from_words("loss", ["a=b/losses.py:mine"])) == [("a=b/losses.py:mine", {}, "")]


def test_a_record_has_the_form_of_a_config():
    """What describes the parts is read back as the same choices, and each table of it is found."""
    losses = [Part("mse", "eagerloop", "1", {"weight": 0.5}, "age"), Part("mae", "eagerloop", "1", {}, "head/kind")]
    metrics = [Part("mae", "eagerloop", "1", {}, "age"), Part("r2", "eagerloop", "1", {})]

    assert rows(from_toml("loss", _tables("loss", losses), "")) == BOTH
    assert rows(from_toml("metric", _tables("metric", metrics), "")) == [("mae", {}, "age"), ("r2", {}, "")]
    assert [table["name"] for table in tables_in(_tables("loss", losses))] == ["mse", "mae"]
    assert [table["name"] for table in tables_in(_tables("loss", losses[:1])["age"])] == ["mse"]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: from_words("loss", ["age=mse", "mae"]), r"--loss: mae has no path, and of several each loss needs one"),
        (lambda: from_words("optimizer", ["a=adam", "a=sgd"]), r"--optimizer: 'a' has 2 of them \(a=adam, a=sgd\)"),
        (lambda: from_words("loss", ["=mse"]), r"--loss =mse: expected NAME, or PATH=NAME"),
        (lambda: from_words("metric", ["age="]), r"--metric age=: expected NAME, or PATH=NAME"),
        (lambda: from_python("loss", {}), r"loss: a dict by path must name at least one loss"),
        (lambda: from_python("loss", {"": "mse"}), r"loss: mse has no path"),
        (lambda: from_python("loss", {None: "mse"}), r"loss: a path must be a text such as 'age', got None"),
        (lambda: from_python("optimizer", {"a": ["adam", "sgd"]}), r"optimizer: 'a' has 2 of them"),
        (lambda: from_toml("loss", {"age": {"name": "mse", "optoins": {}}}, "my.toml"), r"my.toml, \[loss.age\]: unknown key"),
        (lambda: from_toml("loss", {"age": {"weight": 1}}, "my.toml"), r"my.toml, \[loss\] must be a name, or a table"),
        (lambda: from_toml("model", {"age": {"name": "mlp"}}, "my.toml"), r"my.toml, \[model\] must be a name, or a table"),
        (lambda: from_toml("metric", [{"name": "mae", "path": 1}], "my.toml"), r"\[\[metric\]\]: a path must be a text"),
        (lambda: from_toml("observer", [{"name": "csv", "path": "a"}], "my.toml"), r"\[\[observer\]\]: unknown key 'path'"),
    ],
)
def test_what_cannot_be_is_refused(call, match):
    """Each with what was given and where."""
    with pytest.raises(ConfigError, match=match):
        call()


def test_a_loss_whose_own_option_is_called_weight():
    """By path it would be two options of one name."""

    def loss(*, weight: float = 1.0):
        """Mine."""

    entry = Entry("loss", "mine", loss, Owner("eagerloop", "1"), options_of(loss))
    assert options_at(entry, "") == entry.options
    with pytest.raises(PluginError, match=r"loss 'mine' has an option 'weight', which by path is what a loss counts"):
        options_at(entry, "age")
