"""The observer `progress`."""

import os
import pty
import re
import threading
import time

import pytest
from rich.console import Console

import eagerloop
from eagerloop_plugins.observer.progress import Progress, duration, epoch_line, progress

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class StopAt:
    """Ends a run after a step."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, run):
        """Stops the run when its time has come."""
        if run.position.step == self.step:
            run.stop("that is enough")


class Await:
    """Holds a run in its third step until the terminal shows something."""

    def __init__(self, terminal, pattern):
        self.terminal, self.pattern = terminal, pattern

    def on_step_end(self, run):
        """Waits for ten seconds at most."""
        deadline = time.monotonic() + 10
        while run.position.step == 3 and not re.search(self.pattern, self.terminal.plain) and time.monotonic() < deadline:
            time.sleep(0.01)


class Failing(Await):
    """An observer that fails in the third step."""

    def on_step_end(self, run):
        """Fails after the bar was drawn."""
        super().on_step_end(run)
        if run.position.step == 3:
            msg = "out of paper"
            raise RuntimeError(msg)


class Terminal:
    """A pseudo-terminal: what is written to `file` can be read from `text` afterwards."""

    def __enter__(self):
        self._reading, writing = pty.openpty()
        self.file = os.fdopen(writing, "w", encoding="utf-8")
        self._bytes = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_error):
        self.file.close()
        self._reader.join()
        os.close(self._reading)

    def _read(self):
        try:
            while piece := os.read(self._reading, 65536):
                self._bytes += piece
        except OSError:  # how Linux says that the other end is closed
            pass

    @property
    def text(self):
        """Everything that was written."""
        return self._bytes.decode(errors="replace")

    @property
    def plain(self):
        """The same without colours and movements."""
        return ESCAPES.sub("", self.text)


def run_on_a_terminal(terminal, directory, **keywords):
    """Trains with the bar on a terminal of 100 columns."""
    observers = [Progress(Console(file=terminal.file, width=100, legacy_windows=False)), *keywords.pop("observers", [])]
    return eagerloop.train(directory=directory, observers=observers, **keywords)


def test_elsewhere_there_is_one_plain_line_per_epoch(tmp_path, capsys):
    """Into a pipe or a file goes a line per epoch, which names each figure of the history, and no control character."""
    run = eagerloop.train(directory=tmp_path / "run", epochs=2, observers=[progress()])

    lines = capsys.readouterr().out.splitlines()
    pattern = r"epoch (\d)/2  12 steps  loss (\d+\.\d+)  total_loss (\d+\.\d+)  \d+\.\d\d s"
    found = [[float(figure) for figure in re.fullmatch(pattern, line).groups()] for line in lines]
    for figures, row in zip(found, run.history, strict=True):
        assert figures == pytest.approx([row["epoch"], row["loss"], row["total_loss"]], rel=1e-4)


def test_a_line_tells_every_figure_in_five_digits():
    """Validation, metrics and left-out steps are told; the epoch is set flush right."""
    row = {"epoch": 3, "steps": 12, "loss": 1 / 3, "total_loss": 148.0, "r2": -0.5, "val_loss": 1e-7}
    row |= {"skipped": 2, "seconds": 0.126}

    assert epoch_line(row, epochs=10) == (
        "epoch  3/10  12 steps  loss 0.33333  total_loss 148.00  r2 -0.50000  val_loss 1.0000e-07  skipped 2  0.13 s"
    )


def test_the_guides_line_fits_a_page():
    """The lines of the default run, with a validation, stay within 80 columns."""
    row = {"epoch": 10, "steps": 12, "loss": 12.3456, "total_loss": 148.148, "val_loss": 11.2345, "seconds": 0.123}

    assert len(epoch_line(row, epochs=10)) <= 80


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0:00:00"), (59.6, "0:01:00"), (3725.4, "1:02:05"), (90000, "25:00:00")])
def test_duration_in_hours_minutes_seconds(seconds, words):
    """Time left is rounded to seconds; hours go on beyond a day."""
    assert duration(seconds) == words


def test_a_run_that_was_stopped_early_says_why(tmp_path, capsys):
    """After the lines of the finished epochs stand the place and the reason."""
    eagerloop.train(directory=tmp_path / "run", epochs=3, observers=[progress(), StopAt(15)])

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[-1] == "stopped in epoch 2, after batch 3, of 3 epochs: that is enough"


def test_a_terminal_gets_a_live_bar_and_keeps_a_line_per_epoch(tmp_path):
    """While it trains, the bar shows epoch, batch, loss, metrics, speed and time left; the epochs' lines remain."""
    live = r"epoch 1/2 ━+╺?╸?━+ 3/12  loss \d+\.\d+  r2 -\d+\.\d+  [\d.]+ steps/s  \d:\d\d:\d\d left"
    with Terminal() as terminal:
        run = run_on_a_terminal(terminal, tmp_path / "run", epochs=2, metrics=["r2"], observers=[Await(terminal, live)])

    assert re.search(live, terminal.plain)
    for row in run.history:
        assert epoch_line(row, epochs=2) in terminal.plain


@pytest.mark.long
def test_a_display_does_not_change_the_run(tmp_path, capsys):
    """With the bar, with plain lines and with neither, the histories are equal to the last bit."""
    with Terminal() as terminal:
        live = run_on_a_terminal(terminal, tmp_path / "live", epochs=2, metrics=["r2"], observers=[Await(terminal, "3/12")])
    plain = eagerloop.train(directory=tmp_path / "plain", epochs=2, metrics=["r2"], observers=[progress()])
    bare = eagerloop.train(directory=tmp_path / "bare", epochs=2, metrics=["r2"])

    assert capsys.readouterr().out
    histories = [[{**row, "seconds": 0} for row in run.history] for run in (live, plain, bare)]
    assert histories[0] == histories[1] == histories[2]


def test_an_error_takes_the_bar_down(tmp_path):
    """When a step fails, no thread goes on drawing, the bar's line is wiped and the cursor is there."""
    before = threading.active_count()
    with Terminal() as terminal, pytest.raises(RuntimeError, match="out of paper"):
        run_on_a_terminal(terminal, tmp_path / "run", epochs=1, observers=[Failing(terminal, "3/12")])

    assert threading.active_count() == before
    assert "epoch 1/1" in terminal.text
    assert terminal.text.rstrip().endswith("\x1b[2K")
    assert terminal.text.rfind("\x1b[?25h") > terminal.text.rfind("\x1b[?25l")


def test_no_color_is_honoured(tmp_path, monkeypatch):
    """With NO_COLOR set, the bar is drawn without a colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    with Terminal() as terminal:
        run_on_a_terminal(terminal, tmp_path / "run", epochs=1, observers=[Await(terminal, "3/12")])

    assert "epoch 1/1" in terminal.text
    assert "\x1b[38;" not in terminal.text


def test_there_is_no_hook_in_the_step():
    """A display must not cost a step anything."""
    assert not hasattr(progress(), "on_step_end")
