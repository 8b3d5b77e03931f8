"""A headless Chromium, spoken to through its own pipe (DevTools protocol): no port, no driver, no network."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# The browser reads commands from descriptor 3 and answers on 4.
_START = """
import os, sys
os.dup2(0, 3), os.dup2(1, 4)
nothing = os.open(os.devnull, os.O_RDWR)
os.dup2(nothing, 0), os.dup2(nothing, 1)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Browser:
    def __init__(self, program: str, home: Path) -> None:
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, program, *options, f"--user-data-dir={home}"],
            stdin=to_browser,
            stdout=from_browser,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(home)},
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._number = 0

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._send("Browser.close", {}, None)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)

    def open(self, page: Path, *, width: int = 1200, height: int = 900, dark: bool = False) -> "Tab":
        """Loads a local file, and waits until everything in it is loaded."""
        return Tab(self, page, width, height, dark)

    def call(
        self, method: str, parameters: dict[str, Any], session: str | None, events: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """The answer to a command; what else arrives meanwhile is appended to `events`."""
        number = self._send(method, parameters, session)
        while True:
            message = self.receive()
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            events.append(message)

    def receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            data = os.read(self._from, 1 << 16)
            assert data, "Chromium has ended"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(line)

    def _send(self, method: str, parameters: dict[str, Any], session: str | None) -> int:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        return self._number


class Tab:
    """A loaded page, and everything that the browser told while it was loaded."""

    def __init__(self, browser: Browser, page: Path, width: int, height: int, dark: bool) -> None:
        self._browser = browser
        self.events: list[dict[str, Any]] = []
        target = browser.call("Target.createTarget", {"url": "about:blank"}, None, self.events)["targetId"]
        attach = {"targetId": target, "flatten": True}
        self._session = browser.call("Target.attachToTarget", attach, None, self.events)["sessionId"]
        for domain in ("Network", "Log", "Runtime", "Page"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self.address = page.absolute().as_uri()
        self.events.clear()
        self._call("Page.navigate", url=self.address)
        while not self.told("Page.loadEventFired"):
            self.events.append(browser.receive())

    @property
    def requests(self) -> Sequence[str]:
        """Every address that was asked for, except what the page carries inside itself."""
        asked = [event["request"]["url"] for event in self.told("Network.requestWillBeSent")]
        return [address for address in asked if not address.startswith("data:")]

    @property
    def complaints(self) -> Sequence[str]:
        """Console messages, errors, and violations of the page's own policy."""
        names = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [json.dumps(event) for name in names for event in self.told(name)]

    def told(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") == method]

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives in the page."""
        return self._call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def screenshot(self, file: Path) -> None:
        import base64

        shot = self._call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        file.write_bytes(base64.b64decode(shot["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, parameters, self._session, self.events)
