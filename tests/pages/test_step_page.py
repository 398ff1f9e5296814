import itertools
import re
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from eagerloop.inspection.by_hand.updates import update_of_weight, weight_of
from eagerloop.inspection.pages.heatmaps import Axes, grid_of, heatmap, shade
from eagerloop.inspection.pages.notebook_cell import step_cell
from eagerloop.inspection.pages.step_page import act_of_each, step_page
from eagerloop.inspection.step_record import Finding, LineRecord, OperationRecord, Values
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
    finding, operation = Finding("EL01", "error", "a", "b", "c"), OperationRecord(1, "a", ("b",), ("c",))
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
    grid, cut = grid_of(np.ones(shape), axes)

    assert grid.shape == shown
    assert bool(cut) == (np.prod(shown) < np.prod(shape))


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


def test_classes_are_shown_by_name(record, parsed):
    """The target column of a classification has names, and the predictions one column a class."""
    y, predictions = Values.of(np.array([1, 0])), Values.of(np.array([[0.1, 2.0], [3.0, 0.5]]))
    odd = replace(record, task="classification", classes=("cat", "dog"), targets=("kind",), y=y, predictions=predictions,
                  x=Values.of(np.ones((2, 3))), row_losses=None)  # fmt: skip
    text = parsed(step_page(odd)).text

    assert "target kind predicted cat predicted dog" in text
    assert "dog 0.100 2.00" in text


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
    shown = [*(f"gradient {three(layer.gradient.norm)}" for layer in record.layers), "starts the way back", "after it"]

    assert [link for link in page.having("href") if link in ("#given", "#forward", "#loss", "#update")] == [
        "#given",
        *["#forward"] * len(record.layers),
        "#loss",
        "#update",
    ]
    assert [picture.index(one) for one in shown] == sorted(picture.index(one) for one in shown)


def test_the_picture_of_a_deep_model_and_of_a_step_that_failed(record, parsed):
    """Six of twenty layers are drawn, and the page says so; without a finite loss nothing goes back."""
    deep = parsed(step_page(replace(record, layers=[record.layers[0]] * 20)))
    failed = parsed(step_page(replace(record, loss=float("nan"))))

    assert deep.having("href").count("#forward") == 6
    assert "6 of 20 layers, evenly chosen." in deep.text
    assert "the loss is nan. That is no number to go back from: there is no update." in failed.text
