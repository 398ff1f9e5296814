"""Reading delimited text: what is found, and how each fault is named."""

import contextlib
import hashlib
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import ConfigError, DataError


@pytest.fixture
def write(tmp_path):
    """Writes text or bytes to a file and gives its path."""

    def write_file(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def read(write, content, **options):
    """Writes a file and reads it as a table."""
    return eagerloop.tables.read_table(write(content), **options)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_detected(write, delimiter, end):
    """Each of the four delimiters is found, with each kind of line end, and the lines are counted."""
    table = read(write, end.join([f"a{delimiter}b", f"1{delimiter}x", f"2.5{delimiter}y", ""]))
    assert table.names == ("a", "b")
    assert table.columns == {"a": ["1", "2.5"], "b": ["x", "y"]}
    assert list(table.lines) == [2, 3]


def test_semicolons_are_preferred_to_decimal_commas(write):
    """A file without a header whose numbers have decimal commas is separated by its semicolons."""
    table = read(write, "1,5;2,5\n3,5;4,5\n", header=False)
    assert table.columns == {"c0": ["1,5", "3,5"], "c1": ["2,5", "4,5"]}
    with pytest.raises(DataError, match=r"data\.csv, line 1, column 'c0': '1,5' is not a number; write decimals with a point$"):
        table.numbers("c0")


@pytest.mark.parametrize("delimiter", ["\\t", "tab", "\t"])
def test_a_tabulator_can_be_written_as_a_word(write, delimiter):
    """On a command line a tabulator is hard to type."""
    assert read(write, "a\tb\n1\t2\n", delimiter=delimiter).names == ("a", "b")


@pytest.mark.parametrize("body", ["1,2\n3,4\n", '1,"2"\n3,4\n'])
def test_without_a_header_columns_are_numbered(write, body):
    """A number in the first line means that it is data, on the fast and on the slow path."""
    table = read(write, body)
    assert table.names == ("c0", "c1")
    assert list(table.lines) == [1, 2]
    np.testing.assert_array_equal(table.numbers("c1"), np.array([2, 4], np.float32))


def test_header_can_be_told(write):
    """Years as names, or text without names, are read rightly when the user says so."""
    assert read(write, "2020,2021\n1,2\n", header=True).names == ("2020", "2021")
    assert read(write, "a,b\nc,d\n", header=False).text("c0") == ["a", "c"]


def test_numbers_have_the_type_asked_for(write):
    """The default is float32; float64 keeps all digits."""
    table = read(write, "a,b\n0.1,x\n-2e3,y\n")
    assert table.numbers("a").dtype == np.float32
    assert table.numbers("a", np.float64).tolist() == [0.1, -2000.0]


def test_quoted_cells_keep_delimiters_quotes_and_line_ends(write):
    """Quoting follows RFC 4180, and a row's line is the one in which it begins."""
    table = read(write, 'name,n\n"a, ""b""\nc",1\n\n"d",2\n')
    assert table.text("name") == ['a, "b"\nc', "d"]
    assert list(table.lines) == [2, 5]
    assert table.numbers("n").tolist() == [1, 2]


@pytest.mark.parametrize("content", ["\n\na,b\n\n1,2\n   \n3,4\n\n", "\n\na,b\n1,2\n3,4\n"])
def test_blank_lines_are_skipped_and_counted(write, content):
    """Blank lines are no rows, and the rows after them keep their line numbers."""
    table = read(write, content)
    expected = [number for number, line in enumerate(content.split("\n"), 1) if line[:1] in {"1", "3"}]
    assert list(table.lines) == expected
    assert table.numbers("b").tolist() == [2, 4]


def test_a_byte_order_mark_is_not_part_of_the_first_name(write):
    """Excel writes one, in front of the first name and of the first number."""
    assert read(write, b"\xef\xbb\xbfa,b\n1,2\n").names == ("a", "b")
    table = read(write, b"\xef\xbb\xbf1,2\n3,4\n")
    assert table.names == ("c0", "c1")
    assert table.numbers("c0").tolist() == [1, 3]


def test_space_around_cells_is_left_out(write):
    """Spaces after the delimiter belong neither to names nor to values, even before a quote."""
    table = read(write, 'a, b , c\n1, x , "y, z"\n')
    assert table.columns == {"a": ["1"], "b": ["x"], "c": ["y, z"]}


def test_fast_and_slow_paths_agree_to_the_bit(write):
    """The same random numbers come out of NumPy's parser and of the csv module, which quotes force."""
    values = np.random.Generator(np.random.PCG64(7)).normal(size=(200, 3)) * 10.0 ** np.arange(-6, 6, 6)[[0, 1, 1]]
    lines = [",".join(repr(float(value)) for value in row) for row in values]
    fast = read(write, "\n".join(["a,b,c", *lines]))
    slow = read(write, "\n".join(['"a",b,c', *lines]))
    for column, name in enumerate("abc"):
        np.testing.assert_array_equal(fast.numbers(name, np.float64), values[:, column])
        np.testing.assert_array_equal(slow.numbers(name, np.float64), values[:, column])
    assert fast.text("b") == slow.text("b")
    assert list(fast.lines) == list(slow.lines) == list(range(2, 202))


def test_digest_is_that_of_the_bytes(write):
    """The digest can be compared with what sha256sum prints."""
    content = b"a,b\r\n1,2\r\n"
    assert read(write, content).digest == hashlib.sha256(content).hexdigest()


def test_repr_shows_size_and_names(write):
    """A table in a notebook says what it is."""
    table = read(write, "a,b\n1,2\n3,4\n")
    assert len(table) == 2
    assert re.fullmatch(r"<Table .*data\.csv: 2 rows of a, b>", repr(table))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2", "x"], "numeric"),
        (["1", "x", "2", "y"], "text"),
        (["1", "NA", ""], "numeric"),
        (["inf", "nan", "1"], "numeric"),
        (["", "NA", "null"], "missing"),
        (["1_0", "2_0"], "text"),
    ],
)
def test_kind_of_a_column(write, cells, kind):
    """More than half of the cells with a value decide, so that a stray word is a fault and not a category."""
    table = read(write, "\n".join(["a,b", *(f"{cell},0" for cell in cells)]))
    assert table.kind("a") == kind
    assert table.kind("b") == "numeric"


def test_labels_are_positions_among_the_classes(write):
    """Class names become their positions, and whole numbers may be written as floats."""
    table = read(write, "a,b\nx,3\nz,5.0\nx,3.0\n")
    assert table.labels("a", ["x", "y", "z"]).tolist() == [0, 2, 0]
    assert table.labels("b", ["3", "5"]).tolist() == [0, 1, 0]
    assert table.labels("b", ["3", "5"]).dtype == np.int32


def test_an_unknown_label_is_named_with_those_known(write):
    """The fault has line, column, value and the known values, at most ten of them."""
    table = read(write, "a,b\nx,1\nq,2\n")
    with pytest.raises(DataError, match=r"data\.csv, line 3, column 'a': 'q' is none of the 2 known values \(x, y\)$"):
        table.labels("a", ["x", "y"])
    with pytest.raises(DataError, match=r"none of the 12 known values \(x, 0, 1, 2, 3, 4, 5, 6, 7, 8, \.\.\.\)$"):
        table.labels("a", ["x", *map(str, range(11))])
    assert table.labels("a", ["x", "y"], others=True).tolist() == [0, -1]


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("abc", r"'abc' is not a number; mend the cell, remove the row or leave the column out"),
        ("1_000", r"'1_000' is not a number; .*"),
        ("NA", r"'NA' is not a number; .*"),
        ("", r"the cell is empty, expected a number; fill it in or remove the row"),
        ("nan", r"'nan' is not finite; mend the cell or remove the row"),
        ("-inf", r"'-inf' is not finite; .*"),
        ("1e400", r"'1e400' is not finite; .*"),
        ("1e39", r"'1e39' is too large for float32; .*"),
    ],
)
@pytest.mark.parametrize("row", [0, 1, 30])
def test_a_bad_cell_is_named_by_line_and_column(write, cell, complaint, row):
    """Wherever it stands, in the rows looked at first or beyond, the first bad cell is named in one line."""
    cells = ["7"] * 40
    cells[row] = cells[row + 1] = cell
    table = read(write, "\n".join(["a,b", *(f"1.5,{cell}" for cell in cells)]))
    with pytest.raises(DataError, match=rf"^[^\n]*data\.csv, line {row + 2}, column 'b': {complaint}$"):
        table.numbers("b")
    assert table.numbers("a").tolist() == [1.5] * 40


def test_numbers_that_float64_holds_may_be_too_large_for_float32_only(write):
    """The range is that of the type asked for."""
    assert read(write, "a,b\n1e39,1\n").numbers("a", np.float64).tolist() == [1e39]


@pytest.mark.parametrize("header", ["a,b,c\n", ""])
@pytest.mark.parametrize(("row", "count"), [("4,5", "2 cells"), ("4,5,6,7", "4 cells"), ("4", "1 cell")])
@pytest.mark.parametrize("before", [1, 30])
def test_a_ragged_row_is_named_by_line_and_counts(write, header, row, count, before):
    """A row that is too short or too long is refused, on whatever line it stands."""
    line = before + 1 + bool(header)
    message = rf"data\.csv, line {line}: {count}, expected 3 as in line 1, separated by ','; mend the row"
    with pytest.raises(DataError, match=message):
        read(write, header + "1,2,3\n" * before + row + "\n1,2,3\n")


@pytest.mark.parametrize(("content", "message"), [("", "is empty"), ("\n  \n\n", "is empty"), (b"\xef\xbb\xbf", "is empty")])
def test_an_empty_file_is_named(write, content, message):
    """Nothing, nothing but blank lines, and nothing but a byte-order mark are all empty."""
    with pytest.raises(DataError, match=rf"data\.csv {message}; expected a header line and rows$"):
        read(write, content)


def test_a_header_without_rows_is_named(write):
    """Names alone are nothing to learn from."""
    with pytest.raises(DataError, match=r"data\.csv has a header in line 2 and no rows; expected at least one row$"):
        read(write, "\na,b\n\n")


def test_a_missing_file_and_a_directory_are_named(tmp_path):
    """The path is in the message, and what is wrong with it."""
    with pytest.raises(DataError, match=r"data file .*nowhere\.csv does not exist; check the path$"):
        eagerloop.tables.read_table(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match=r"is a directory, expected a text file; check the path$"):
        eagerloop.tables.read_table(tmp_path)


def test_a_missing_column_is_answered_with_the_nearest(write):
    """Every way to ask for a column names the nearest one."""
    table = read(write, "Petal.Width,Species\n1,a\n")
    for ask in (table.numbers, table.text, table.kind, table.require):
        with pytest.raises(DataError, match=r"data\.csv has no column 'Petal\.Widht'; did you mean 'Petal\.Width'\? Known: "):
            ask("Petal.Widht")


def test_a_column_that_stands_twice_is_named(write):
    """The second gets a name of its own, as in pandas, and both places are told; a name that is taken is not taken again."""
    told = r"data\.csv, line 1: columns 1 and 3 are both called 'a'; the second is 'a\.2' here$"
    with pytest.warns(UserWarning, match=told):
        assert read(write, "a,a.1, a\n1,2,3\n").names == ("a", "a.1", "a.2")
    with pytest.warns(UserWarning, match=r"column 2 has no name and is called 'c1\.1'"):
        assert read(write, "c1,\n1,2\n").names == ("c1", "c1.1")


def test_a_column_without_a_name_is_told(write):
    """R and pandas write row numbers under an empty name: learning from them would be a mistake."""
    with pytest.warns(UserWarning, match=r"data\.csv, line 1: column 1 has no name and is called 'c0'"):
        table = read(write, '"",a\n1,5\n2,6\n')
    assert table.names == ("c0", "a")


def test_the_wrong_delimiter_is_answered_with_the_right_one(write):
    """A semicolon that was asked for in a file of commas is the user's mistake, not one huge column."""
    with pytest.raises(DataError, match=r"data\.csv, line 1: there is no delimiter ';'; the cells look separated by ','"):
        read(write, "a,b\n1,2\n", delimiter=";")


@pytest.mark.parametrize("delimiter", ["", "::", '"', "\n"])
def test_a_delimiter_is_one_character(write, delimiter):
    """Anything else is refused before the file is cut."""
    with pytest.raises(ConfigError, match=r"a delimiter is one character such as ',' or ';'"):
        read(write, "a,b\n1,2\n", delimiter=delimiter)


def test_a_single_column_is_a_table(write):
    """Where no delimiter occurs there is one column; a delimiter that was given then does no harm."""
    assert read(write, "a\n1\n2\n").numbers("a").tolist() == [1, 2]
    assert read(write, "a\n1\n2\n", delimiter=";").names == ("a",)


TEXT = "städte,n\nKöln,1\nZürich,2\n"


@pytest.mark.parametrize("read_as", ["whole", "blocks"])
@pytest.mark.parametrize(
    ("written", "told"),
    [("latin-1", None), ("utf-16", None), ("utf-16-le", "utf-16-le"), ("cp437", "cp437"), ("utf-8-sig", None)],
)
def test_encodings_are_found_or_told(write, read_as, written, told):
    """A mark says it; what is not UTF-8 is read as Latin-1, and a note says so; the digest is that of the file's own bytes."""
    path = write(TEXT.encode(written))
    guessed = pytest.warns(UserWarning, match="is not UTF-8 and is read as Latin-1; the option encoding says otherwise")
    with guessed if written == "latin-1" else contextlib.nullcontext():
        if read_as == "whole":
            table = eagerloop.tables.read_table(path, encoding=told)
        else:
            blocks = eagerloop.tables.read_blocks(path, encoding=told)
            (table,) = blocks
    assert table.columns == {"städte": ["Köln", "Zürich"], "n": ["1", "2"]}
    assert table.digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("reader", ["read_table", "read_blocks"])
def test_an_encoding_that_does_not_fit_is_named(write, reader):
    """Line and byte where UTF-8 was asked for; bytes that are no text; an encoding that nobody knows."""
    read = getattr(eagerloop.tables, reader)
    path = write(b"a,b\n1,2\n3\xe9,4\n")
    with pytest.raises(DataError, match=r"data\.csv, line 3: expected UTF-8 text, got 0xe9 at byte 9; save the file as"):
        read(path, encoding="utf-8")
    with pytest.raises(DataError, match=r"data\.csv is not written in ascii: .*; give the encoding that it has"):
        read(path, encoding="ascii")
    with pytest.raises(ConfigError, match=r"there is no text encoding 'klingon'; known are utf-8, latin-1"):
        read(path, encoding="klingon")
    with pytest.raises(DataError, match=r"data\.csv is no text, or one of an encoding that must be given: it has a byte 0"):
        read(write(b"QK\x03\x04\xff\x00\x00"))


@pytest.mark.parametrize(
    ("content", "names", "first"),
    [
        ("sep=;\na;b\n1,5;2\n", ("a", "b"), ["1,5", "2"]),
        ('"sep=|"\na|b\n1|2\n', ("a", "b"), ["1", "2"]),
        ("# by hand\n# in 2020\na,b\n1,2\n", ("a", "b"), ["1", "2"]),
        ("Pets of the town\n\na,b,c\n1,2,3\n4,5,6\n", ("a", "b", "c"), ["1", "2", "3"]),
        ("Pets, 2020,,,\na,b,c,d,e\n1,2,3,4,5\n4,5,6,7,8\n", ("a", "b", "c", "d", "e"), ["1", "2", "3", "4", "5"]),
        ("\ufeff# by hand\r\n\r\na,b\r\n1,2\r\n", ("a", "b"), ["1", "2"]),
    ],
)
def test_what_stands_above_a_table_is_passed_over(write, content, names, first):
    """Comments, a title, the line for a spreadsheet; line numbers stay those of the file."""
    line = content.split("\n").index(next(line for line in content.split("\n") if line[:1] == names[0])) + 1
    with pytest.warns(UserWarning, match=f"the table begins in line {line}; what stands before it is passed over"):
        table = read(write, content)
    assert table.names == names
    assert [table.text(name)[0] for name in names] == first
    assert table.lines[0] == line + 1
    with pytest.warns(UserWarning, match="passed over"):
        (block,) = eagerloop.tables.read_blocks(write(content))
    assert (block.columns, list(block.lines)) == (table.columns, list(table.lines))


def test_a_carriage_return_within_a_line_is_told(write):
    """Or read as the end of a line, but never a traceback."""
    with pytest.raises(DataError, match=r"data\.csv, line \d: .*"):
        read(write, "a,b\nx\ry,2\n3,4\n5,6\n")


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("0,1,2,3\n5,6,1,9\n", ("0", "1", "2", "3")),
        ("land,1990,1991\nA,1.5,2\n", ("land", "1990", "1991")),
        ("1990,2000,2010\n1.5,2,7\n", ("1990", "2000", "2010")),
        ("id,3.5,b\n1,2,3\n", ("id", "3.5", "b")),
        ("0,1,2,3\n1,2,3,4\n", ("c0", "c1", "c2", "c3")),
        ("A,5\nB,6\n", ("c0", "c1")),
        ("NA,5,x\n1,6,y\n", ("c0", "c1", "c2")),
        ("#id,n\nA,6\nB,7\n", ("#id", "n")),
        ("#id,n,,\nA,6,,\nB,7,,\n", ("#id", "n", "c2", "c3")),
        ("#a;t\n0,5;1,5\n1,5;2,5\n", ("#a", "t")),
    ],
)
def test_a_header_of_numbers_is_found(write, content, names):
    """Years, and what pandas writes without names; but not rows that go on counting. It is told where it can be wrong."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert read(write, content).names == names
    plain = content.startswith(("#", "0,1,2,3\n1"))
    ends = [str(one.message).rpartition("; ")[2] for one in told]
    assert [end for end in ends if "no name" not in end] == ([] if plain else ["the option header says otherwise"])


def test_an_open_quote_is_named_by_the_line_where_it_begins(write):
    """The csv module would take the rest of the file for one cell."""
    with pytest.raises(
        DataError, match=r'data\.csv, line 3: .*; look for a quote \("\) that is not closed in the row that begins'
    ):
        read(write, 'a,b\n1,2\n3,"x\n4,5\n6,7\n')


def test_a_clean_file_is_read_without_a_word():
    """No warning comes with the file that is shipped."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = eagerloop.tables.read_table(Path(__file__).parents[3] / "plugins/eagerloop_plugins/dataset/iris.csv")
    assert len(table) == 150
    assert table.kind("Species") == "text"


def test_the_file_is_read_once(write):
    """What happens to the file later does not change the table."""
    path = write("a,b\n1,x\n2,y\n")
    table = eagerloop.tables.read_table(path)
    path.unlink()
    assert table.columns == {"a": ["1", "2"], "b": ["x", "y"]}
