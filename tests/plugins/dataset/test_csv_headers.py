"""Files as other programs write them: headers of numbers, titles, encodings; streamed as in memory."""

import numpy as np
import pytest

from eagerloop.errors import DataError
from eagerloop.tables import blocks, read_table
from eagerloop_plugins.dataset.csv import csv

STREAMS = pytest.mark.parametrize("stream", ["yes", "no"])


@pytest.fixture
def write(tmp_path):
    """Writes text to a file and gives its path."""

    def write_file(text, encoding="utf-8"):
        path = tmp_path / "data.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write_file


def total(dataset):
    """The sum of all numbers in x and y."""
    return sum(float(np.sum(part)) for batches in (dataset.train(1), dataset.test()) for pair in batches for part in pair)


@STREAMS
def test_a_header_of_numbers_is_no_row(write, stream):
    """What pandas writes without names: a regression on c3, and no row too many; the option says otherwise."""
    lines = [f"{n},{n * n % 17},{n % 5},{n}.5\n" for n in range(40)]
    path = write("0,1,2,3\n" + "".join(lines))
    with pytest.warns(UserWarning, match=r"line 1 names the columns; the option header says otherwise"):
        dataset = csv(path=path, stream=stream, standardize=False)
    assert (dataset.features, dataset.targets) == (("0", "1", "2"), ("3",))
    assert total(dataset) == sum(n + n * n % 17 + n % 5 + n + 0.5 for n in range(40))
    other = csv(path=path, stream=stream, header="no", standardize=False)
    assert other.features == ("c0", "c1", "c2")
    assert total(other) == total(dataset) + 6


@STREAMS
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_files_in_other_encodings_are_read(write, stream, encoding, monkeypatch):
    """In one block and in many; the fingerprint is the same, streamed or not."""
    text = "größe,straße,t\r\n" + "".join(f"{n},{('Köln', 'Zürich')[n % 2]},{n}.5\r\n" for n in range(200))
    path = write(text, encoding)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 512)
    options = {"path": path, "standardize": False}
    if encoding == "latin-1":
        with pytest.warns(UserWarning, match="is read as Latin-1"):
            csv(**options, stream=stream)
        options["encoding"] = "latin-1"
    dataset = csv(**options, stream=stream)
    assert dataset.features == ("größe", "straße=Köln", "straße=Zürich")
    assert total(dataset) == sum(n + 1 + n + 0.5 for n in range(200))
    assert dataset.fingerprint == csv(**options, stream="no").fingerprint


@STREAMS
@pytest.mark.parametrize("above", ["sep=;\n", "# made in 2020\n# by hand\n", "Weights of pets\n\n"])
def test_what_stands_above_the_table_is_passed_over(write, stream, above):
    """Row numbers in an unnamed column are known, and left out."""
    path = write(f"{above};a;b;b;t\n" + "".join(f"{n};{n / 2};{n % 3};{n % 4};{n}.5\n" for n in range(40)))
    with (
        pytest.warns(UserWarning, match="what stands before it is passed over"),
        pytest.warns(UserWarning, match=r"column 1 has no name and is called 'c0'; columns 3 and 4 are both called 'b'"),
        pytest.warns(UserWarning, match=r"'c0' \(counts the rows\)"),
    ):
        dataset = csv(path=path, stream=stream, standardize=False)
    assert dataset.features == ("a", "b", "b.1")
    assert total(dataset) == sum(n / 2 + n % 3 + n % 4 + n + 0.5 for n in range(40))


@STREAMS
def test_spaces_and_single_quotes_are_read(write, stream):
    """Where nothing else separates cells; each row below the header must have a number."""
    dataset = csv(path=write("'TUCE' 'GPA' 'GRADE'\n" + "".join(f"{n} {n % 4}.5 {n % 2}\n" for n in range(40))), stream=stream)
    assert (dataset.features, dataset.targets) == (("TUCE", "GPA"), ("GRADE",))
    words = write("full name\n" + "Ada Lovelace\nAlan Turing\n" * 10)
    assert read_table(words).names == ("full name",)


@STREAMS
def test_a_stray_word_is_refused_with_the_option_to_type(write, stream):
    """The column is left out by it; the target cannot be."""
    rows = [f"{n},{n % 4},{n * n % 9}\n" for n in range(40)]
    path = write("id,b,y\n" + "".join([*rows[:30], "136A,1,3\n", *rows[30:]]))
    with pytest.raises(DataError, match=r"line 32, column 'id': '136A' .* leave it out with --dataset.exclude id$"):
        csv(path=path, stream=stream)
    assert csv(path=path, stream=stream, exclude=["id"]).features == ("b",)
    with pytest.raises(DataError, match=r"line 32, column 'id': '136A' is not a number; [^|]*$"):
        csv(path=path, stream=stream, target="id")
