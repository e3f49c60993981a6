"""Is this installation sound? One line per check, with the fix where it is not."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from linklake.config import Settings
from schemas.errors import LinklakeError
from schemas.identity import psl_version
from schemas.lake import CODE_VERSION, Lake

OURS: Final = ("linklake", "schemas", "crawlers", "transforms")
_LEAST_FREE_BYTES: Final = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is sound, and what to say of it."""

    name: str
    is_sound: bool
    detail: str


def doctor(settings: Settings) -> Iterator[Check]:
    """Look at everything, one check after the other."""
    for name, look in _CHECKS:
        try:
            is_sound, detail = look(settings)
        except LinklakeError as error:
            is_sound, detail = False, str(error)
        yield Check(name, is_sound, detail)


def _python(_: Settings) -> tuple[bool, str]:
    found = ".".join(map(str, sys.version_info[:3]))
    return (3, 11) <= sys.version_info[:2] < (3, 14), f"{found} (3.11 to 3.13 are supported)"


def _linklake(_: Settings) -> tuple[bool, str]:
    return True, f"{CODE_VERSION}, public suffix list {psl_version()}"


def _packages(_: Settings) -> tuple[bool, str]:
    """ADR 0001: our top-level names are generic, so no other distribution may ship them."""
    shipped = packages_distributions()
    foreign = {n: sorted(set(shipped.get(n, ())) - {"linklake"}) for n in OURS}
    clashes = [f"{name} comes from {', '.join(others)} too" for name, others in foreign.items() if others]
    if clashes:
        return False, "; ".join(clashes) + ": give linklake an environment of its own"
    return True, "no other distribution ships " + ", ".join(OURS)


def _versions(_: Settings) -> tuple[bool, str]:
    wanted = {"duckdb": "1.5."}
    found = {name: distribution(name).version for name in wanted}
    wrong = [n for n, v in found.items() if not v.startswith(wanted[n])]
    said = ", ".join(f"{n} {v}" for n, v in found.items())
    return not wrong, said if not wrong else f"{said}: reinstall linklake (2.x writes files that 1.x cannot open)"


def _kernels(_: Settings) -> tuple[bool, str]:
    """Numba keeps compiled code beside ours or in the home folder; it gives up where it may write neither."""
    try:
        import_module("linklake.pipeline")
    except RuntimeError as error:
        return False, f"{error}: set NUMBA_CACHE_DIR to a folder that can be written"
    return True, "compiled code can be kept"


def _lake(settings: Settings) -> tuple[bool, str]:
    root = settings.folder("lake")
    nearest = _nearest(root)
    if not nearest.is_dir():
        return False, f"{nearest} is a file: choose another lake"
    if (root / "_lake.json").exists():
        lake = Lake.open(root)
        snapshot = lake.snapshot()
        damaged = sum(1 for p in snapshot.partitions.values() if lake.damage(p, quick=True))
        if damaged:
            return False, f"{root}, version {snapshot.number}: {damaged} partitions are damaged, see linklake verify"
        return True, f"{root}, version {snapshot.number}"
    if root.exists() and any(root.iterdir()):
        return False, f"{root} is not empty and no lake: choose another folder"
    return True, f"none yet at {root}: linklake crawl, ingest or import-graph make it"


def _disk(settings: Settings) -> tuple[bool, str]:
    """Room enough, and a file system with hard links: a commit is one (schemas/lake)."""
    nearest = _nearest(settings.folder("lake"))
    place = nearest if nearest.is_dir() else nearest.parent
    try:
        with TemporaryDirectory(dir=place, prefix=".linklake-doctor-") as folder:
            (Path(folder) / "file").touch()
            os.link(Path(folder) / "file", Path(folder) / "link")
    except OSError as error:
        return False, f"{place} cannot be written with hard links ({error.strerror}): choose another lake"
    free = shutil.disk_usage(place).free
    return free >= _LEAST_FREE_BYTES, f"{free / 2**30:.1f} GiB free at {place} (2 are wanted at least)"


def _nearest(path: Path) -> Path:
    """The path itself or the first folder above it that exists."""
    whole = path.absolute()
    return next(p for p in (whole, *whole.parents) if p.exists())


def _contact(settings: Settings) -> tuple[bool, str]:
    contact = settings.text("contact")
    return True, contact or "not set: linklake crawl needs one (set contact in linklake.toml)"


_CHECKS: Final[tuple[tuple[str, Callable[[Settings], tuple[bool, str]]], ...]] = (
    ("python", _python),
    ("linklake", _linklake),
    ("packages", _packages),
    ("versions", _versions),
    ("kernels", _kernels),
    ("lake", _lake),
    ("disk", _disk),
    ("contact", _contact),
)
