"""A file in blocks: together they are the file, each line has its number, and what a block cannot hold is refused."""

import contextlib
import gc
import hashlib
import io
import os
import tempfile

import pytest

import eagerloop
from eagerloop.errors import DataError
from eagerloop.tables import blocks


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file and gives its path; a block is 64 bytes and the rest of a line."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 64)

    def write_file(data):
        path = tmp_path / "data.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write_file


def rows(count):
    """A header and as many lines."""
    return "number,name\n" + "".join(f"{number}.5,n{number}\n" for number in range(count))


@pytest.mark.parametrize("blank", ["\n", "   \n", "\r\n", '""\n'])
@pytest.mark.parametrize("before", [0, 20, 50])
def test_blocks_of_blank_lines(write, blank, before):
    """They have no rows, and the lines of the others are counted on: below the header, in the middle, at the end."""
    head, *lines = rows(50).splitlines(keepends=True)
    path = write(head + "".join(lines[:before]) + 200 * blank + "".join(lines[before:]))
    parts, whole = eagerloop.tables.read_blocks(path), eagerloop.tables.read_table(path)
    assert min(map(len, parts)) == 0
    assert [cell for table in parts for cell in table.text("name")] == whole.text("name")
    assert [value for table in parts for value in table.numbers("number").tolist()] == whole.numbers("number").tolist()
    assert [line for table in parts for line in table.lines] == list(whole.lines)


@pytest.mark.parametrize("blank", ["\n", "   \n", "\r\n", '""\n'])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("count", [1, 20, 64, 200])
def test_blank_lines_before_the_first_row(write, blank, mark, header, count):
    """However many: cells, numbers of lines and the digest are those of the whole table."""
    lines = rows(50).splitlines(keepends=True)[not header :]
    path = write(mark + count * blank + "".join(lines))
    guessed = pytest.warns(UserWarning, match=f"line {count + 1} is a row, as it has numbers")
    with contextlib.nullcontext() if header else guessed:
        parts, whole = eagerloop.tables.read_blocks(path), eagerloop.tables.read_table(path)
    assert (parts.names, parts.digest, parts.size) == (whole.names, whole.digest, path.stat().st_size)
    name, number = parts.names[1], parts.names[0]
    assert [cell for table in parts for cell in table.text(name)] == whole.text(name)
    assert [value for table in parts for value in table.numbers(number).tolist()] == whole.numbers(number).tolist()
    assert [line for table in parts for line in table.lines] == list(whole.lines)


def test_a_file_of_blank_lines_alone_is_empty(write):
    """In however many blocks."""
    for count in (1, 300):
        with pytest.raises(DataError, match=r"data\.csv is empty; expected a header line and rows"):
            eagerloop.tables.read_blocks(write(count * "\n"))


def test_the_delimiter_is_found_behind_blank_lines(write):
    """More of them than are looked at for it."""
    path = write("\n" * 100_000 + "a;b\n1;2\n3;4\n")
    assert eagerloop.tables.read_blocks(path).names == eagerloop.tables.read_table(path).names == ("a", "b")


def test_a_file_of_blank_blocks_has_no_rows(write):
    """As one of a header alone."""
    with pytest.raises(DataError, match=r"data\.csv has a header in line 1 and no rows; expected at least one row"):
        eagerloop.tables.read_blocks(write("number,name\n" + 300 * "\n"))


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\n\n", "\r\n"])
def test_blocks_together_are_the_file(write, mark, end):
    """Cells, numbers and lines are those of the whole table, with a byte-order mark, blank lines or Windows's line ends."""
    path = write(mark + rows(50).replace("\n", end))
    parts, whole = eagerloop.tables.read_blocks(path), eagerloop.tables.read_table(path)
    assert len(parts) > 5
    assert (parts.names, parts.digest) == (whole.names, whole.digest)
    assert parts.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [cell for table in parts for cell in table.text("name")] == whole.text("name")
    assert [value for table in parts for value in table.numbers("number")] == whole.numbers("number").tolist()
    assert [line for table in parts for line in table.lines] == list(whole.lines)


def test_a_file_without_header_begins_with_its_first_row(write):
    """The columns are numbered, and no row is lost."""
    path = write("".join(f"{number},x\n" for number in range(50)))
    assert [int(value) for table in eagerloop.tables.read_blocks(path) for value in table.numbers("c0")] == list(range(50))


def test_a_fault_in_a_later_block_is_named(write):
    """File, line and column, as for a whole table."""
    path = write(rows(50).replace("40.5", "forty"))
    parts = eagerloop.tables.read_blocks(path)
    number = next(number for number in range(len(parts)) if 42 in parts[number].lines)
    with pytest.raises(DataError, match=r"data\.csv, line 42, column 'number': 'forty' is not a number"):
        parts[number].numbers("number")


def test_a_row_of_another_length_is_named(write):
    """With its line, counted from the beginning of the file."""
    parts = eagerloop.tables.read_blocks(write(rows(50).replace("40.5,n40", "40.5")))
    with pytest.raises(DataError, match=r"data\.csv, line 42: 1 cell, expected 2 as in line 1"):
        list(parts)


def test_quotes_are_read_but_not_over_several_lines(write):
    """A quoted delimiter is text; a quoted line end might be where a block ends, and is refused wherever it is."""
    path = write(rows(50).replace("n40", '"n,40"'))
    assert "n,40" in [cell for table in eagerloop.tables.read_blocks(path) for cell in table.text("name")]
    for number in range(30, 40):
        path = write(rows(50).replace(f"n{number}", f'"n\n{number}"'))
        with pytest.raises(DataError, match=rf"line {number + 2}: .*(goes over several lines|must be one line)"):
            list(eagerloop.tables.read_blocks(path))


def test_bytes_that_are_not_utf8_are_named(write):
    """Line and byte are counted from the beginning of the file."""
    data = rows(50).encode().replace(b"n40", b"n\xff")
    with pytest.raises(DataError, match=rf"line 42: expected UTF-8 text, got 0xff at byte {data.index(0xFF)}"):
        eagerloop.tables.read_blocks(write(data), encoding="utf-8")


def test_a_line_without_end_is_refused(write):
    """A file without line feeds would have to be held as a whole."""
    with pytest.raises(DataError, match=r"a line after line 1 is longer than 64 bytes"):
        eagerloop.tables.read_blocks(write("a,b\n" + "1" * 500))


def test_a_file_that_changes_is_refused(write):
    """The blocks would not be where they were."""
    path = write(rows(50))
    parts = eagerloop.tables.read_blocks(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(DataError, match="has changed since it was first read"):
        parts[3]


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("a,b\n", "a header in line 1 and no rows")])
def test_a_file_without_rows_is_refused(write, text, message):
    """As a table is."""
    with pytest.raises(DataError, match=message):
        eagerloop.tables.read_blocks(write(text))


def of_a_pipe(path):
    """The blocks of a file that can be read once only."""
    return blocks.read_stream(io.BytesIO(path.read_bytes()), "-")


def of_json_lines(path):
    """The blocks of a JSON object a line with the same numbers."""
    lines = [f'{{"number": {line.split(b",")[0].decode()}}}\n'.encode() for line in path.read_bytes().splitlines()[1:]]
    path.with_suffix(".jsonl").write_bytes(b"".join(lines))
    return eagerloop.tables.read_blocks(path.with_suffix(".jsonl"))


def of_utf16(path):
    """The blocks of the same text in another encoding."""
    path.write_text(path.read_text(), encoding="utf-16")
    return eagerloop.tables.read_blocks(path)


@pytest.mark.parametrize("of", [of_a_pipe, of_json_lines, of_utf16])
def test_a_copy_vanishes_with_the_blocks(write, tmp_path, monkeypatch, of):
    """Without a warning, even where they are part of a circle of objects, whose order of collection nobody knows."""
    path, folder = write(rows(50)), tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    circle = [of(path)]
    circle.append(circle)
    assert [value for table in circle[0] for value in table.numbers("number")] == [number + 0.5 for number in range(50)]
    assert len(list(folder.iterdir())) == 1
    del circle
    gc.collect()
    assert list(folder.iterdir()) == []


def test_a_copy_that_fails_leaves_nothing(write, tmp_path, monkeypatch):
    """Half a character at the end is found when half the copy is written."""
    path, folder = write(rows(50)), tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    path.write_bytes(path.read_text().encode("utf-16") + b"\0")
    with pytest.raises(DataError, match=r"is not written in utf-16"):
        eagerloop.tables.read_blocks(path)
    gc.collect()
    assert list(folder.iterdir()) == []
