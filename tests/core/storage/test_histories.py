"""The rows of many checkpoints, from files that are read once."""

import json

import pytest

from eagerloop.errors import DamagedError
from eagerloop.storage.histories import Histories
from eagerloop.storage.history_file import HISTORY, HistoryLog, history_of
from eagerloop.storage.rows import mark_of, row_after


def rows_of(losses):
    """The rows of a history with these losses."""
    rows = []
    for epoch, loss in enumerate(losses, 1):
        rows.append(row_after(rows, {"epoch": epoch, "loss": loss}))
    return rows


def told(rows):
    """What the manifest of a checkpoint says of these rows."""
    return {"rows": len(rows), "sha256": mark_of(rows)}


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "checkpoints" / "step-00000001"
    path.mkdir(parents=True)
    return path


def test_branches(checkpoint):
    """A run that was taken up again twice: the rows of every checkpoint are those that a reader of it alone gets."""
    log = HistoryLog()
    branches = [rows_of(losses) for losses in ([3, 2], [3, 2, 1], [3, 9], [3, 9, 8, 7], [5], [])]
    for rows in branches:
        log.write(checkpoint.parent, rows)
    histories = Histories()
    for rows in [*branches, *reversed(branches)]:
        found = histories(checkpoint, told(rows))
        assert list(found) == history_of(checkpoint, told(rows)) == [row.figures for row in rows]
        assert (len(found), found[-1:], found[:-1]) == (len(rows), list(found)[-1:], list(found)[:-1])


def test_what_goes_on_from_what(checkpoint):
    """Rows that begin another history do so only if that one went on from them."""
    log, histories = HistoryLog(), Histories()
    short, whole, other = (rows_of(losses) for losses in ([3], [3, 2], [3, 9]))
    for rows in (short, whole, other):
        log.write(checkpoint.parent, rows)
    short, whole, other = (histories(checkpoint, told(rows)) for rows in (short, whole, other))
    assert whole.goes_on_from(short)
    assert not short.goes_on_from(whole)
    assert not other.goes_on_from(whole)
    with pytest.raises(IndexError, match="index out of range"):
        short[1]


def test_a_row_is_asked_once(checkpoint):
    """Until one is found for which it does not hold: that one is asked again."""
    rows, asked = rows_of([3, 2, 1, 0]), []
    HistoryLog().write(checkpoint.parent, rows)
    histories = Histories()

    def is_large(row):
        asked.append(row["loss"])
        return row["loss"] > 1

    answers = [histories(checkpoint, told(rows[:count])).all(is_large) for count in (1, 2, 2, 3, 4)]
    assert answers == [True, True, True, False, False]
    assert asked == [3, 2, 1, 1]


def test_a_file_that_has_changed_is_read_again(checkpoint):
    """Another process trains here; and rows that are in neither file are damage that is named."""
    log, histories = HistoryLog(), Histories()
    rows = rows_of([3, 2])
    log.write(checkpoint.parent, rows[:1])
    assert len(histories(checkpoint, told(rows[:1]))) == 1
    log.write(checkpoint.parent, rows)
    assert len(histories(checkpoint, told(rows))) == 2
    with pytest.raises(DamagedError, match=f"{HISTORY} is damaged: neither it nor"):
        histories(checkpoint, told(rows_of([4])))


def test_the_runs_own_file_and_older_manifests(checkpoint):
    """The rows may stand in the run's own file alone; the first format had them in the manifest itself."""
    rows = rows_of([3, 2])
    (checkpoint.parent.parent / HISTORY).write_text("".join(f"{row.line}\n" for row in rows))
    assert Histories()(checkpoint, told(rows))[1] == {"epoch": 2, "loss": 2}
    plain = [json.loads(row.line) for row in rows]
    assert Histories()(checkpoint, plain) is plain
