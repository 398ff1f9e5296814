import re
from dataclasses import replace

import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.reporting import report, tell
from eagerloop.errors import ConfigError
from eagerloop.inspection.pages.charts import Guide, Series, chart
from eagerloop.inspection.pages.frame import LEFT, Frame, ticks
from eagerloop.inspection.pages.picture_strip import Mistake
from eagerloop.inspection.pages.predictions import confusion_table
from eagerloop.inspection.pages.run_page import RunStory, run_page
from eagerloop.inspection.pages.several_runs import Curves, Outline
from eagerloop.inspection.step_record import Finding, Values
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.running import reporting
from eagerloop.running.reporting import MOST_RECORDS
from eagerloop.storage.run_directory import RunDirectory

ROWS = [{"epoch": epoch, "steps": 12, "loss": 4.0 / epoch, "val_loss": 5.0 / epoch, "seconds": 1.0} for epoch in (1, 2, 3)]


@pytest.fixture(scope="module")
def story(watched):
    """What there is to show of the guide's run."""
    return tell(RunDirectory.existing(watched))


def bare(**changes):
    """A run of which little is known."""
    known = {"name": "run", "parts": {"model": "iris"}, "seed": 0, "task": "regression", "targets": ("y",), "classes": ()}
    return RunStory(**known, **{"history": ROWS} | changes)


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        ((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ((-3.4, -1.9), [-3, -2.5, -2]),
        ((0, 35), [0, 10, 20, 30]),
        ((1e-5, 3e-5), [1e-5, 1.5e-5, 2e-5, 2.5e-5, 3e-5]),
    ],
)
def test_axes_have_round_numbers(ends, wanted):
    """Steps of 1, 2 or 5, inside the ends."""
    assert ticks(*ends) == pytest.approx(wanted)


def test_points_stand_where_their_numbers_are(parsed):
    """The lower left point is left of and below the upper right one, the middle in between; the guide is on its number."""
    frame = Frame([0.0, 2.0], [0.0, 10.0])
    page = parsed(
        chart("loss", ("epoch", "loss"), [Series("a", [(0.0, 0.0), (1.0, 5.0), (2.0, 10.0)])], guides=[Guide(5.0, "half")])
    )
    places = [(float(one["cx"]), float(one["cy"])) for one in page.tags("circle")[:3]]

    assert places == [(frame.x(0), frame.y(0)), (frame.x(1), frame.y(5)), (frame.x(2), frame.y(10))]
    assert places[0][0] < places[1][0] < places[2][0]
    assert places[0][1] > places[1][1] > places[2][1]
    assert any(path["d"].startswith(f"M{LEFT} {frame.y(5)}H") for path in page.tags("path") if path["class"] == "guide")


def test_chart_of_one_number_and_of_none(parsed):
    """One point stands in the middle; nan and infinity are left out; nothing at all is said in words."""
    one = parsed(chart("loss", ("epoch", "loss"), [Series("a", [(1.0, 3.0), (2.0, float("nan"))])]))

    assert [(circle["cx"], circle["cy"]) for circle in one.tags("circle")] == [("225.0", "106.0")]
    assert "nothing to draw" in parsed(chart("loss", ("epoch", "loss"), [Series("a", [(1.0, float("inf"))])])).text


def test_long_curves_are_thinned_and_say_so(parsed):
    """Of 5,000 epochs a hundred points are drawn, the last one among them."""
    history = [{"epoch": epoch, "loss": 1.0 / epoch} for epoch in range(1, 5001)]
    html = run_page(bare(history=history))
    page = parsed(html)

    assert len(html) < 100_000
    assert "(100 points of each line, evenly chosen)" in page.text
    assert "epoch 5000, training: 2.00e-04" in page.text or "epoch 5000, training: 0.000200" in page.text


def test_curves_have_training_validation_and_baseline(parsed):
    """Each epoch's numbers are in the page, and the loss of predicting the mean; seconds are not drawn."""
    text = parsed(run_page(bare(baseline=0.75))).text

    assert "epoch 3, training: 1.33" in text
    assert "epoch 3, validation: 1.67" in text
    assert "predicting the mean: 0.750" in text
    assert "seconds" not in text


def test_run_without_records_says_how_to_get_them(tmp_path, parsed):
    """A run that nobody watched has its curves and predictions, and names the observer for the rest."""
    eagerloop.train(epochs=1, directory=tmp_path / "run")
    written = report(tmp_path / "run")
    page = parsed(written.page.read_text("utf-8"))

    assert written.page == tmp_path / "run" / "report.html"
    assert written.records == 0
    assert {"curves", "predictions"} <= set(page.having("id"))
    assert "--observe watch" in page.text
    assert "layers" not in page.having("id")


def test_recorded_steps_are_drawn(story, parsed):
    """Each recorded step has its panel, each layer its curves, and the ratios their line at -3."""
    html = run_page(story)
    page = parsed(html)

    assert len(html.encode()) < 200_000
    assert page.having("data-step") == ["1, epoch 1", "12, epoch 1", "24, epoch 2"]
    assert {"curves", "predictions", "layers", "updates", "steps"} <= set(page.having("id"))
    assert "usual: -3.00" in page.text
    for record in story.records:
        assert f"step {record.step}, dense1: {three(record.layers[0].output.mean)}" in page.text


def test_baseline_is_the_loss_of_the_mean(watched, story):
    """For a squared error, predicting the mean loses the variance of the training targets."""
    targets = np.concatenate([y for _x, y in eagerloop.load(watched).dataset.train(1).as_numpy_iterator()])

    assert targets.shape == (120, 1)
    assert story.baseline == pytest.approx(np.var(targets), rel=1e-5)


@pytest.mark.long
def test_predictions_are_those_of_the_run(watched, story):
    """The page draws what `run.predict` gives for the test rows."""
    run = eagerloop.load(watched)

    assert np.array_equal(story.predictions, run.predict())
    assert story.actual.shape == story.predictions.shape == (30, 1)


def test_residuals_are_told_in_words(parsed):
    """Errors of 1 and -3: root mean square 2.24, on average 1.00 too low."""
    text = parsed(run_page(bare(actual=np.array([1.0, 3.0]), predictions=np.array([[2.0], [0.0]])))).text

    assert "The typical error (root mean square) is 2.24" in text
    assert "On average the answers are 1.00 too low." in text


def test_classes_are_counted(parsed):
    """Three cats, one taken for a dog, and one dog, taken for one: rows are what they are, columns what they were taken for."""
    page = parsed(confusion_table(np.array([0, 0, 0, 1]), np.array([0, 1, 0, 1]), ("cat", "dog")))

    assert "75% of 4 test rows are right. Always the commonest class would get 75%." in page.text
    assert page.text.endswith("cat 2 1 dog 0 1")


def test_findings_are_marked_once(story, parsed):
    """A finding of two steps is marked at the first of them, listed once, and linked."""
    found = Finding("EL07", "error", "no gradient", "dense2 has none", "use it")
    records = [story.records[0], *(replace(record, findings=(found,)) for record in story.records[1:])]
    page = parsed(run_page(replace(story, records=records)))

    assert page.having("href") == ["#findings"]
    assert page.having("aria-label").count("step 12: EL07 no gradient") == 1
    assert "EL07: no gradient (first in step 12)" in page.text


def test_hostile_names_stay_texts(story, parsed):
    """A column, a class, a directory or a note of any name is shown as it is."""
    attack = "<script>alert(1)</script>\"'"
    odd = replace(story, name=attack, targets=(attack,), notes=(attack,), parts={attack: attack},
                  history=[{"epoch": 1, attack: 1.0, "loss": 2.0}])  # fmt: skip
    page = parsed(run_page(odd))

    assert len(page.tags("script")) == 1
    assert sum(attack in text for text in page.texts) >= 6
    assert all(link.startswith("#") for link in page.having("href"))


def test_page_of_a_large_run_stays_below_two_megabytes(story):
    """A hundred records of a model with forty layers and eighty variables."""
    record = story.records[0]
    many = [Values.of(np.random.default_rng(number).normal(size=300)) for number in range(3)]
    layers = [replace(record.layers[0], name=f"dense{n}", output=many[n % 3], gradient=many[0]) for n in range(40)]
    variables = [replace(record.variables[0], name=f"dense{n}/kernel", value=many[n % 3]) for n in range(80)]
    records = [replace(record, step=step, layers=layers, variables=variables) for step in range(1, MOST_RECORDS + 1)]
    html = run_page(replace(story, records=records))

    assert len(html.encode()) < 2_000_000
    assert "8 of 40 layers, evenly chosen" in html
    assert "8 of 80 variables, evenly chosen" in html


def test_records_are_read_as_far_as_they_can_be(watched, tmp_path, monkeypatch):
    """A damaged record is left out by name; of more than the page can hold, some are chosen; both are said."""
    monkeypatch.setattr(reporting, "MOST_RECORDS", 4)
    place = tmp_path / "run"
    place.mkdir()
    for name in ("run.toml", "history.jsonl"):
        (place / name).write_bytes((watched / name).read_bytes())
    (place / "records").mkdir()
    whole = (watched / "records" / "step-00000001.json").read_bytes()
    for step in range(1, 8):
        (place / "records" / f"step-{step:08d}.json").write_bytes(b"{}" if step == 1 else whole)
    written = report(place, tmp_path / "out.html")

    assert written.records == 3
    assert written.notes[0] == "4 of 7 recorded steps are shown, evenly chosen."
    assert re.match(r"Left out: .*step-00000001\.json", written.notes[1])
    assert written.notes[2] == "The run has no checkpoint, so nobody knows what it predicts."
    assert written.epochs == 2
    assert not (place / "report.html").exists()


def test_page_that_cannot_be_written_is_refused(watched, tmp_path):
    """The file's directory does not exist: one sentence that names it."""
    with pytest.raises(ConfigError, match=r"nowhere.*could not be written.*--html"):
        report(watched, tmp_path / "nowhere" / "page.html")


def test_a_run_in_the_hand_draws_itself(tmp_path):
    """Its page is that of `eagerloop report`; it goes into the run's directory, or where it is told to."""
    run = eagerloop.train(epochs=2, directory=tmp_path / "run")
    written = run.report()
    assert (written.page, written.epochs, written.records) == (run.directory / "report.html", 2, 0)
    other = report(run.directory, tmp_path / "other.html")
    assert written.page.read_text("utf-8") == other.page.read_text("utf-8")
    assert run.report(tmp_path / "mine.html").page == tmp_path / "mine.html"
    assert run.report(str(tmp_path / "mine.html"), pictures=tmp_path).pictures[0] == tmp_path / "curves.png"


def test_the_history_by_column():
    """A list a name, in the order of the rows; what a row lacks is None."""
    run = eagerloop.train(epochs=3, model="linear", directory="run")
    assert run.columns["epoch"] == [1, 2, 3]
    assert run.columns["loss"] == [row["loss"] for row in run.history]
    run.history[1]["skipped"] = 4
    assert run.columns["skipped"] == [None, 4, None]


def test_a_line_to_compare_with_is_never_lost_on_the_axis(parsed):
    """Where it would lie on zero the axis is logarithmic, and says so: equal factors are equal distances."""
    frame = Frame([1.0, 3.0], [0.1, 100.0], log=True)
    page = parsed(run_page(bare(baseline=0.1, history=[{"epoch": 1, "loss": 100.0}, {"epoch": 2, "loss": 10.0}])))

    assert frame.y(0.1) - frame.y(1.0) == pytest.approx(frame.y(1.0) - frame.y(10.0), abs=0.2)
    assert frame.y_ticks == [0.1, 1.0, 10.0, 100.0]
    assert "loss (logarithmic axis)" in page.text
    assert "logarithmic" not in parsed(run_page(bare(baseline=3.0))).text


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"loss": 2.0}, "The model is better than predicting the mean: a loss of 2.00 against 3.00."),
        ({"loss": 2.0, "val_loss": 4.0}, "The model is no better than predicting the mean: a val_loss of 4.00 against 3.00."),
    ],
)
def test_the_page_says_in_words_how_good_the_model_is(parsed, row, said):
    """By the validation loss where there is one."""
    assert said in parsed(run_page(bare(baseline=3.0, history=[{"epoch": 1} | row]))).text


def test_where_nothing_can_be_compared_the_page_says_so(parsed):
    """Of several outputs there is no mean to predict, and so no word on better or worse."""
    text = parsed(run_page(bare(baseline=None))).text

    assert "Whether the model is better than a guess is not told: this loss has no baseline to compare it with." in text
    assert "The model is" not in text


def test_a_chart_alone_has_its_numbers_beside_it(parsed):
    """One figure fills the width together with its table; of two, each has its table folded."""
    two = [{"epoch": 1, "loss": 2.0, "rmse": 1.0}, {"epoch": 2, "loss": 1.0, "rmse": 0.5}]
    charts = [
        [(one["class"], "open" in fold) for one, fold in zip(page.tags("figure"), page.tags("details"), strict=True)]
        for page in (parsed(run_page(bare())), parsed(run_page(bare(history=two))))
    ]

    assert charts == [[("chart alone", True)], [("chart", False)] * 2]


def test_a_run_has_one_colour_in_every_chart_of_several(parsed):
    """Though only the second has a validation; and losses of which one would lie on zero have a logarithmic axis."""
    first = Outline("first", {"model": "iris"}, [{"epoch": 1, "loss": 40.0}, {"epoch": 2, "loss": 30.0}])
    second = Outline("second", {"model": "mlp"}, [{"epoch": 1, "loss": 0.5, "val_loss": 0.6}])
    html = Curves([first, second]).page()
    page = parsed(html)
    charts = html.split("<figure")[1:]

    assert [sorted(set(re.findall(r'<g class="(s\d)">', chart))) for chart in charts] == [["s0", "s1"], ["s1"]]
    assert [re.findall(r"</svg>(first|second)</li>", chart) for chart in charts] == [["first", "second"], ["second"]]
    assert "loss (logarithmic axis)" in page.text
    assert "val_loss (logarithmic axis)" not in page.text


def test_the_page_says_when_how_long_and_with_which_options(story, parsed):
    """What a reader asks first of a page that lies around."""
    text = parsed(run_page(replace(story, begun=0.0, history=[{"epoch": 1, "loss": 1.0, "seconds": 2.5}]))).text

    assert re.search(r"run, seed 42, begun 19(70|69)-\d\d-\d\d \d\d:\d\d, trained for 2.50 s", text)
    assert "optimizer adam.learning_rate" in text
    assert "0.001" in text


def test_pictures_that_were_taken_for_others_are_shown(parsed):
    """Each with what it is and what it was taken for, as an image that the page holds; no more than 24."""
    one = Mistake(np.zeros((8, 8, 1)), "3", "<8>")
    known = replace(bare(actual=np.array([0, 1]), predictions=np.array([1, 1])), task="classification", classes=("3", "<8>"))
    html = run_page(replace(known, examples=[one] * 30))
    page = parsed(html)

    shown = page.tags("img")
    assert len(shown) == 24
    assert shown[0]["alt"] == "3, taken for <8>"
    assert shown[0]["src"].startswith("data:image/png;base64,iVBOR")
    assert "img-src data:;" in html
    assert "<8>" not in html
    assert not parsed(run_page(known)).tags("img")


def test_mistakes_are_those_of_the_test_pictures(tmp_path):
    """An untrained network is wrong about most digits; each example is a test picture of the class that it names."""
    how = {"model": eagerloop.use("linear"), "dataset": eagerloop.use("digits", batch_size=1438), "progress": False}
    run = eagerloop.train(epochs=1, directory=tmp_path / "run", **how)
    told = tell(RunDirectory.existing(tmp_path / "run"))

    x, y = run.dataset.test_arrays
    wrong = run.predict(x).argmax(axis=1) != y
    assert len(told.examples) >= 10
    for one in told.examples:
        (row,) = np.flatnonzero((x == one.picture).all(axis=(1, 2, 3)))
        assert wrong[row]
        assert (one.actual, one.predicted) == (str(y[row]), str(run.predict(x[row : row + 1]).argmax()))
