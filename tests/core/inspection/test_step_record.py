"""A record as a value: asked for its parts, written as JSON, read from a text that anybody may have written."""

import dataclasses
import json
import math

import numpy as np
import pytest

from eagerloop.errors import ConfigError
from eagerloop.inspection.step_record import (
    DifferenceRecord,
    Finding,
    LayerRecord,
    LineRecord,
    OperationRecord,
    Place,
    StepRecord,
    Values,
    VariableRecord,
    read_step,
)

ARRAY = np.array([[1.0, 0.1], [np.nan, -np.inf]], "float32")


@pytest.fixture(scope="module")
def record():
    """Every field filled, with every kind of number that JSON has no word for."""
    values, seed = Values.of(ARRAY), Values.of(np.array([7, 2**32 - 1], "uint32"))
    large = Values.of(np.arange(20_000.0, dtype="float64"))
    return StepRecord(
        epoch=1, batch=0, step=1, seed=2**63 - 1, parts={"model": "iris"}, task="classification", features=("a", "é"),
        targets=("kind",), classes=("no", "yes"), file="eagerloop/loop.py", lines=(LineRecord(50, "def train_step():", 0.0),),
        x=Values.of(np.array([b"red", b"gr\xff"], dtype=object)), y=Values.of(np.array([True, False])), predictions=large,
        row_losses=None, loss=math.inf, penalties=(0.25,), baseline=None, loss_after=math.nan,
        layers=(LayerRecord("dense1", "Dense", "relu", (values, values), values, None, 0.5, ("dense1/kernel",)),),
        variables=(VariableRecord("dense1/kernel", True, values, values, large, 0.0, {"momentum": (values, large)}),),
        optimizer={"class": "Adam", "learning_rate": 1e-3, "amsgrad": False, "clip": -math.inf, "decay": None}, iterations=0,
        seeds={"dropout/seed": (seed, seed)}, differences=(DifferenceRecord("dense1/kernel", (0, 1), 0.1, -3.5, -3.5001),),
        operations=(OperationRecord(69, "MatMul", ("(2, 2) float32",), ("(2, 2) float32",), "dense1"),),
        findings=(Finding("EL01", "error", "shapes", "y is (n,)", "reshape it"),
                  Finding("EL11", "warning", "a sum", "twice", "mean", Place("loss", "own.py", 3, (LineRecord(3, "é", 0.0),)))),
        versions={"python": "3.11"}, row=1,
    )  # fmt: skip


def changed(record, path, value):
    """The record's JSON with one entry replaced; the path is keys and numbers."""
    content = json.loads(record.to_json())
    *way, last = path
    place = content
    for key in way:
        place = place[key]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return json.dumps(content)


def test_what_is_written_is_read_again(record, tmp_path):
    """From a text and from a file, with the same values, dtypes and shapes, nan and infinity too."""
    again = StepRecord.from_json(record.to_json())
    assert again == record == read_step(record.save(tmp_path / "step.json"))
    assert again != dataclasses.replace(record, loss=0.0)
    output = again["dense1"].output
    assert output.array.dtype == np.float32
    assert output.array.tobytes() == ARRAY.tobytes()
    assert again.x.array.tolist() == ["red", "gr\\xff"]
    assert again.y.array.dtype == bool
    assert again.predictions.array is None
    assert sum(again.predictions.counts) == 20_000
    assert again.seeds["dropout/seed"][1].array.tolist() == [7, 2**32 - 1]
    assert again.optimizer["clip"] == -math.inf
    assert math.isnan(again.loss_after)


def test_the_json_is_standard(record):
    """No NaN and no Infinity, which JSON does not have; floats in the digits of their own dtype."""

    def refuse(name):
        raise AssertionError(name)

    content = json.loads(record.to_json(), parse_constant=refuse)
    assert content["layers"][0]["output"]["array"] == [1.0, 0.1, "nan", "-inf"]
    assert content["kind"] == "StepRecord"


HOSTILE = {
    "no JSON": ("{", "the text is no JSON"),
    "a bare nan": ('{"loss": NaN}', "NaN is no JSON"),
    "the same key twice": ('{"a": 1, "a": 2}', "a key is there twice"),
    "nested too deeply": ("[" * 100_000, "is no JSON"),
    "a number of too many digits": ("9" * 10_000, "is no JSON"),
    "a list": ("[]", "no StepRecord of format 1"),
    "another kind": ('{"format": 1, "kind": "Run"}', "no StepRecord of format 1"),
    "another format": ('{"format": 2, "kind": "StepRecord"}', "no StepRecord of format 1"),
    "nothing in it": ('{"format": 1, "kind": "StepRecord"}', "expected an object with epoch, batch"),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
def test_texts_that_are_no_record(text, message):
    """One sentence, whatever the text is."""
    with pytest.raises(ConfigError, match=message):
        StepRecord.from_json(text)


CHANGED = [
    (("step",), "1", r"the text\.step: expected a whole number, got '1'"),
    (("step",), True, r"\.step: expected a whole number, got True"),
    (("step",), 1.0, r"\.step: expected a whole number, got 1\.0"),
    (("row",), 99, r"^the text: expected x, y and predictions with rows, and row 99 among them"),
    (("row",), -1, "and row -1 among them"),
    (("step",), KeyError, "expected an object with epoch, batch"),
    (("more",), 1, "expected an object with epoch, batch"),
    (("loss",), "seven", r"\.loss: expected a number, got 'seven'"),
    (("loss",), False, r"\.loss: expected a number, got False"),
    (("loss",), 10**400, r"\.loss: expected a number, got 1000"),
    (("task",), None, r"\.task: expected a text, got None"),
    (("layers",), {}, r"\.layers: expected a list, got \{\}"),
    (("layers", 0), None, r"\.layers\[0\]: expected an object with name, kind"),
    (("layers", 0, "output", "shape"), [2, 3], r"output\.array: expected float32 elements of the shape \(2, 3\)"),
    (("layers", 0, "output", "shape"), [-1, 2], r"expected float32 elements of the shape \(-1, 2\)"),
    (("layers", 0, "output", "shape"), [2**40, 2**40], "expected float32 elements of the shape"),
    (("layers", 0, "output", "dtype"), "object", "expected object elements"),
    (("layers", 0, "output", "dtype"), "float32,(1000000000,)f8", r"expected float32,\(1000000000,\)f8 elements"),
    (("layers", 0, "output", "dtype"), "__import__('os')", "elements of the shape"),
    (("layers", 0, "output", "array"), [1.0, [2.0], 3.0, 4.0], "expected a number, a text, true, false or null"),
    (("layers", 0, "output", "array"), [1.0, "two", 3.0, 4.0], "expected numbers, got 'two'"),
    (("layers", 0, "output", "array"), "1 2 3 4", r"\.array: expected a list"),
    (("seeds", "dropout/seed"), [], r"expected 2 entries, got \[\]"),
    (("seeds", "dropout/seed", 0, "array"), [7, -1], "expected uint32 elements"),
    (("parts",), [], r"\.parts: expected an object, got \[\]"),
    (("optimizer", "class"), ["Adam"], r"\.optimizer\.class: expected a number, a text, true, false or null"),
    (("findings", 0, "severity"), "fatal", "expected one of error, warning, hint, got 'fatal'"),
]


@pytest.mark.parametrize(("path", "value", "message"), CHANGED, ids=["/".join(map(str, row[0])) for row in CHANGED])
def test_records_that_were_tampered_with(record, path, value, message):
    """The place of the fault, what belongs there, and what is there."""
    with pytest.raises(ConfigError, match=message):
        StepRecord.from_json(changed(record, path, value))


def test_files_that_are_no_record(tmp_path):
    """Not there, not text, not a record: the message has the path."""
    with pytest.raises(ConfigError, match=r"none\.json cannot be read: No such file"):
        read_step(tmp_path / "none.json")
    path = tmp_path / "bytes.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"bytes\.json cannot be read: 'utf-8' codec"):
        read_step(path)
    path.write_text("1")
    with pytest.raises(ConfigError, match=r"bytes\.json is no StepRecord"):
        read_step(path)
    with pytest.raises(ConfigError, match="could not be written"):
        StepRecord.save(read_like(), tmp_path / "missing" / "step.json")


def read_like():
    class Stand:
        def to_json(self):
            return "{}"

    return Stand()


def test_parts_by_name(record):
    """Layers and variables; another name is answered with the nearest one."""
    assert record["dense1"].kind == "Dense"
    assert record["dense1/kernel"].slots["momentum"][0].shape == (2, 2)
    assert "dense1" in record
    assert "dense7" not in record
    with pytest.raises(ConfigError, match="no layer or variable 'dens1'; did you mean 'dense1'"):
        record["dens1"]
    assert repr(record) == "<StepRecord of step 1 (epoch 1, batch 0): loss inf, 1 layer calls, 1 variables, 2 findings>"


def test_figures_of_an_array_by_hand():
    """Of 3, 4, 0 and nan: mean 7/3, norm 5, a quarter zeros, one that is not finite."""
    values = Values.of(np.array([3.0, 4.0, 0.0, np.nan], "float32"))
    assert (values.minimum, values.mean, values.maximum, values.norm) == (0.0, pytest.approx(7 / 3), 4.0, 5.0)
    assert values.deviation == pytest.approx(math.sqrt(26 / 9))
    assert (values.zeros, values.nonfinite) == (0.25, 1)
    assert (values.counts[0], values.counts[15], values.counts[-1], sum(values.counts)) == (1, 1, 1, 3)
    assert (values.edges[0], values.edges[-1]) == (0.0, 4.0)
    assert np.asarray(values, np.float64).tolist()[:3] == [3.0, 4.0, 0.0]
    assert repr(values) == "(4,) float32, 0 to 4, mean 2.333, 1 nan or infinite\n[ 3.  4.  0. nan]"


@pytest.mark.parametrize(
    "array",
    [np.empty((0, 3), "float32"), np.array(["a"], dtype=object), np.array([np.nan]), np.float32(2), np.array([1e308, -1e308])],
    ids=["empty", "text", "nan alone", "scalar", "beyond float64"],
)
def test_arrays_that_have_little_to_say(array):
    """No error, no warning, and a round trip."""
    values = Values.of(array)
    assert values.shape == np.shape(array)
    assert len(values.edges) == (len(values.counts) + 1 if values.counts else 0)
    assert "array" in {field.name for field in dataclasses.fields(values)}
    assert repr(values).startswith(str(values.shape))


def test_a_summary_has_no_array():
    """It says so, and names what it has."""
    values = Values.of(np.zeros(10_001))
    assert values.zeros == 1.0
    assert repr(values) == "(10001,) float64, 0 to 0, mean 0 (a summary: over 10,000 elements)"
    with pytest.raises(ConfigError, match=r"of the array \(10001,\) only the summary is kept"):
        np.asarray(values)
