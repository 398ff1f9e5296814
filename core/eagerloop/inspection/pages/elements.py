"""HTML and SVG as values: whatever is not `Markup` is text, and is escaped.

So a part, a column or a class may have any name at all: it can never become a tag, an attribute or a script.
"""

import base64
import hashlib
from html import escape
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

VOID = frozenset({"meta", "input", "br", "img"})
"""Elements without an end."""

RULES = "default-src 'none'; style-src {style}; script-src {script}; img-src data:; base-uri 'none'; form-action 'none'"
"""The Content Security Policy of a page: it may use the style, the script and the pictures that it holds, and load nothing."""


class Markup(str):
    """HTML that is finished: it is not escaped again."""

    __slots__ = ()


def element(name: str, /, *children: Any, **attributes: Any) -> Markup:
    """One element with what is in it.

    Args:
        name: `p`, `table` and so on.
        *children: Markup as it is, anything else as text; None is left out, lists are taken apart.
        **attributes: `class_` is `class`, `aria_label` is `aria-label`. True stands alone, None and False are left out.

    Returns:
        The element.

    Example:
        >>> print(element("p", "1 < 2", element("b", "!"), class_="note", hidden=True, id=None))
        <p class="note" hidden>1 &lt; 2<b>!</b></p>
    """
    words = [name]
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(attribute)
        elif value is not None and value is not False:
            words.append(f'{attribute}="{escape(str(value))}"')
    inside = joined(*children)
    return Markup(f"<{' '.join(words)}>{inside}" + ("" if name in VOID else f"</{name}>"))


def joined(*children: Any, between: str = "") -> Markup:
    """Several pieces one after the other.

    Example:
        >>> print(joined("a&b", [element("br"), None], 3))
        a&amp;b<br>3
    """
    return Markup(between.join(_piece(child) for child in children if child is not None))


def _piece(child: Any) -> str:
    if isinstance(child, Markup):
        return child
    return joined(*child) if isinstance(child, (list, tuple)) else escape(str(child))


def table(head: Any, rows: Any, *, caption: Any = None, class_: str | None = None) -> Markup:
    """A table whose first column names its rows; it can be scrolled by itself where it is wider than the page.

    Args:
        head: The texts of the first row.
        rows: Lists of cells.
        caption: What the table shows.
        class_: Its class in the style.
    """
    top = element("tr", [element("th", cell, scope="col") for cell in head])
    body = [element("tr", element("th", first, scope="row"), [element("td", cell) for cell in rest]) for first, *rest in rows]
    inside = element(
        "table",
        caption and element("caption", element("span", caption)),
        element("thead", top),
        element("tbody", body),
        class_=class_,
    )
    return element("div", inside, class_="scroll")


def bar(share: float, start: float = 0.0) -> Markup:
    """A bar of that share of the room; the number stands beside it, so it need not be read aloud.

    Args:
        share: Its length, from 0 to 1.
        start: Where it begins, from 0 to 1.
    """
    drawn = element("rect", x=f"{100 * start:.3g}" if start else None, width=f"{100 * share:.3g}", height=4)
    return element("svg", drawn, class_="share", viewBox="0 0 100 4", preserveAspectRatio="none", aria_hidden="true")


def document(title: str, body: Markup, script: str) -> str:
    """A whole page, which needs nothing but itself.

    Args:
        title: What the window is called.
        body: What is in it.
        script: The name of its script beside this module, which follows `page.js`; the page can be read without them.

    Returns:
        HTML. Its policy names the style and the script by their digests, so that nothing else runs.
    """
    style, code = (
        (HERE / "page.css").read_text("utf-8"),
        "".join((HERE / name).read_text("utf-8") for name in ("page.js", script)),
    )
    policy = RULES.format(style=_digest(style), script=_digest(code))
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Markup(style)),
    ]
    return "<!doctype html>\n" + element(
        "html", element("head", head), "\n", element("body", body, element("script", Markup(code))), "\n", lang="en"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
