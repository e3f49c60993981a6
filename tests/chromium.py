"""A real Chromium for tests: opens pages through its debugging pipe, and cannot reach anything but a recorder."""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

PROGRAM: Final = shutil.which("chromium")
_PATIENCE: Final = 90.0
_ERRAND: Final = re.compile(r"^\w+ (?:http://)?[\w.-]+\.(?:google|googleapis|gvt1)\.com[:/]")
_QUIET: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps",
    "--disable-domain-reliability", "--disable-breakpad", "--disable-dev-shm-usage", "--metrics-recording-only",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
    "--remote-debugging-pipe", "--hide-scrollbars", "--proxy-bypass-list=<-loopback>",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """What a page did when it was opened: the URLs it asked for, what it complained of, and its text."""

    requests: tuple[str, ...]
    complaints: tuple[str, ...]
    text: str
    width: int
    """Pixels that the content needs."""


class Recorder:
    """A proxy on loopback that notes who is called for, and answers nothing.

    The browser's own errands (the time, its maker's accounts) end here too, whatever switches it is given.
    """

    def __init__(self) -> None:
        self.called: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def called_for_a_page(self) -> list[str]:
        """What was called for beside the browser's own errands."""
        return [line for line in self.called if line and not _ERRAND.search(line)]

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    self.called.append(connection.recv(200).split(b"\r\n")[0].decode("latin-1"))
                except OSError:
                    self.called.append("a connection without a word")


class Chromium:
    """One browser with one page; everything it asks the network for goes to the recorder."""

    def __init__(self, profile: Path) -> None:
        assert PROGRAM
        self.recorder = Recorder()
        asked, told = os.pipe(), os.pipe()  # it reads descriptor 3 and writes descriptor 4

        def place_pipes() -> None:
            # Both are moved out of the way first: either may itself be 3 or 4.
            reading, writing = os.dup(asked[0]), os.dup(told[1])
            high = [os.dup2(reading, 103), os.dup2(writing, 104)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        words = [PROGRAM, *_QUIET, f"--proxy-server=http://{self.recorder.address}", f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            [*words, "about:blank"],
            preexec_fn=place_pipes,
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(asked[0])
        os.close(told[1])
        self._to, self._from = asked[1], told[0]
        os.set_blocking(self._from, False)
        self._heard, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        page = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self.recorder.close()

    def open(
        self,
        path: Path,
        *,
        width: int = 1280,
        scheme: str = "light",
        shot: Path | None = None,
        settle: float = 0.5,
    ) -> Opened:
        """Open a file in a window that wide, wait until it is loaded, and say what it did.

        ``settle``: seconds for what a script or a style would ask for after loading.
        """
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.ask("Page.navigate", url=path.as_uri())
        self._wait_for("Page.loadEventFired")
        time.sleep(settle)
        text, needed = (self.value(of) for of in ("document.body.innerText", "document.documentElement.scrollWidth"))
        if shot:
            taken = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
            shot.write_bytes(base64.b64decode(taken["data"]))
        return Opened(tuple(self._requests()), tuple(self._complaints()), str(text), int(needed))

    def seconds_to_open(self, path: Path) -> float:
        """How long a page takes until its first frame is drawn."""
        started = time.monotonic()
        self.open(path, settle=0.0)
        self.value("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(0))))")
        return time.monotonic() - started

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol; its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])
        raise TimeoutError(f"Chromium did not answer {method}")

    def value(self, expression: str) -> Any:
        """What an expression gives in the page, a promise what it is kept with; it may be one that the page forbids."""
        done = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(json.dumps(done["exceptionDetails"])[:2000])
        return done["result"].get("value")

    def _wait_for(self, event: str) -> None:
        if any(e["method"] == event for e in self.events):
            return
        for message in self._messages():
            if message.get("method") == event:
                return
        raise TimeoutError(f"Chromium never said {event}")

    def _messages(self) -> Iterator[Mapping[str, Any]]:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            while b"\0" in self._heard:
                first, _, self._heard = self._heard.partition(b"\0")
                message = json.loads(first)
                if "method" in message:
                    self.events.append(message)
                yield message
            try:
                heard = os.read(self._from, 1 << 20)
            except BlockingIOError:
                time.sleep(0.01)
                continue
            if not heard:
                raise RuntimeError("Chromium has ended")
            self._heard += heard

    def _requests(self) -> Iterator[str]:
        for event in self.events:
            if event["method"] == "Network.requestWillBeSent":
                yield event["params"]["request"]["url"]

    def _complaints(self) -> Iterator[str]:
        for event in self.events:
            if event["method"] == "Log.entryAdded":
                yield event["params"]["entry"]["text"]
            elif event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                yield json.dumps(event["params"])
