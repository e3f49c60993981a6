"""The report in a real Chromium: wide and narrow, light and dark, it asks for nothing, complains of nothing, and is
sound for keyboards and screen readers."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from linklake.report.door import Request, report, text_of
from schemas.lake import Lake
from tests.chromium import PROGRAM, Chromium, Opened
from tests.conftest import REPOSITORY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no chromium here: apt-get install chromium"),
]

AXE: Final = REPOSITORY / ".axe" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS: Final = REPOSITORY / ".screenshots"
LOOKS: Final = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
SERIOUS: Final = ("serious", "critical")


@pytest.fixture(scope="module")
def pages(built_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The reports of the built-in web: of the index, and of a shop that a farm lifts."""
    return written(built_lake, tmp_path_factory.mktemp("pages"), {"index": None, "domain": "silverquay.test"})


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def written(lake: Path, folder: Path, domains: dict[str, str | None]) -> dict[str, Path]:
    found = {}
    for name, domain in domains.items():
        request = Request(domain, "html", folder / f"{name}.html", force=False)
        measured, path, _ = report(Lake.open(lake), request, memory="1GB", threads=1)
        assert path
        path.write_text(text_of(measured, "html"), encoding="utf-8")
        found[name] = path
    return found


def check_quiet(browser: Chromium, path: Path, name: str, *, width: int, scheme: str) -> Opened:
    """Open a page, keep a picture of all of it, and see that it needs and says nothing."""
    opened = browser.open(path, width=width, scheme=scheme)
    SHOTS.mkdir(exist_ok=True)
    height = browser.value("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    taken = browser.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    (SHOTS / f"report-{name}-{width}-{scheme}.png").write_bytes(base64.b64decode(taken["data"]))
    assert opened.requests == (path.as_uri(),)
    assert opened.complaints == ()
    assert opened.width == width  # nothing has to be scrolled sideways
    assert browser.recorder.called_for_a_page() == []
    return opened


@pytest.mark.parametrize("which", ["index", "domain"])
def test_it_asks_for_nothing_and_complains_of_nothing(which: str, pages: dict[str, Path], browser: Chromium) -> None:
    for width, scheme in LOOKS:
        opened = check_quiet(browser, pages[which], which, width=width, scheme=scheme)
        assert "Suspected farm 1" in opened.text
        assert "Data as of" in opened.text
    grounds = {scheme: _background(browser, pages[which], scheme) for scheme in ("light", "dark")}
    assert grounds["light"] != grounds["dark"]


def _background(browser: Chromium, path: Path, scheme: str) -> Any:
    browser.open(path, scheme=scheme)
    return browser.value("getComputedStyle(document.body).backgroundColor")


@pytest.mark.skipif(not AXE.exists(), reason="no axe-core here: make axe")
@pytest.mark.parametrize("which", ["index", "domain"])
def test_axe_finds_no_serious_violation(which: str, pages: dict[str, Path], browser: Chromium) -> None:
    axe = AXE.read_text(encoding="utf-8")
    for width, scheme in LOOKS:
        browser.open(pages[which], width=width, scheme=scheme)
        browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
        browser.value(f"{axe}; 0")
        found = json.loads(
            browser.value("axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r))")
        )
        assert len(found["passes"]) > 20
        serious = [
            (v["id"], v["help"], [n["target"] for n in v["nodes"]][:3])
            for v in found["violations"]
            if v["impact"] in SERIOUS
        ]
        assert serious == [], f"{which} at {width} px, {scheme}"


def test_a_keyboard_reaches_the_content_the_sections_and_every_table_and_sql(
    pages: dict[str, Path], browser: Chromium
) -> None:
    browser.open(pages["index"])
    reached = []
    for _ in range(80):
        for kind in ("keyDown", "keyUp"):
            browser.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.append(browser.value("(e => e.tagName + ' ' + (e.getAttribute('href') || ''))(document.activeElement)"))
    assert reached[0] == "A #content"
    assert reached[1:3] == ["A #authority", "A #links"]
    tables, sql = (browser.value(f"document.querySelectorAll('{of}').length") for of in (".scroll", "summary"))
    assert reached.count("DIV ") >= tables > 8
    assert reached.count("SUMMARY ") >= sql > 10


def test_the_sql_is_one_click_away(pages: dict[str, Path], browser: Chromium) -> None:
    browser.open(pages["index"])
    sql = "document.querySelector('#top-domains pre')"
    assert browser.value(f"{sql}.checkVisibility()") is False
    browser.value("document.querySelector('#top-domains summary').click()")
    assert browser.value(f"{sql}.checkVisibility()") is True
    assert str(browser.value(f"{sql}.innerText")).startswith("-- one row per domain")
