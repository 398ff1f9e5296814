"""A headless Chromium for the session, spoken to over a pipe, and a real run to draw.

The pipe is Chromium's own DevTools protocol: JSON between two file descriptors. That needs no package, no port and no driver.
"""

import fcntl
import json
import os
import select
import shutil
import time
from html.parser import HTMLParser

import pytest

import eagerloop
from eagerloop.inspection.step_record import read_step

NEEDED = "EAGERLOOP_NEEDS_CHROMIUM"
"""Set by `.ci/run`: there, a browser that is missing is a fault."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
SECONDS = 60

KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36}
KEYS |= {f"Arrow{name}": number for number, name in enumerate(("Left", "Up", "Right", "Down"), 37)}
"""Keys by name, with the numbers that Windows gives them: Chromium goes by these."""


class Browser:
    """Chromium with its own empty profile."""

    def __init__(self, program, profile):
        theirs, self._write = os.pipe()
        self._read, ours = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs, ours)]  # away from 3 and 4
        nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        pipes = [(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(ends, 3)]  # where Chromium looks for them
        words = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = os.posix_spawn(program, words, os.environ, file_actions=[*nowhere, *pipes])
        for end in (theirs, ours, *ends):
            os.close(end)
        self._rest, self._number, self.events = b"", 0, []

    def send(self, method, session=None, **parameters):
        """Asks for something and waits for the answer; events that come meanwhile are kept."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self._write, json.dumps(asked).encode() + b"\0")
        while True:
            message = self._next(time.monotonic() + SECONDS)
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def wait_for(self, method, session):
        """The next event of that name."""
        end = time.monotonic() + SECONDS
        while True:
            for event in self.events:
                if (event.get("method"), event.get("sessionId")) == (method, session):
                    self.events.remove(event)
                    return event
            self.events.append(self._next(end))

    def _next(self, end):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            assert ready, "Chromium does not answer"
            piece = os.read(self._read, 1 << 20)
            assert piece, "Chromium has ended"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def close(self):
        """Ends the browser."""
        self.send("Browser.close")
        os.waitpid(self._process, 0)
        os.close(self._write)
        os.close(self._read)


class Tab:
    """One page in the browser, opened from disk with the network off."""

    def __init__(self, browser, path, *, dark=False, width=1280, script=True):
        self.browser = browser
        self.target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.send("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
        # With reduced motion, scrolling takes no time.
        media = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        self.send("Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in media.items()])
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)
        if not script:
            self.send("Emulation.setScriptExecutionDisabled", value=True)
        self.send("Page.navigate", url=path.resolve().as_uri())
        browser.wait_for("Page.loadEventFired", self.session)

    def send(self, method, **parameters):
        """A command to this page."""
        return self.browser.send(method, self.session, **parameters)

    def ask(self, expression):
        """The value of a JavaScript expression; it is not part of the page, whose policy does not concern it."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, *, shift=False):
        """One key, down and up."""
        known = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key], "modifiers": 8 if shift else 0}
        text = {"text": "\r"} if key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **known, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **known)

    def said(self):
        """What the page has written to the console, its faults included."""
        named = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event for event in self._events() if event["method"] in named]

    def requests(self):
        """Every address that was asked for."""
        return [event["params"]["request"]["url"] for event in self._events() if event["method"] == "Network.requestWillBeSent"]

    def _events(self):
        self.ask("1")  # what was under way has come
        return [event for event in self.browser.events if event.get("sessionId") == self.session]

    def close(self):
        """Ends the page."""
        self.browser.send("Target.closeTarget", targetId=self.target)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """One Chromium for all tests."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get(NEEDED):
            pytest.fail("Chromium is missing, and this run needs it; install it with 'apt-get install chromium'")
        pytest.skip("Chromium is not installed; 'apt-get install chromium' brings it")
    made = Browser(program, tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Opens HTML as a file; see `Tab` for the keywords."""
    opened = []

    def opener(html, **keywords):
        path = tmp_path / f"page{len(opened)}.html"
        path.write_text(html, encoding="utf-8")
        opened.append(Tab(browser, path, **keywords))
        return opened[-1]

    yield opener
    for tab in opened:
        tab.close()


@pytest.fixture(scope="session")
def watched(tmp_path_factory):
    """The directory of the guide's run, two epochs, whose first and twelfth steps were recorded, and the twenty-fourth."""
    directory = tmp_path_factory.mktemp("runs") / "watched"
    watch = eagerloop.use("watch", every=12)
    eagerloop.train(epochs=2, seed=42, observers=[watch], directory=directory)
    return directory


@pytest.fixture(scope="session")
def record(watched):
    """The first step of that run."""
    return read_step(watched / "records" / "step-00000001.json")


class Page(HTMLParser):
    """A page taken apart: its elements with their attributes, its ids, and its text; nothing is run."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self._inside = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self):
        """All that can be read, words parted by single blanks."""
        return " ".join(" ".join(self.texts).split())

    def tags(self, name):
        """The attributes of every element of that name."""
        return [attributes for tag, attributes in self.elements if tag == name]

    def having(self, attribute):
        """The values of an attribute wherever it stands."""
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


@pytest.fixture(scope="session")
def parsed():
    """Takes HTML apart; see `Page`."""
    return Page
