"""The doctor looks at everything, says what to do about what is not sound, and exits 1 only then."""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from linklake import doctor
from tests.linklake.calls import call

CHECKS = [name for name, _ in doctor._CHECKS]


def said(lake: Path | str, folder: Path | None = None) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and what is said of each check: (ok or FAIL, detail)."""
    ended = call("doctor", "--lake", lake, folder=folder)
    assert ended.err == ""
    rows = [line.split(maxsplit=2) for line in ended.out.splitlines()]
    return ended.code, {name: (verdict, detail) for verdict, name, detail in rows}


def test_a_sound_installation_passes_every_check(built_lake: Path) -> None:
    code, checks = said(built_lake)
    assert (code, list(checks)) == (0, CHECKS)
    assert {verdict for verdict, _ in checks.values()} == {"ok"}
    assert checks["lake"][1].startswith(f"{built_lake}, version ")


def test_no_lake_yet_is_nothing_wrong_and_none_is_made(tmp_path: Path) -> None:
    code, checks = said(tmp_path / "lake")
    assert code == 0
    assert checks["lake"][1] == f"none yet at {tmp_path / 'lake'}: linklake crawl, ingest or import-graph make it"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("file", "is a file: choose another lake"),
        ("file/lake", "is a file: choose another lake"),
        ("full", "full is not empty and no lake: choose another folder"),
    ],
)
def test_a_place_where_no_lake_can_be_is_no_sound_one(place: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").touch()
    code, checks = said(place, tmp_path)
    assert (code, checks["lake"][0]) == (1, "FAIL")
    assert words in checks["lake"][1]


def test_a_place_that_cannot_be_written_is_no_sound_one() -> None:
    code, checks = said("/proc/lake")
    assert (code, checks["disk"][0]) == (1, "FAIL")
    assert checks["disk"][1].startswith("/proc cannot be written with hard links (")


def test_a_damaged_lake_is_told_in_its_own_words(built_lake: Path, copy_of: Callable[[Path], Path]) -> None:
    lake = copy_of(built_lake)
    (lake / "_log" / "00000000000000000002.json").unlink()
    code, checks = said(lake)
    assert (code, checks["lake"][0]) == (1, "FAIL")
    assert "has no version 2: restore" in checks["lake"][1]


def test_a_package_that_ships_our_names_is_a_clash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shipped() -> Mapping[str, list[str]]:
        return {"schemas": ["linklake", "some-other"], "crawlers": ["linklake"]}

    monkeypatch.setattr(doctor, "packages_distributions", shipped)
    code, checks = said(tmp_path / "lake")
    assert code == 1
    assert checks["packages"] == ("FAIL", "schemas comes from some-other too: give linklake an environment of its own")


def test_a_full_disk_and_another_python_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage._replace(free=10**9))
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    code, checks = said(tmp_path / "lake")
    assert code == 1
    assert checks["disk"] == ("FAIL", f"0.9 GiB free at {tmp_path} (2 are wanted at least)")
    assert checks["python"] == ("FAIL", "3.14.0 (3.11 to 3.13 are supported)")


def test_a_place_without_room_for_compiled_code_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba raises when it is imported by a user who may write neither our folder nor a home: a bare container."""

    def refused(name: str) -> None:
        raise RuntimeError("cannot cache function 'f': no locator available")

    monkeypatch.setattr(doctor, "import_module", refused)
    code, checks = said(tmp_path / "lake")
    assert (code, checks["kernels"][0]) == (1, "FAIL")
    assert "set NUMBA_CACHE_DIR to a folder that can be written" in checks["kernels"][1]


def test_a_missing_contact_is_no_failure_but_is_told(tmp_path: Path) -> None:
    code, checks = said(tmp_path / "lake", tmp_path)
    assert (code, checks["contact"][0]) == (0, "ok")
    assert "linklake crawl needs one" in checks["contact"][1]
