import dataclasses

import numpy as np
import pytest

from eagerloop.afterwards.reporting import tell
from eagerloop.inspection.pages.picture_strip import Mistake
from eagerloop.inspection.pages.run_page import run_page
from eagerloop.inspection.pages.step_page import step_page
from eagerloop.inspection.step_record import Finding, LineRecord, Place
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.storage.run_directory import RunDirectory

FOCUSABLE = "a[href], summary, button, input:not([type=hidden]), [tabindex='0']"

UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"

FOLDED = "[...document.querySelectorAll('main > section > details')].filter((one) => !one.open).length"

SEEN = "document.querySelector(':target').checkVisibility()"
"""Whether a reader sees what a link has led to."""

WEAK = """(() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a)];
    const behind = (node) => {
        const up = [];
        for (let at = node; at; at = at.parentElement) up.unshift(channels(getComputedStyle(at).backgroundColor));
        return up.reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const light = (colour) => colour.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const node = walk.currentNode.parentElement, style = getComputedStyle(node);
        if (!walk.currentNode.textContent.trim() || !node.checkVisibility()) continue;
        if (node.closest(".heat td, script, title, style")) continue;
        const back = behind(node), ink = node.closest("svg") ? style.fill : style.color;
        const [one, other] = [light(over(channels(ink), back)), light(back)].sort((a, b) => b - a);
        const contrast = (one + 0.05) / (other + 0.05);
        if (contrast < 4.5) found.push([walk.currentNode.textContent.slice(0, 40), contrast]);
    }
    return found;
})()"""
"""Texts whose contrast is below 4.5, by the formula of the Web Content Accessibility Guidelines."""


@pytest.fixture(scope="module")
def story(watched):
    """The run, with a finding in its second recorded step."""
    told = tell(RunDirectory.existing(watched))
    found = Finding("EL02", "warning", "training=True is missing", "Dropout kept everything", "say training=True")
    marked = dataclasses.replace(told.records[1], findings=(found,))
    return dataclasses.replace(told, records=[told.records[0], marked, *told.records[2:]])


@pytest.fixture(scope="module")
def marked(record):
    """The step with a finding in a line of the user's own loss."""
    lines = tuple(LineRecord(number, f"    {text}", 0.0) for number, text in enumerate(("a = 1", "return a"), 7))
    found = Finding("EL01", "error", "y is broadcast", "y is (10,)", "reshape y", Place("loss", "mine.py", 8, lines))
    return dataclasses.replace(record, findings=(found,))


@pytest.fixture(params=["step", "run"])
def html(request, marked, story):
    """Both pages."""
    return step_page(marked) if request.param == "step" else run_page(story)


@pytest.mark.sweep(2)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_page_is_quiet_readable_and_fits(open_page, html, dark, width):
    """Nothing but the file is asked for, the console stays empty, no text is pale, and nothing sticks out at the side."""
    tab = open_page(html, dark=dark, width=width)
    tab.ask(UNFOLD)

    assert tab.requests() == [tab.ask("location.href")]
    assert tab.said() == []
    assert tab.ask(WEAK) == []
    assert tab.ask("document.documentElement.scrollWidth") <= width
    assert (tab.ask("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 28)") == dark


def test_pictures_are_drawn_and_nothing_is_fetched_for_them(open_page, story):
    """The policy of the page lets its own pictures in: 8 x 8 pixels, six rem wide, none sticking out."""
    one = Mistake(np.eye(8)[:, :, np.newaxis], "3", "8")
    known = {"task": "classification", "classes": ("3", "8"), "actual": np.array([0, 1]), "predictions": np.array([1, 1])}
    tab = open_page(run_page(dataclasses.replace(story, **known, examples=[one] * 20)), width=400)

    assert [address for address in tab.requests() if not address.startswith("data:")] == [tab.ask("location.href")]
    assert tab.said() == []
    sizes = tab.ask("[...document.querySelectorAll('.pictures img')].map((one) => [one.naturalWidth, one.width > 90])")
    assert sizes == [[8, True]] * 20
    assert tab.ask(WEAK) == []
    assert tab.ask("document.documentElement.scrollWidth") <= 400


def test_console_and_requests_would_be_noticed(open_page):
    """The test above can fail: what a page logs, and what it tries to load, is seen."""
    tab = open_page("<script>console.log('here')</script><img src='http://localhost:9/x.png'>")

    assert len(tab.said()) >= 1
    assert "http://localhost:9/x.png" in tab.requests()


def test_policy_stops_a_script_that_slipped_in(open_page, record):
    """Even if a script found its way into the page, it would not run, and nothing would be loaded."""
    html = step_page(record).replace(
        "</main>", "<script>document.title = 'taken'</script><img src='http://localhost:9/x.png'></main>"
    )
    tab = open_page(html)

    assert "taken" not in tab.ask("document.title")
    assert any("Content Security Policy" in str(event) for event in tab.said())


@pytest.mark.parametrize("unfolded", [False, True], ids=["folded", "unfolded"])
def test_every_control_is_reached_by_the_keyboard(open_page, html, unfolded):
    """Tab goes through every link, fold, map, chart and slider, once each, in the order of the page."""
    tab = open_page(html)
    if unfolded:
        tab.ask(UNFOLD)
    tab.ask(f'window.controls = [...document.querySelectorAll("{FOCUSABLE}")].filter((one) => one.checkVisibility())')
    count = tab.ask("controls.length")
    seen = []
    for _ in range(count):
        tab.press("Tab")
        seen.append(tab.ask("controls.indexOf(document.activeElement)"))

    assert count > 10
    assert seen == list(range(count))


def test_what_has_the_focus_is_marked(open_page, html):
    """The focus shows as an outline of at least two pixels."""
    tab = open_page(html)
    for _ in range(3):
        tab.press("Tab")

    assert tab.ask("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2


def test_line_of_the_loop_leads_to_what_it_did(open_page, record):
    """Enter on the line with apply_gradients unfolds the optimizer's section, and brings the line into view."""
    tab = open_page(step_page(record))
    number = next(line.number for line in record.lines if "apply_gradients" in line.text)
    tab.ask(f"document.querySelector('.source a[href=\"#line-{number}\"]').focus()")
    tab.press("Enter")
    tab.ask("new Promise(requestAnimationFrame)")

    assert tab.ask("location.hash") == f"#line-{number}"
    assert tab.ask("document.querySelector(':target').closest('section').dataset.act") == "update"
    assert tab.ask(SEEN)
    assert 0 <= tab.ask("document.querySelector(':target').getBoundingClientRect().top") < 900
    assert tab.ask(FOLDED) == 7


@pytest.mark.long
def test_arrow_keys_walk_the_lines_of_the_loop(open_page, record):
    """Down goes to the next line of the source, up goes back."""
    tab = open_page(step_page(record))
    tab.ask("document.querySelector('.source a').focus()")
    places = []
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        tab.press(key)
        places.append(tab.ask("[...document.querySelectorAll('.source a')].indexOf(document.activeElement)"))

    assert places == [1, 2, 1]


def test_cell_tells_value_and_gradient_on_focus_and_on_hover(open_page, record):
    """Row 2, unit 3 of the first layer: both numbers, by keyboard and by pointer; Escape takes them away."""
    tab = open_page(step_page(record))
    layer = record.layers[0]
    wanted = ["output", three(layer.output.array[1, 2]), "gradient", three(layer.gradient.array[1, 2])]
    tab.ask(UNFOLD)
    tip = "[...document.querySelectorAll('#tip dl > *')].filter((e) => e.checkVisibility()).map((e) => e.textContent)"
    tab.ask("document.querySelector('.layer .heat [tabindex]').focus()")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        tab.press(key)
    by_keyboard = tab.ask(tip)
    tab.press("Escape")
    after = tab.ask(tip)
    tab.ask("document.activeElement.blur(); document.querySelector('.layer').scrollIntoView({behavior: 'instant'})")
    box = "document.querySelector('.layer .heat').rows[2].cells[3].getBoundingClientRect()"
    x, y = tab.ask(f"{box}.x + 5"), tab.ask(f"{box}.y + 5")
    tab.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    assert by_keyboard == wanted
    assert after == []
    assert tab.ask(tip) == wanted


def test_slider_shows_one_recorded_step_at_a_time(open_page, story):
    """It begins with the last one; the arrow keys and Home choose others."""
    tab = open_page(run_page(story))
    shown = "[...document.querySelectorAll('.recorded')].filter((one) => one.checkVisibility()).map((one) => one.dataset.step)"
    steps = [tab.ask(shown)]
    tab.ask("document.querySelector('#step').focus()")
    for key in ("ArrowLeft", "Home"):
        tab.press(key)
        steps.append(tab.ask(shown))

    assert steps == [["24, epoch 2"], ["12, epoch 1"], ["1, epoch 1"]]


def test_arrow_keys_read_a_curve_out(open_page, story):
    """From the last epoch to the first one: the numbers of the history, as text that is announced."""
    tab = open_page(run_page(story))
    said = "document.querySelector('#curves output').textContent"
    tab.ask("document.querySelector('#curves svg').focus()")
    last = tab.ask(said)
    tab.press("Home")
    tab.press("ArrowRight")

    assert f"epoch 2, training: {three(story.history[1]['loss'])}" in last
    assert tab.ask(said) != last


def test_mark_of_a_finding_leads_to_it(open_page, story):
    """The sign on the curve is a link with the finding's name, to where it is explained."""
    tab = open_page(run_page(story))
    tab.ask("document.querySelector('#curves svg a').focus()")
    label = tab.ask("document.activeElement.getAttribute('aria-label')")
    tab.press("Enter")

    assert label == "step 12: EL02 training=True is missing"
    assert tab.ask("location.hash") == "#findings"


def click(tab, selector):
    """A click of the pointer, as it needs no script."""
    box = f"document.querySelector({selector!r}).getBoundingClientRect()"
    tab.ask(f"document.querySelector({selector!r}).scrollIntoView({{behavior: 'instant', block: 'center'}})")
    x, y = tab.ask(f"{box}.x + 20"), tab.ask(f"{box}.y + 10")
    for kind in ("mousePressed", "mouseReleased"):
        tab.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def test_step_can_be_read_without_scripts(open_page, record):
    """With JavaScript off, a click on a line leads to it, and on a fold unfolds it; no control is there that does nothing."""
    tab = open_page(step_page(record), script=False)
    click(tab, ".source li:nth-child(3) a")

    assert tab.ask("document.querySelector(':target').closest('section').dataset.act") == "forward"
    assert tab.ask(SEEN)
    assert "One weight by hand" not in tab.ask("document.body.innerText")
    click(tab, "section[data-act=update] summary")
    text = tab.ask("document.body.innerText")
    assert three(record.loss) in text
    assert "One weight by hand" in text
    assert tab.ask("document.querySelector('#tip')") is None
    assert tab.ask("document.querySelector('button').checkVisibility()") is False


@pytest.mark.parametrize("script", [True, False], ids=["script", "none"])
@pytest.mark.parametrize(("place", "shown"), [(0, "given"), (2, "layer-1"), (4, "loss"), (5, "gradient"), (6, "update")])
def test_boxes_of_the_picture_lead_to_what_they_stand_for(open_page, record, script, place, shown):
    """A touch unfolds the section and brings it into view, with a script and without."""
    tab = open_page(step_page(record), script=script, width=400)
    click(tab, f".picture li:nth-child({place + 1}) a")
    tab.ask("1")

    assert tab.ask("location.hash") == f"#{shown}"
    assert tab.ask(SEEN)
    assert 0 <= tab.ask("document.querySelector(':target').getBoundingClientRect().top") < 450


def test_a_finding_and_its_line_lead_to_each_other(open_page, marked):
    """From the finding to the line of the loop, and from there back."""
    tab = open_page(step_page(marked), script=False)
    number = next(line.number for line in marked.lines if "loss_of(" in line.text)
    click(tab, "#findings li p a")
    assert tab.ask("location.hash") == f"#line-{number}"
    assert tab.ask(SEEN)
    click(tab, ".lines a.flag")
    assert tab.ask("location.hash") == "#finding-EL01"
    assert tab.ask("document.querySelector(':target').textContent").startswith("error EL01")


def test_all_sections_are_unfolded_by_a_button_and_on_paper(open_page, record):
    """One press unfolds the eight, another folds them; what is printed is whole, also without a script."""
    tab = open_page(step_page(record))
    counts = [tab.ask(FOLDED)]
    tab.ask("document.querySelector('button').focus()")
    for _ in range(2):
        tab.press("Enter")
        counts.append(tab.ask(FOLDED))
    assert counts == [8, 0, 8]

    for script in (True, False):
        paper = open_page(step_page(record), script=script)
        paper.send("Emulation.setEmulatedMedia", media="print")
        assert paper.ask("document.querySelector('#update .worked').getBoundingClientRect().height") > 50
        assert paper.ask("document.querySelector('#update .worked').checkVisibility()")


def test_run_can_be_read_without_scripts(open_page, story):
    """With JavaScript off, every recorded step is listed, and no control is there that does nothing."""
    tab = open_page(run_page(story), script=False)

    assert tab.ask("[...document.querySelectorAll('.recorded')].filter((one) => one.checkVisibility()).length") == 3
    assert tab.ask("document.querySelector('#step').checkVisibility()") is False
