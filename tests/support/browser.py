"""A real browser for tests: headless Chromium, driven over its DevTools protocol."""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.support.waiting import eventually

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


class Page:
    """One tab. What a person does: open, look, type, press."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self.call("Page.enable")
        self.call("Runtime.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; what happens meanwhile is left aside."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=120))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def text(self) -> str:
        """What a reader sees."""
        return str(self.run("document.body ? document.body.innerText : ''"))

    def see(self, *words: str, patience: float = 120.0) -> None:
        """Wait until all these words can be read."""
        try:
            eventually(lambda: all(word in self.text() for word in words), patience=patience, what=f"{words}")
        except AssertionError:
            raise AssertionError(f"{words} cannot be read in: {self.text()[:3000]}") from None

    def focus(self, selector: str, *, patience: float = 120.0) -> None:
        """Wait for an element and put the cursor into it."""
        found = f"(e => e ? (e.scrollIntoView({{block: 'center'}}), e.focus(), true) : false)({selector})"
        eventually(lambda: self.run(found), patience=patience, what=selector)

    def type(self, text: str) -> None:
        """Type where the cursor is, in place of what is there."""
        select = {"type": "keyDown", "key": "a", "code": "KeyA", "modifiers": 2, "commands": ["selectAll"]}
        self.call("Input.dispatchKeyEvent", **select)
        self.call("Input.insertText", text=text)

    def press(self, selector: str, *, patience: float = 120.0) -> None:
        """Wait for an element that can be pressed, and press it with the mouse."""
        place = (
            f"(e => {{ if (!e || e.disabled) return null; e.scrollIntoView({{block: 'center'}});"
            f" const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})({selector})"
        )
        x, y = eventually(lambda: self.run(place), patience=patience, what=selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, path: Path) -> Path:
        """A screenshot as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return path


@contextmanager
def browser(*, width: int = 1400, height: int = 1000) -> Generator[Page, None, None]:
    """A Chromium with one tab. A machine without one fails the test: it has to be installed."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    assert program, "Chromium is not installed"
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        options = (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--remote-debugging-port=0", f"--user-data-dir={profile}", f"--window-size={width},{height}",
        )  # fmt: skip
        process = subprocess.Popen(
            [program, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            port = eventually(lambda: _port(Path(profile)), what="the start of the browser")
            tabs = eventually(lambda: _tabs(port), what="the first tab")
            with connect(tabs[0]["webSocketDebuggerUrl"], max_size=None) as connection:
                yield Page(connection)
        finally:
            process.terminate()
            process.wait(30)
            time.sleep(0.1)


def _port(profile: Path) -> int | None:
    file = profile / "DevToolsActivePort"
    return int(file.read_text().split()[0]) if file.exists() and file.read_text().strip() else None


def _tabs(port: int) -> list[dict[str, Any]]:
    try:
        tabs = httpx.get(f"http://127.0.0.1:{port}/json/list", trust_env=False).json()
    except httpx.HTTPError:
        return []
    return [tab for tab in tabs if tab["type"] == "page"]
