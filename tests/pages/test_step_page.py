import itertools
import math
import re
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from eagerloop.inspection.by_hand.updates import update_of_weight, weight_of
from eagerloop.inspection.pages.heatmaps import Axes, grid_of, heatmap, shade
from eagerloop.inspection.pages.notebook_cell import step_cell
from eagerloop.inspection.pages.step_page import act_of_each, step_page
from eagerloop.inspection.step_record import Finding, LineRecord, OperationRecord, Place, Values
from eagerloop.inspection.writing.numbers_as_text import percent, three

HOSTILE = "</style></script><script>alert(1)</script><img src=x onerror='alert(2)'>\"'&"

EVENTS = re.compile(r"on[a-z]+")


def hostile(value, count=None):
    """A record whose every text is an attack; each has a number behind it, for names must differ."""
    count = count or itertools.count()
    if is_dataclass(value) and not isinstance(value, Values):
        return replace(value, **{field.name: hostile(getattr(value, field.name), count) for field in fields(value)})
    if isinstance(value, str):
        return f"{HOSTILE}{next(count)}"
    if isinstance(value, dict):
        return {f"{HOSTILE}{next(count)}": hostile(inner, count) for inner in value.values()}
    return type(value)(hostile(inner, count) for inner in value) if isinstance(value, (list, tuple)) else value


@pytest.fixture(scope="module")
def page(record, parsed):
    """The page of the guide's first step, taken apart."""
    return parsed(step_page(record))


def test_page_is_one_small_file_that_asks_for_nothing(record, page):
    """Under 200 KB; every link stays in the page; nothing has a source, a style or an event of its own."""
    assert len(step_page(record).encode()) < 200_000
    assert all(link.startswith("#") for link in page.having("href"))
    assert page.having("src") + page.having("style") + page.having("srcset") == []
    assert not [name for _, attributes in page.elements for name in attributes if EVENTS.fullmatch(name)]
    assert [tag for tag, _ in page.elements if tag in ("link", "iframe", "object", "embed", "img", "form", "base")] == []
    assert page.having("content")[0].startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(r"url\(|@import", step_page(record))


def test_every_line_of_the_loop_is_a_link_to_its_place(record, page):
    """The source is whole, in order, and each line has its target; no id is there twice."""
    ids = page.having("id")
    links = [link for link in page.having("href") if link.startswith("#line-")]
    numbers = [line.number for line in record.lines if line.text.strip()]

    assert links[: len(numbers)] == [f"#line-{number}" for number in numbers]
    assert {link[1:] for link in page.having("href")} <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("code", "act"),
    [
        ("def train_step", "given"),
        ("GradientTape", "tape"),
        ("predictions = model", "forward"),
        ("loss(y, predictions)", "loss"),
        ("tape.gradient", "gradient"),
        ("check_step", "check"),
        ("apply_gradients", "update"),
        ("return Step", "again"),
    ],
)
def test_lines_lead_to_the_section_that_tells_of_them(record, code, act):
    """Each line of the loop stands in the section of what it does."""
    assert [name for line, name in act_of_each(record.lines) if code in line.text] == [act]


def test_source_of_a_step_of_ones_own_stays_in_its_order(record, parsed):
    """Where the variables are asked for before the tape starts, and names are others, the source is still as it is."""
    source = [
        "def my_step(net, error, opt, x, y):",
        "    weights = net.trainable_variables",
        "",
        "    with tf.GradientTape() as tape:",
        "        value = error(y, net(x, training=True))",
        "    opt.apply_gradients(zip(tape.gradient(value, weights), weights))",
    ]
    own = replace(record, lines=tuple(LineRecord(number, text, 0.0) for number, text in enumerate(source, 7)))
    page = parsed(step_page(own))

    assert [link for link in page.having("href") if link.startswith("#line-")][:5] == [f"#line-{n}" for n in (7, 8, 10, 11, 12)]
    assert [name for _, name in act_of_each(own.lines)] == ["given", "gradient", "tape", "forward", "gradient"]


def test_hostile_texts_stay_texts(record, parsed):
    """Names of parts, columns, layers, lines, findings and the rest are shown as they are, and become nothing else."""
    place = Place("loss", "a", 1, (LineRecord(1, "a", 0.0),))
    finding, operation = Finding("EL01", "error", "a", "b", "c", place), OperationRecord(1, "a", ("b",), ("c",))
    attack = hostile(replace(record, findings=(finding,), operations=(operation,)))
    for html, scripts in ((step_page(attack), 1), (step_cell(attack), 0)):
        page = parsed(html)
        assert len(page.tags("script")) == scripts
        assert page.tags("img") == []
        assert not [name for _, attributes in page.elements for name in attributes if EVENTS.fullmatch(name)]
        assert sum(HOSTILE in text for text in page.texts) > 10


def test_terminal_page_and_cell_show_the_same_numbers(record, page, parsed):
    """What the step did is told three times in the same digits: losses, layers, updates, the sums worked by hand."""
    cell, terminal = parsed(step_cell(record)).text, str(record)
    numbers = [record.loss, record.loss_after]
    numbers += [number for layer in record.layers for number in (layer.output.mean, layer.gradient.norm)]
    ratios = [percent(variable.ratio) for variable in record.variables if variable.ratio]
    numbers += [check.gradient for check in record.differences] + [check.difference for check in record.differences]
    texts = [re.split(r"[\s,;:()\[\]|=]+", text) for text in (page.text, cell, terminal)]

    for number in [*map(three, numbers), *ratios]:
        assert [number in text for text in texts] == [True, True, True], number
    for line in update_of_weight(record, weight_of(record)).lines[1:]:
        assert [line.numbers in text and line.result in text for text in (page.text, cell, terminal)] == [True, True, True], (
            line
        )


def test_cell_is_small_and_has_no_script(record, parsed):
    """A notebook gets tables and folds alone, below 60 KB, from `_repr_html_`."""
    html = record._repr_html_()
    kinds = {tag for tag, _ in parsed(html).elements}

    assert html == step_cell(record)
    assert len(html.encode()) < 60_000
    assert kinds & {"script", "style", "svg", "img", "link", "iframe", "button", "input"} == set()


def test_map_has_every_number_of_its_array(parsed):
    """The cells are the array row by row, in three digits, each with the shade of its size and sign."""
    array = np.array([[1.0, -0.5], [0.0, np.nan]])
    page = parsed(heatmap("value", Values.of(array)))

    assert re.search(r"0 1.00 -0.500 1 0 nan", page.text)
    assert [cell["class"] for cell in page.tags("td") if cell] == ["p8", "n4", "z", "x"]


def test_shades_grow_with_the_number():
    """Eight steps on each side of zero; the largest gets the strongest."""
    assert [shade(value / 8, 1.0) for value in (1, 4, 8)] == ["p1", "p4", "p8"]
    assert shade(-1e-9, 1.0) == "n1"


@pytest.mark.parametrize(
    ("shape", "axes", "shown"),
    [
        ((40, 50), Axes("row", "unit"), (32, 32)),
        ((10, 5, 4), Axes("row", "unit"), (10, 20)),
        ((6, 9, 8, 3), Axes("row", "unit"), (9, 8)),
        ((3, 3, 2, 5), Axes("input", "unit"), (18, 5)),
        ((7,), Axes("input", "unit"), (1, 7)),
        ((), Axes("input", "unit"), (1, 1)),
    ],
)
def test_any_shape_has_a_map(shape, axes, shown):
    """Large maps are cut and say so; a batch of images shows one; a kernel's inputs go down."""
    grid = grid_of(np.ones(shape), axes)

    assert grid.cells.shape == shown
    assert ("the first" in grid.told or "row 0" in grid.told) == (np.prod(shown) < np.prod(shape))


@pytest.mark.parametrize(
    ("shape", "axes", "told", "rows"),
    [
        ((3,), Axes("input", "unit"), "a vector: units across", ["", ""]),
        ((3,), Axes("row", "unit"), "a vector: rows across", ["", ""]),
        ((), Axes("input", "unit"), "one number", ["", ""]),
        ((2, 3), Axes("input", "unit"), "inputs down, units across", ["", "0", "1"]),
        ((3, 1), Axes("input", "unit"), "units down, inputs across", ["", "0"]),
        ((2, 2, 1, 3), Axes("input", "unit"), "inputs (2 x 2 x 1) down, units across", ["", "0", "1", "2", "3"]),
        (
            (5, 2, 3, 4),
            Axes("row", "unit"),
            "pixel rows down, pixel columns across; row 0, channel 0 of (5, 2, 3, 4)",
            ["", "0", "1"],
        ),
    ],
)
def test_what_goes_down_and_across_is_told_as_it_is(parsed, shape, axes, told, rows):
    """A bias is a vector and has no numbered rows; a picture has rows and columns of pixels, not of a batch."""
    html = heatmap("value", Values.of(np.ones(shape)), axes)

    assert f"value {told}" in parsed(html).text
    assert re.findall(r"<tr><t[dh]>(\d*)", html) == rows


def changed(record, how):
    """The record, made difficult in one way."""
    large, none, texts = (
        Values.of(np.ones((200, 100))),
        Values.of(np.full((3, 1), np.nan)),
        Values.of(np.array([["a<b"], ["c"]])),
    )
    layer, variable = record.layers[0], record.variables[0]
    return {
        "nothing": replace(
            record, layers=(), variables=(), lines=(), differences=(), row_losses=None, baseline=None, optimizer={}
        ),
        "large": replace(record, x=large, layers=(replace(layer, output=large, gradient=large),)),
        "nan": replace(record, y=none, x=none, predictions=none, row_losses=none, loss=float("nan"), loss_after=float("nan")),
        "texts": replace(record, x=texts, layers=(replace(layer, inputs=(texts,), gradient=None),)),
        "no gradient": replace(record, variables=(replace(variable, gradient=None, ratio=0.0, slots={}),)),
        "empty": replace(
            record,
            x=Values.of(np.ones((0, 3))),
            y=Values.of(np.ones((0, 1))),
            predictions=Values.of(np.ones((0, 1))),
            row_losses=None,
        ),
    }[how]


@pytest.mark.sweep(1)
@pytest.mark.parametrize("how", ["nothing", "large", "nan", "texts", "no gradient", "empty"])
def test_difficult_records_have_pages_too(record, parsed, how):
    """Nothing there, too much there, nan, texts: each still gives a page and a cell, with every section."""
    odd = changed(record, how)
    page = parsed(step_page(odd))

    assert {"given", "tape", "forward", "loss", "gradient", "check", "update", "again"} <= set(page.having("id"))
    assert f"Step {record.step}" in parsed(step_cell(odd)).text


def test_pixels_are_shown_as_pictures_alone(record, parsed):
    """A table of the first dozen pixels says nothing: of each row there are target, prediction and loss."""
    odd = replace(record, x=Values.of(np.ones((2, 8, 8, 1))), y=Values.of(np.ones((2, 1))), features=("p",) * 64,
                  predictions=Values.of(np.ones((2, 1))), row_losses=Values.of(np.array([0.25, 0.5])), lines=())  # fmt: skip
    page = parsed(step_page(odd))

    assert len(page.tags("img")) == 2
    assert "row target Sepal.Width predicted Sepal.Width loss of the row 0 1.00 1.00 0.250 1 1.00 1.00 0.500" in page.text
    assert "predictions (2, 1) row" in page.text  # the caption says nothing of columns that are left out


def test_why_an_output_has_no_gradient(record, parsed):
    """The tape does not follow a layer before all weights, though the loss depends on it; one that nobody uses is cut off."""
    first, *_, last = record.layers
    flat = replace(first, name="flatten", kind="Flatten", output=first.inputs[0], gradient=None)
    unused = replace(last, name="unused", output=Values.of(np.full((10, 1), 3.5)), gradient=None)
    page = parsed(step_page(replace(record, layers=(flat, flat, *record.layers, unused))))

    assert page.text.count("Nothing before this output is trained, so the tape does not follow it") == 2
    assert page.text.count("The loss does not depend on this output: no gradient comes back.") == 1
    assert page.text.count("no weight so far") == 2


def test_an_array_that_has_no_map_says_why(parsed):
    """Too many numbers, or none; and what they are."""
    assert (
        parsed(heatmap("output", Values.of(np.ones((200, 100))))).text
        == "output (200, 100) float64: 20,000 numbers are too many for a map"
    )
    assert parsed(heatmap("x", Values.of(np.array([["a"], ["b"]])))).text == "x (2, 1) string: no numbers to draw"


def test_classes_are_shown_by_name(record, parsed):
    """The target column of a classification has names, and the predictions one column a class."""
    y, predictions = Values.of(np.array([1, 0])), Values.of(np.array([[0.1, 2.0], [3.0, 0.5]]))
    odd = replace(record, task="classification", classes=("cat", "dog"), targets=("kind",), y=y, predictions=predictions,
                  x=Values.of(np.ones((2, 3))), row_losses=None)  # fmt: skip
    text = parsed(step_page(odd)).text

    assert "target kind output for cat output for dog" in text
    assert "dog 0.100 2.00" in text


@pytest.mark.parametrize(
    ("predictions", "losses", "wanted"),
    [
        ([[0.0, np.log(3)], [np.log(4), 0.0]], [np.log(4 / 3), np.log(5 / 4)], "logit of cat logit of dog"),
        ([[0.25, 0.75], [0.8, 0.2]], [np.log(4 / 3), np.log(5 / 4)], "probability of cat probability of dog"),
        ([[0.3, 2.0], [1.0, 0.0]], [1.0, 1.0], "output for cat output for dog"),
        ([[np.log(3)], [-np.log(4)]], [np.log(4 / 3), np.log(5 / 4)], "logit of dog"),
    ],
)
def test_logits_are_called_logits(record, parsed, predictions, losses, wanted):
    """By the loss of each row: a softmax or sigmoid gives it; without one, shares are probabilities; the rest is unknown."""
    answers, layer = Values.of(np.array(predictions)), record.layers[-1]
    odd = replace(record, task="classification", classes=("cat", "dog"), targets=("kind",), y=Values.of(np.array([1, 0])),
                  x=Values.of(np.ones((2, 3))), predictions=answers, row_losses=Values.of(np.array(losses)), sample_weight=None,
                  layers=(replace(layer, output=answers, gradient=None),))  # fmt: skip
    text = parsed(step_page(odd)).text

    assert f"target kind {wanted} loss of the row" in text
    assert ("These are logits:" in text) == wanted.startswith("logit")
    assert wanted in parsed(step_cell(odd)).text


def test_bars_of_the_rows_begin_at_one_zero(record, parsed):
    """Losses of 3, 0 and -1 (a log-likelihood may be negative): all bars touch a quarter of the room, two on its sides."""
    losses = Values.of(np.array([3.0, 0.0, -1.0]))
    page = parsed(step_page(replace(record, x=Values.of(np.ones((3, 3))), y=Values.of(np.ones((3, 1))), row_losses=losses,
                                    predictions=Values.of(np.ones((3, 1))), lines=())))  # fmt: skip

    assert [(one.get("x", "0"), one["width"]) for one in page.tags("rect")] == [("25", "75"), ("25", "0"), ("0", "25")]


def test_what_adam_remembers_is_called_by_its_name(page, parsed, record):
    """The letters of the sum stand behind the field's words, on the page and in the cell."""
    for text in (page.text, parsed(step_cell(record)).text):
        assert "momentum m 0.9 x" in text
        assert "velocity v 0.999 x" in text
        assert "bias correction c sqrt(1 - 0.999^1) / (1 - 0.9^1)" in text


def test_findings_come_first(record, parsed):
    """What happened and the fix stand above the batch, the severity in words and not only by colour."""
    finding = Finding("EL01", "error", "y is broadcast", "y is (10,)", "reshape y")
    text = parsed(step_page(replace(record, findings=(finding,)))).text

    assert "error EL01: y is broadcast y is (10,) To do: reshape y" in text
    assert text.index("reshape y") < text.index("What goes in")


def test_the_page_begins_with_one_picture(record, page):
    """A sentence with its numbers, and a box for batch, layers, loss and update, each a link to its section."""
    said = (
        f"{record.rows} rows go forward through {len(record.layers)} layers, and the loss is {three(record.loss)}. "
        f"Its gradient goes back, adam moves 161 weights, and the loss of this batch falls to {three(record.loss_after)}."
    )
    picture = page.text.partition(said)[2]
    back = math.hypot(*(variable.gradient.norm for variable in record.variables if variable.trainable))
    layers = [f"← gradient {three(layer.gradient.norm)}" for layer in record.layers]
    shown = [*layers, f"norm {three(back)} of all gradients", "after it"]
    targets = ["given", *(f"layer-{place}" for place in range(len(record.layers))), "loss", "gradient", "update"]
    start = page.having("href").index("#given")

    assert page.having("href")[start : start + len(targets)] == [f"#{name}" for name in targets]
    assert [picture.index(one) for one in shown] == sorted(picture.index(one) for one in shown)


def test_the_picture_of_a_deep_model_and_of_a_step_that_failed(record, parsed):
    """Six of twenty layers are drawn, and the page says so; without a finite loss nothing goes back."""
    deep = parsed(step_page(replace(record, layers=[record.layers[0]] * 20)))
    failed = parsed(step_page(replace(record, loss=float("nan"))))

    drawn = [link for link in deep.having("href") if link.startswith("#layer-")]

    assert drawn == [f"#layer-{place}" for place in (0, 4, 8, 11, 15, 19)]
    assert {link[1:] for link in drawn} <= set(deep.having("id"))
    assert "6 of 20 layers, evenly chosen." in deep.text
    assert "the loss is nan. That is no number to go back from: there is no update." in failed.text


FOUND = {
    "EL01": ("y is broadcast", "loss_of("),
    "EL02": ("dropout did nothing in the step", "predictions = model("),
    "EL04": ("lists no trainable variables", "model.trainable_variables"),
    "EL07": ("2 of 4 variables", "tape.gradient("),
    "EL12": ("another Adam", "apply_gradients"),
    "EL16": ("the rows come class by class", "def train_step"),
    "EL18": ("the predictions is nan or infinite", "predictions = model("),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_finding_marks_its_line_of_the_loop(record, parsed, name):
    """The line leads to the finding, at the side and over its section, the finding to the line; the section is open."""
    happened, code = FOUND[name]
    page = parsed(step_page(replace(record, findings=(Finding(name, "error", "t", happened, "f"),))))
    number = next(line.number for line in record.lines if code in line.text)
    marked = [attributes for _, attributes in page.elements if attributes.get("class") == "guilty"]
    links = page.having("href")
    acts = [attributes["data-act"] for attributes in page.tags("section") if "data-act" in attributes]
    unfolded = ["open" in attributes for attributes in page.tags("details")]
    own = next(act for line, act in act_of_each(record.lines) if line.number == number)

    assert [one.get("data-act", own) for one in marked if one.get("href") is None] == [own, own]
    assert links.count(f"#finding-{name}") == 2
    assert f"#line-{number}" in links[links.index("#update") :][:2]
    assert f"finding-{name}" in page.having("id")
    assert [act for act, is_open in zip(acts, unfolded, strict=False) if is_open] == [own]


def test_the_line_of_a_users_own_part_is_shown_and_marked(record, parsed):
    """With its file, its number and the lines around it; a metric's has no line in the loop."""
    lines = tuple(LineRecord(number, f"    {text}", 0.0) for number, text in enumerate(("a = 1", "b = <2>", "return b"), 7))
    found = [Finding(name, "error", "t", "h", "f", Place("loss", "mine.py", 8, lines)) for name in ("EL01", "EL15")]
    html = step_page(replace(record, findings=tuple(found)))
    page = parsed(html)

    assert page.text.count("In the loss: mine.py, line 8 7 a = 1 8 b = <2> 9 return b") == 2
    assert html.count("<mark>8  b = &lt;2&gt;</mark>") == 2
    assert "<mark>8  b = &lt;2&gt;</mark>" in step_cell(replace(record, findings=tuple(found)))
    assert page.text.count("In the loop: line") == 1


def test_the_line_of_a_step_of_ones_own_is_the_one_that_is_at_fault(record, parsed):
    """Not the line that does the deed: the one that was found, and it is not shown twice."""
    lines = tuple(LineRecord(number, text, 0.0) for number, text in enumerate(OWN, 7))
    found = Finding("EL12", "error", "t", "h", "f", Place("step", "mine.py", 8, lines[:3]))
    page = parsed(step_page(replace(record, lines=lines, file="mine.py", findings=(found,))))

    assert "In the loop: line 8 optimizer = keras.optimizers.Adam()" in page.text
    assert "In the step" not in page.text
    assert page.having("href").count("#finding-EL12") == 2
    assert "update loss 34.4 of the same batch, after it EL12" in page.text  # where it goes wrong, wherever the line stands


OWN = [
    "def my_step(net, error, opt, x, y):",
    "    optimizer = keras.optimizers.Adam()",
    "    with tf.GradientTape() as tape:",
    "        value = error(y, net(x, training=True))",
    "    weights = net.trainable_variables",
    "    optimizer.apply_gradients(zip(tape.gradient(value, weights), weights))",
]


def test_without_findings_the_sections_are_folded(page):
    """Eight of them, each with a few words to choose by; a picture and a sentence stay."""
    sections = [attributes["data-act"] for attributes in page.tags("section") if "data-act" in attributes]

    assert sections == ["given", "tape", "forward", "loss", "gradient", "check", "update", "again"]
    assert not any("open" in attributes for attributes in page.tags("details"))
    assert "The model predicts dense1 → dropout → dense2" in page.text
    assert "Back through the tape norm of all gradients" in page.text
