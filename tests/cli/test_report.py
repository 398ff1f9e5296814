import os
import sys
import threading
from pathlib import Path

import pytest
from matplotlib.image import imread


@pytest.fixture
def run(done):
    """A run of one epoch, and its directory."""
    done("train", "--epochs", "1", "--run", "runs/one", "--quiet")
    return Path("runs/one")


def test_report_is_written_into_the_run(done, run):
    """With no argument, the newest run gets its report.html, and nothing else is touched."""
    before = set(Path().rglob("*"))
    out = done("report")

    assert out.splitlines()[0] == "runs/one/report.html: epochs 1, recorded steps 0; any browser shows it, offline"
    assert "--observe watch" in out
    assert set(Path().rglob("*")) - before == {run / "report.html"}


def test_report_goes_where_it_is_told_to(done, run):
    """`--html` names the file; the run's own directory is left alone."""
    done("report", "runs/one", "--html", "page.html")

    assert Path("page.html").read_text("utf-8").startswith("<!doctype html>")
    assert not (run / "report.html").exists()


@pytest.mark.sweep(1)
@pytest.mark.parametrize("words", [("report", "runs/one"), ("inspect", "step", "runs/one")], ids=str)
def test_a_page_goes_where_a_link_leads_and_to_a_device(done, run, words):
    """The link stays a link, whether there is something behind it or not; a device and a pipe stay what they are."""
    Path("elsewhere").mkdir()
    Path("elsewhere/old.html").write_text("old")
    for name in ("old.html", "new.html"):
        Path(name).symlink_to(Path("elsewhere") / name)
        done(*words, "--html", name)
        assert Path(name).is_symlink()
        assert Path("elsewhere", name).read_text("utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in Path("elsewhere").iterdir()) == ["new.html", "old.html"]

    os.mkfifo("pipe")
    said = []
    reader = threading.Thread(target=lambda: said.append(Path("pipe").read_text("utf-8")))
    reader.start()
    done(*words, "--html", "pipe")
    reader.join()
    assert Path("pipe").is_fifo()
    assert said[0].startswith("<!doctype html>")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no such device here")
def test_a_page_for_a_device_that_is_full(cli, run):
    """One line; the device is still one."""
    outcome = cli("report", run, "--html", "/dev/full")
    assert (outcome.code, "/dev/full could not be written: the disk is full" in outcome.err) == (2, True)
    assert Path("/dev/full").is_char_device()


def test_report_of_nothing_is_refused(refused):
    """Where there is no run, the command says so before it imports anything heavy."""
    assert "there is no run below runs/" in refused("report")


def test_report_that_cannot_be_written_is_refused(refused, run):
    """A directory that is not there, or where a file belongs: one line, and nothing is left behind."""
    told = refused("report", "runs/one", "--html", "nowhere/page.html")

    assert "--html nowhere/page.html: there is no directory nowhere; make it first" in told
    assert "--html . is a directory; name a file in it, such as report.html" in refused("report", "runs/one", "--html", ".")


def test_report_draws_pictures_where_it_is_told_to(done, run):
    """`--png` makes the directory and two pictures, and names them; the page is written as well."""
    out = done("report", "runs/one", "--png", "for/slides")

    pictures = sorted(Path("for/slides").iterdir())
    assert [picture.name for picture in pictures] == ["curves.png", "predictions.png"]
    assert [imread(picture).shape for picture in pictures] == [(1080, 1920, 4)] * 2
    assert all(f"{picture}: 1920 by 1080" in out for picture in pictures)
    assert (run / "report.html").exists()


def test_report_without_matplotlib_says_what_to_install(monkeypatch, refused, run):
    """The extra is named, and no page is written."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    assert "install it with: pip install 'eagerloop[plot]'" in refused("report", "runs/one", "--png", "pictures")
    assert not (run / "report.html").exists()


def test_several_runs_are_drawn_together_from_their_directories(cli, done, program):
    """A chart a figure with a line a run, a table of what differs; TensorFlow is not needed, a run that is none is refused."""
    done("train", "--epochs", "2", "--run", "runs/one", "--quiet")
    done("train", "--epochs", "1", "--model", "linear", "--run", "runs/two", "--quiet")

    out = done("report", "runs/one", "runs/two", "--png", "pictures")
    page = Path("runs.html").read_text("utf-8")

    assert out.splitlines() == [
        "runs.html: 2 runs; any browser shows it, offline",
        "pictures/curves.png: 1920 by 1080, for a slide",
    ]
    assert imread("pictures/curves.png").shape == (1080, 1920, 4)
    assert page.count("<figure") == 1  # the loss: neither has a metric or a validation
    assert all(word in page for word in ("epoch 2, one: ", "epoch 1, two: ", ">linear<", "last loss"))
    assert "no run" in cli("report", "runs/one", "nowhere").err
    assert "--checkpoint is for one run" in cli("report", "runs/one", "runs/two", "--checkpoint", "best").err


def test_a_run_draws_its_curves(tmp_path):
    """`run.plot(other)` in a notebook is a frame with its page in it; two of one name are told apart; it saves itself."""
    import html
    import re

    import eagerloop
    from eagerloop.errors import ConfigError

    run = eagerloop.train(epochs=1, metrics=["rmse"], directory=tmp_path / "a" / "same")
    other = eagerloop.train(epochs=1, directory=tmp_path / "b" / "same")
    curves = run.plot(other)
    page = html.unescape(
        re.fullmatch(r'<iframe title="curves" srcdoc="(.*)" style="[^"]*"></iframe>', curves._repr_html_(), re.DOTALL)[1]
    )

    assert repr(curves).startswith("<Curves of same, same (2);")
    assert page == curves.page()
    assert page.count("<figure") == 2
    assert f"epoch 1, same: {run.columns['loss'][0]:.3g}" in page
    assert curves.save(tmp_path / "c.html").read_text("utf-8") == page
    with pytest.raises(ConfigError, match=r"^curves are saved as \.html or \.png, got c\.pdf$"):
        curves.save(tmp_path / "c.pdf")
