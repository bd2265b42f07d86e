"""A Chromium to look at pages with: started once for many of them, spoken to over a pipe, and with no way to a network.

It draws as our PNGs are drawn, with letters that are not moved to whole pixels. What a test reads there is what a
reader sees, after scripts, styles and the keys that were pressed.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, final

PROGRAM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""Where it is, if it is here."""

_OPTIONS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--force-color-profile=srgb",
    # Whoever asks for anything but a file gets no answer.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--remote-debugging-pipe",
)

_PATIENCE: Final = 60.0
"""So many seconds are waited for an answer, before something must be wrong."""

_KEYS: Final = {"Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, ""), "ArrowDown": (40, ""), "ArrowRight": (39, "")}
"""The number and the text of the keys that are more than the character they write."""

_PART: Final = ("x", "y", "width", "height")


class BrowserError(Exception):
    """The browser refused what it was told, or a page threw something."""


@final
class Browser:
    """A running browser. Each of its pages is a new one, and knows nothing of the others."""

    def __init__(self, folder: Path) -> None:
        """Starts one, whose files are all in a folder."""
        assert PROGRAM is not None
        self._number = 0
        self._unread = b""
        self.events: list[dict[str, Any]] = []
        """What was told without being asked for."""

        to_it, from_us = os.pipe()
        from_it, to_us = os.pipe()
        # It reads from the descriptor 3 and writes to 4, whatever numbers ours have here.
        command = f'exec "$@" 3<&{to_it} 4>&{to_us}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, "browser", PROGRAM, *_OPTIONS, f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(to_it, to_us),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_it)
        os.close(to_us)
        self._from_us, self._from_it = from_us, from_it

    def tell(self, method: str, channel: str | None = None, **said: Any) -> Any:
        """The answer to a command of the Chrome DevTools Protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": said}
        if channel is not None:
            message["sessionId"] = channel
        left = memoryview(json.dumps(message).encode() + b"\0")
        while left:
            left = left[os.write(self._from_us, left) :]
        for answer in self._answers():
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)
        raise BrowserError(f"{method}: the browser has ended")

    def _answers(self) -> Iterator[dict[str, Any]]:
        end = time.monotonic() + _PATIENCE
        while True:
            line, mark, rest = self._unread.partition(b"\0")
            if mark:
                self._unread = rest
                yield json.loads(line)
                continue
            if not select.select([self._from_it], [], [], max(end - time.monotonic(), 0))[0]:
                raise BrowserError(f"the browser has said nothing for {_PATIENCE:g} seconds")
            more = os.read(self._from_it, 1 << 20)
            if not more:
                return
            self._unread += more

    @contextmanager
    def page(self, file: Path, width: int, height: int, *, dark: bool = False) -> Iterator[Page]:
        """A page that shows a file, in a window of a size."""
        # In a window of its own: one that lies behind others is not drawn.
        target = self.tell("Target.createTarget", url="about:blank", newWindow=True)["targetId"]
        channel = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        try:
            yield Page(self, channel, file, (width, height), dark)
        finally:
            self.tell("Target.closeTarget", targetId=target)

    def end(self) -> None:
        with suppress(BrowserError, OSError):
            self.tell("Browser.close")
        for each in (self._from_us, self._from_it):
            os.close(each)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@final
class Page:
    def __init__(self, browser: Browser, channel: str, file: Path, size: tuple[int, int], dark: bool) -> None:
        self._browser, self._channel = browser, channel
        self._first_event = len(browser.events)
        self.turn(dark=dark)
        self._tell("Emulation.setFocusEmulationEnabled", enabled=True)
        self._tell("Page.enable")
        self._tell("Runtime.enable")
        self._tell("Log.enable")
        self._tell("Network.enable")
        self.resize(*size)
        self._tell("Page.navigate", url=file.as_uri())
        # The fonts that a page brings along are there before anything is looked at.
        self.run(
            "document.readyState === 'complete' || new Promise((done) => addEventListener('load', done))"
            ".then(() => document.fonts.ready)",
            within=file.as_uri(),
        )

    def _tell(self, method: str, **said: Any) -> Any:
        return self._browser.tell(method, self._channel, **said)

    def turn(self, *, dark: bool, medium: str = "") -> None:
        """Makes the page one for a reader who prefers light or dark ones, on a screen or another medium."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._tell("Emulation.setEmulatedMedia", media=medium, features=[scheme])

    def resize(self, width: int, height: int, scale: int = 1) -> None:
        """Gives the window a size, with so many pixels of the screen for each of the page."""
        said = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self._tell("Emulation.setDeviceMetricsOverride", **said)

    def run(self, script: str, within: str | None = None) -> Any:
        """The value of an expression of JavaScript; a promise is waited for."""
        if within is not None:
            self._wait_for(within)
        said = self._tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            details = said["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details["text"]))
        return said["result"].get("value")

    def _wait_for(self, address: str) -> None:
        end = time.monotonic() + _PATIENCE
        while self._tell("Runtime.evaluate", expression="location.href")["result"]["value"] != address:
            if time.monotonic() > end:
                raise BrowserError(f"{address} does not load")
            time.sleep(0.01)

    def press(self, key: str) -> None:
        """Presses a key, as a reader would do it: what has the focus gets it."""
        number, text = _KEYS.get(key, (0, key))
        said = {"key": key, "code": key if key in _KEYS else "", "windowsVirtualKeyCode": number}
        self._tell("Input.dispatchKeyEvent", type="keyDown", text=text, **said)
        self._tell("Input.dispatchKeyEvent", type="keyUp", **said)

    def write(self, text: str) -> None:
        self._tell("Input.insertText", text=text)

    def middle(self, selector: str) -> tuple[float, float]:
        """The middle of an element, as a place of the window."""
        script = "(({x, y, width, height}) => [x + width / 2, y + height / 2])"
        x, y = self.run(f"{script}(document.querySelector({selector!r}).getBoundingClientRect())")
        return x, y

    def point(self, x: float, y: float, *, click: bool = False) -> None:
        """Moves the mouse to a place of the window, and clicks there."""
        self._tell("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased") if click else ():
            self._tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, part: Mapping[str, float] | None = None) -> bytes:
        """The window as PNG, or a part of it: an `x`, a `y`, a `width` and a `height`."""
        clip = {} if part is None else {"clip": {**{name: part[name] for name in _PART}, "scale": 1}}
        return b64decode(self._tell("Page.captureScreenshot", format="png", **clip)["data"])

    @property
    def complaints(self) -> Sequence[str]:
        """What the page has thrown, and what the browser has to say against it."""
        found = []
        for method, said in self._heard():
            if method == "Runtime.exceptionThrown":
                details = said["exceptionDetails"]
                found.append(details.get("exception", {}).get("description", details["text"]))
            elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
                found.append(said["entry"]["text"])
            elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
                found.append(str(said["args"]))
        return found

    @property
    def requests(self) -> Sequence[str]:
        """The addresses of all that was asked for, and not only of what there was an answer to."""
        return [said["request"]["url"] for method, said in self._heard() if method == "Network.requestWillBeSent"]

    def _heard(self) -> Iterator[tuple[str, Any]]:
        self.run("0")  # What was told before this answer has come.
        for event in self._browser.events[self._first_event :]:
            if event.get("sessionId") == self._channel:
                yield event["method"], event["params"]
