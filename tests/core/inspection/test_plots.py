"""Pictures as PNG files. What is in them is asked of the figures; that they are pictures, of the files."""

import sys

import numpy as np
import pytest
from matplotlib.image import imread

from eagerloop.errors import ConfigError
from eagerloop.inspection.plots import (
    confusion_figure,
    curves_figure,
    plot_curves,
    plot_predictions,
    runs_figure,
    scatter_figure,
)

HISTORY = [
    {"epoch": 1, "steps": 12, "loss": 4.0, "total_loss": 48.0, "accuracy": 0.5, "val_loss": 3.0, "seconds": 0.1},
    {"epoch": 2, "steps": 12, "loss": 1.0, "total_loss": 12.0, "accuracy": 0.75, "val_loss": 2.0, "seconds": 0.1},
]


def lines_of(axes):
    """The values of every line in a panel, by its name in the legend."""
    return {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axes.lines}


def test_curves_have_a_panel_for_the_loss_and_one_for_each_metric():
    """The figures are those of the history; columns that are no figure to look at are left out."""
    loss, accuracy = curves_figure(HISTORY, baseline=2.5).axes

    assert lines_of(loss) == {"training": [4.0, 1.0], "validation": [3.0, 2.0], "predicting the mean": [2.5, 2.5]}
    assert lines_of(accuracy) == {"training": [0.5, 0.75]}
    assert [axes.get_title() for axes in (loss, accuracy)] == ["loss", "accuracy"]


@pytest.mark.parametrize(("baseline", "scale"), [(2.5, "linear"), (0.05, "log"), (None, "linear"), (float("nan"), "linear")])
def test_a_baseline_that_would_lie_on_zero_has_a_logarithmic_axis(baseline, scale):
    """As on the page of a run; the metric beside it keeps its own axis."""
    loss, accuracy = curves_figure(HISTORY, baseline=baseline).axes

    assert (loss.get_yscale(), accuracy.get_yscale()) == (scale, "linear")


def test_a_run_keeps_its_colour_and_its_dashes_in_every_panel():
    """Though only the second has a validation."""
    small = [{"epoch": 1, "loss": 0.04, "val_loss": 0.05}]
    loss, validation = runs_figure({"first": [{"epoch": 1, "loss": 4.0}], "second": small}).axes
    looks = {axes: [(line.get_color(), line.get_linestyle()) for line in axes.lines] for axes in (loss, validation)}

    assert looks[validation] == looks[loss][1:]
    assert looks[loss][0] != looks[loss][1]
    assert (loss.get_yscale(), validation.get_yscale()) == ("log", "linear")


@pytest.mark.parametrize(("metrics", "panels"), [(0, 1), (2, 3), (5, 6), (9, 6)])
def test_a_slide_holds_six_panels(metrics, panels):
    """More would be too small to be read."""
    row = {"epoch": 1, "loss": 1.0, **{f"metric{number}": 0.5 for number in range(metrics)}}

    assert len(curves_figure([row]).axes) == panels


def test_no_line_is_told_by_its_colour_alone():
    """Training, validation and baseline differ in colour, in stroke and in marker."""
    lines = curves_figure(HISTORY, baseline=2.5).axes[0].lines

    for feature in ("get_color", "get_linestyle", "get_marker"):
        assert len({getattr(line, feature)() for line in lines}) == 3


def test_a_history_without_an_epoch_is_refused():
    """There is nothing to draw, and the message says what to do."""
    with pytest.raises(ConfigError, match="there is no finished epoch to draw; train the run for one at least"):
        curves_figure([])


def test_predicted_against_actual_has_a_panel_for_each_output():
    """Errors of 3 and 4 have the root mean square 3.54; the points are the rows; both axes have the same ends."""
    figure = scatter_figure(np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[4.0, 0.0], [6.0, 1.0]]), ["width", "length"])

    width, length = figure.axes
    assert width.collections[0].get_offsets().tolist() == [[1.0, 4.0], [2.0, 6.0]]
    assert (width.get_title(), length.get_title()) == (
        "width: root mean squared error 3.54",
        "length: root mean squared error 0.707",
    )
    assert width.get_xlim() == width.get_ylim() == (0.75, 6.25)


def test_confusion_counts_rows_by_what_they_are_and_were_taken_for():
    """Of three cats one is taken for a dog; the cells hold the counts and are coloured by the share of the row."""
    figure = confusion_figure(np.array([[0], [0], [0], [1]]), np.array([0, 0, 1, 1]), ["cat", "dog"])

    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["2", "1", "0", "1"]
    assert axes.images[0].get_array().tolist() == pytest.approx(np.array([[2 / 3, 1 / 3], [0, 1]]))
    assert axes.get_title() == "75.0% of 4 rows right"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]


def test_the_files_are_pictures_of_the_size_of_a_slide(monkeypatch, tmp_path):
    """Read back, they are 1920 by 1080 and neither blank nor one colour; pyplot is not needed."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # to import it would raise
    pictures = [
        plot_curves(HISTORY, tmp_path / "new" / "curves.png", baseline=2.5),
        plot_predictions(np.array([1.0, 2.0]), np.array([1.5, 1.75]), tmp_path / "scatter.png"),
        plot_predictions(np.array([0, 1]), np.array([0, 0]), tmp_path / "confusion.png", classes=["cat", "dog"]),
    ]

    for picture in pictures:
        pixels = imread(picture)
        assert pixels.shape == (1080, 1920, 4)
        dark = (pixels[:, :, :3].min(axis=2) < 0.9).mean()
        assert 0.005 < dark < 0.9


def test_a_picture_that_cannot_be_written_is_one_line(tmp_path):
    """A directory that is a file is the user's to mend."""
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match=r"file/curves\.png cannot be written: .*; name another directory"):
        plot_curves(HISTORY, tmp_path / "file" / "curves.png")


def test_without_matplotlib_the_line_says_what_to_install(monkeypatch, tmp_path):
    """The extra is named, with the command."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(ConfigError, match=r"needs Matplotlib, which is not installed; .* pip install 'eagerloop\[plot\]'"):
        plot_curves(HISTORY, tmp_path / "curves.png")
